/**
 * S = W + C + M for policies that set C below Workers KV's default of 60 s, with several isolates behind one location. What
 * one isolate reads fills the location's cache for all of them, so a read with too long a `cacheTtl` makes the others late.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_TIMING, stalenessBoundSeconds } from "../../../../shared/timing.ts";
import type { RingTiming } from "../../../../shared/timing.ts";
import { ISSUED_AT, ISSUED_AT_MS as T0, makeRing } from "../../../support/edge-ring.ts";
import type { TestRing } from "../../../support/edge-ring.ts";
import { seconds, signToken, TEST_ISSUER } from "../../../support/key-sets.ts";
import { startIsolate } from "./asking-edge.ts";
import type { AskingEdge } from "./asking-edge.ts";
import { createKvLocation } from "./kv-location.ts";
import type { KvLocation } from "./kv-location.ts";

const WITHDRAWN_AT_MS = T0 + 10_000_000;
const W_MS = DEFAULT_TIMING.kvPropagationSeconds * 1000;

let ring: TestRing;
let token: string;
beforeAll(async () => {
  ring = await makeRing();
  token = await signToken({ iss: TEST_ISSUER, aud: "api", iat: ISSUED_AT + 9000, exp: ISSUED_AT + 12_600 }, ring.key);
});

/** A location whose document withdraws the token's key at {@link WITHDRAWN_AT_MS}; the timing is the same before and after. */
async function locationOf(timing: RingTiming, before?: RingTiming): Promise<KvLocation> {
  const kv = createKvLocation(timing.kvPropagationSeconds);
  const revoked = [{ kid: ring.key.kid, at: seconds(WITHDRAWN_AT_MS / 1000) }];
  if (before !== undefined) kv.write(await ring.publish({ timing: before }), T0 - W_MS);
  kv.write(await ring.publish({ rev: 11, timing }), before === undefined ? T0 - W_MS : T0 + 1_000_000);
  kv.write(await ring.publish({ rev: 12, timing, revoked }), WITHDRAWN_AT_MS);
  return kv;
}

const isolateOf = (kv: KvLocation): AskingEdge => startIsolate(ring, token, kv, () => 0);

/** Seconds from composing the tombstone to the last of these times at which the isolate still let the token pass. */
async function lastPass(isolate: AskingEdge, timesMs: readonly number[]): Promise<number> {
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const nowMs of timesMs) if ((await isolate.ask(nowMs)) === "passes") lastMs = nowMs;
  return (lastMs - WITHDRAWN_AT_MS) / 1000;
}

/** A read at this time, and the last moment at which the copy that it brought is used without another read. */
const readAndLastUse = (readMs: number, memoryTtlSeconds: number): readonly number[] => [
  readMs,
  readMs + memoryTtlSeconds * 1000 - 1,
];

describe.each([
  { C: 30, M: 30 },
  { C: 30, M: 5 },
  { C: 60, M: 30 },
])("with C $C and M $M", ({ C, M }) => {
  const timing: RingTiming = { ...DEFAULT_TIMING, kvCacheTtlSeconds: C, memoryTtlSeconds: M };
  const S = stalenessBoundSeconds(timing);
  const fillMs = WITHDRAWN_AT_MS + W_MS - 50;

  test.each([29_900, 30_100, 59_500])(
    `two new isolates, the second %i ms later, stay within S = ${S} s`,
    async (gap) => {
      const kv = await locationOf(timing);
      expect(await isolateOf(kv).ask(fillMs)).toBe("passes");
      const passed = await lastPass(isolateOf(kv), readAndLastUse(fillMs + gap, M));
      expect(passed).toBeLessThanOrEqual(S);
    },
  );

  test("isolates that wake up after hours, when C was 240 before, stay within S", async () => {
    const kv = await locationOf(timing, { ...timing, kvCacheTtlSeconds: 240 });
    const [first, second] = [isolateOf(kv), isolateOf(kv)];
    for (const idle of [first, second]) await idle.ask(T0);
    await first.ask(fillMs);
    expect(await lastPass(second, readAndLastUse(fillMs + 239_900, M))).toBeLessThanOrEqual(S);
  });

  test("an isolate that comes back within M, again and again, uses all of S", async () => {
    const kv = await locationOf(timing);
    const isolate = isolateOf(kv);
    const everyMs = (M * 1000) / 2 + 100;
    // The first read fills the cache; the refreshes that follow are served from it until C has passed.
    const times = Array.from({ length: 100 }, (_, index) => fillMs + index * everyMs);
    const passed = await lastPass(isolate, times);
    expect(passed).toBeLessThanOrEqual(S);
    expect(passed).toBeGreaterThan(W_MS / 1000 + C - everyMs / 1000);
  });
});
