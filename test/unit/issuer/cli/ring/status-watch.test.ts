/** `sealgate ring status --watch`: a screen that is drawn anew, or a block for each change. */
import { expect, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { jsonObject } from "../../../../support/values.ts";
import { startRipeRing, stopAfter } from "./support.ts";

test("elsewhere than at a terminal: one block for each change, however often it looks", async () => {
  const cli = await startRipeRing();
  const rotate = async (look: number): Promise<void> => {
    if (look === 3) await cli.ring(["rotate"]);
  };
  const run = await cli.ring(["status", "--watch"], stopAfter(cli, 5, rotate));
  expect(run.code).toBe(EXIT.ok);
  const blocks = run.out.split(/^(?=ring main)/m);
  expect(blocks).toHaveLength(2);
  expect(blocks[0]).toMatch(/^1 +active/m);
  expect(blocks[1]).toMatch(/^1 +retiring/m);
  expect(run.out).not.toContain("\u001B");
});

test("as JSON: one line for each change", async () => {
  const cli = await startRipeRing();
  const rotate = async (look: number): Promise<void> => {
    if (look === 2) await cli.ring(["rotate"]);
  };
  const run = await cli.ring(["status", "--watch", "--json", "--interval", "3s"], stopAfter(cli, 4, rotate));
  const lines = run.out.trimEnd().split("\n");
  expect(lines.map((line) => jsonObject(line)["active"])).toEqual([1, 2]);
});

test("at a terminal: the same page, drawn anew each time, with the time line", async () => {
  const cli = await startRipeRing();
  const io = { ...stopAfter(cli, 3), stdoutIsTerminal: true };
  const run = await cli.ring(["status", "--watch", "--interval", "7s"], io);
  const pages = run.out.split("\u001B[H\u001B[2J").slice(1);
  expect(pages).toHaveLength(3);
  for (const page of pages) {
    expect(page).toContain("time line, | is now");
    expect(page).toMatch(/looks again every 7 s; Ctrl-C stops it\n$/);
  }
});

test("a look that fails is reported, and the next one is made", async () => {
  const cli = await startRipeRing();
  cli.kms.emulator.faults.add({ operation: "ListAliases", kind: "access_denied" });
  const heal = (look: number): void => {
    if (look === 1) cli.kms.emulator.faults.clear();
  };
  const run = await cli.ring(["status", "--watch"], stopAfter(cli, 2, heal));
  expect(run).toMatchObject({ code: EXIT.ok, err: expect.stringContaining("kms_access_denied") });
  expect(run.out).toMatch(/^ring main/);
});

test("--interval is for --watch", async () => {
  const cli = await startRipeRing();
  expect(await cli.ring(["status", "--interval", "3s"])).toMatchObject({ code: EXIT.usage });
});
