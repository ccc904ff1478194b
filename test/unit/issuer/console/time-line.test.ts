/** The spans of each generation's life: where they begin and end, past and planned. */
import { describe, expect, test } from "vitest";
import { timeLineOf } from "../../../../issuer/console/time-line.ts";
import type { TimeLine } from "../../../../issuer/console/time-line.ts";
import { startCliRing, startRipeRing } from "../cli/ring/support.ts";
import type { CliRing } from "../cli/ring/support.ts";
import { given } from "../../../support/values.ts";
import { deriveState, planRing } from "../../../../issuer/key-ring/index.ts";

async function lineOf(cli: CliRing): Promise<TimeLine> {
  const [observed, now] = [await cli.observe(), cli.now()];
  return timeLineOf(deriveState(observed, cli.policy, now, undefined), planRing(observed, cli.policy, now).upcoming);
}

function kindsOf({ bars, now }: TimeLine): readonly string[] {
  return bars.map(({ generation, spans }) => {
    const words = spans.map(({ kind, from, until }) => (from <= now && now < until ? `[${kind}]` : kind));
    return `${generation}: ${words.join(" ")}`;
  });
}

describe("the time line", () => {
  test("of a new ring: one key signs, the next one waits until it is safe, and its time is too far ahead to be shown", async () => {
    const cli = await startCliRing();
    await cli.ring(["init"]);
    expect(kindsOf(await lineOf(cli))).toEqual(["1: [signs]", "2: [published]"]);
  });

  test("of a ring at rest, of one that has rotated, and of one with a revoked key", async () => {
    const cli = await startRipeRing({ rotateEverySeconds: 9000 });
    const ripe = await lineOf(cli);
    expect(kindsOf(ripe)).toEqual(["1: [signs]", "2: published [safe] signs"]);
    const [first, second] = ripe.bars;
    expect(given(first?.spans.at(-1)).until).toBe(given(second?.spans.at(-1)).from);
    await cli.ring(["rotate"]);
    expect(kindsOf(await lineOf(cli))).toEqual([
      "1: signs [retiring]",
      "2: published safe [signs]",
      expect.stringMatching(/^3: /),
    ]);
    await cli.ring(["revoke", given((await cli.generation(1)).publicKey).kid, "--yes"]);
    cli.pass(60);
    expect(kindsOf(await lineOf(cli))[0]).toBe("1: gone");
  });

  test("leaves at least a twentieth to what lies behind, and shows all that is near", async () => {
    const { from, until, now } = await lineOf(await startRipeRing({ rotateEverySeconds: 30 * 86_400 }));
    expect((now - from) / (until - from)).toBeCloseTo(1 / 21, 3);
    const young = await startCliRing();
    await young.ring(["init"]);
    young.pass(400);
    await young.ring(["reconcile"]);
    const [, pending] = deriveState(await young.observe(), young.policy, young.now(), undefined).generations;
    expect((await lineOf(young)).until).toBeGreaterThan(given(pending?.ripeAt));
  });

  test("has now inside it, and every span in its order inside it", async () => {
    const { from, until, now, bars } = await lineOf(await startRipeRing());
    expect(from).toBeLessThan(now);
    expect(now).toBeLessThan(until);
    for (const { spans } of bars) {
      const times = spans.flatMap((span) => [span.from, span.until]);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(given(times[0])).toBeGreaterThanOrEqual(from);
      expect(given(times.at(-1))).toBeLessThanOrEqual(until);
    }
  });

  test.each([
    { kind: "unknown", fault: "publish_unreachable", message: "" },
    { kind: "refused", problem: "key_set_wrong_issuer" },
  ] as const)("says nothing of what is published while the key set is $kind", async (document) => {
    const cli = await startRipeRing();
    const seen = kindsOf(await lineOf(cli));
    const observed = { ...(await cli.observe()), document };
    const state = deriveState(observed, cli.policy, cli.now(), undefined);
    const line = timeLineOf(state, planRing(observed, cli.policy, cli.now()).upcoming);
    expect(seen).toEqual(["1: [signs]", expect.stringMatching(/^2: published \[safe\]/)]);
    expect(kindsOf(line)).toEqual(["1: [signs]", "2: "]);
    expect(line.bars[0]?.spans[0]?.from).toBe(observed.active?.updatedAt);
  });

  test("of a ring that does not exist has no bar", async () => {
    expect((await lineOf(await startCliRing())).bars).toEqual([]);
  });
});
