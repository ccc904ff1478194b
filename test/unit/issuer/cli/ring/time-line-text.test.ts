/** The time line on a terminal, and nothing of it where the output is piped. */
import { expect, test } from "vitest";
import { renderTimeLine } from "../../../../../issuer/cli/ring/time-line-text.ts";
import { startRipeRing } from "./support.ts";

const LINE = {
  from: 1_800_000_000,
  until: 1_800_000_600,
  now: 1_800_000_300,
  bars: [
    { generation: 1, spans: [{ kind: "signs", from: 1_800_000_000, until: 1_800_000_600 }] },
    { generation: 12, spans: [{ kind: "published", from: 1_800_000_450, until: 1_800_000_600 }] },
  ],
} as const;

test("has a letter for each part of a life, with now in its place and a legend", () => {
  const lines = renderTimeLine(LINE, (_style, text) => text).split("\n");
  expect(lines.slice(2)).toEqual([
    `  1  ${"S".repeat(30)}|${"S".repeat(29)}`,
    ` 12  ${" ".repeat(30)}|${" ".repeat(14)}${"p".repeat(15)}`,
    `     2027-01-15T08:00:00Z${" ".repeat(20)}2027-01-15T08:10:00Z`,
    "     S signs, p published, not safe to sign yet",
    "",
  ]);
  expect(renderTimeLine({ ...LINE, bars: [] }, (_style, text) => text)).toBe("");
});

test("is part of ring status on a terminal only, coloured unless NO_COLOR is set", async () => {
  const cli = await startRipeRing();
  const piped = await cli.ring(["status"]);
  expect(piped.out).not.toContain("time line");
  const shown = await cli.ring(["status"], { stdoutIsTerminal: true });
  expect(shown.out).toContain(`${piped.out}\ntime line, | is now\n`);
  expect(shown.out).toContain("\u001b[32mS\u001b[39m");
  const plain = await cli.ring(["status"], { stdoutIsTerminal: true, env: { ...cli.env, NO_COLOR: "1" } });
  expect(plain.out).toContain("time line");
  expect(plain.out).not.toContain("\u001b");
});
