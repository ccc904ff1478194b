/**
 * The two numbers that users ask for, measured on the real ladder and compared with the formulas of shared/timing.ts: how
 * long a withdrawn key may still verify while KV answers (S), and how long the door stays open when KV does not. KV is as
 * slow as the formulas allow, requests come at the worst moments, the clock is the test's.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_TIMING, outageSurvivedSeconds, stalenessBoundSeconds } from "../../../../shared/timing.ts";
import { ISSUED_AT, ISSUED_AT_MS as T0, makeRing } from "../../../support/edge-ring.ts";
import type { TestRing } from "../../../support/edge-ring.ts";
import { seconds, signToken, TEST_ISSUER } from "../../../support/key-sets.ts";
import { startIsolate } from "./asking-edge.ts";
import type { AskingEdge } from "./asking-edge.ts";
import { createKvLocation } from "./kv-location.ts";
import type { KvLocation } from "./kv-location.ts";

const { kvPropagationSeconds: W, kvCacheTtlSeconds: C, memoryTtlSeconds: M } = DEFAULT_TIMING;
const S = stalenessBoundSeconds(DEFAULT_TIMING);
/** The clocks of these tests agree, and are at whole seconds: an edge has K and a second more than it is promised. */
const K = DEFAULT_TIMING.clockSkewSeconds;
const DAY_SECONDS = 86_400;
/** The defaults of a ring's policy; docs/reliability.md is held to the same by a test that can read the policy. */
const RENEWAL = { documentLifetimeSeconds: DAY_SECONDS, reconcileEverySeconds: 300 };
const SURVIVED = outageSurvivedSeconds(DEFAULT_TIMING, RENEWAL);

let ring: TestRing;
let token: string;
let documents: { readonly first: string; readonly withdrawn: string; readonly renewed: string };
beforeAll(async () => {
  ring = await makeRing();
  const times = { iat: ISSUED_AT, exp: ISSUED_AT + 3600 };
  token = await signToken({ iss: TEST_ISSUER, aud: "api", ...times }, ring.key);
  const renewedAt = seconds(ISSUED_AT + DAY_SECONDS / 2 + RENEWAL.reconcileEverySeconds);
  documents = {
    first: await ring.publish(),
    withdrawn: await ring.publish({ rev: 11, revoked: [{ kid: ring.key.kid, at: seconds(ISSUED_AT + 1000) }] }),
    renewed: await ring.publish({ rev: 11, issuedAt: renewedAt, expiresAt: seconds(renewedAt + DAY_SECONDS) }),
  };
});

interface Edge extends AskingEdge {
  readonly kv: KvLocation;
}

function startEdge(random: () => number): Edge {
  const kv = createKvLocation(W);
  kv.write(documents.first, T0 - W * 1000);
  return { kv, ...startIsolate(ring, token, kv, random) };
}

/**
 * The location reads at `locationMs`; one isolate is asked often enough to refresh a copy younger than M each time, so that
 * its last read is served from the location's cache just before C has passed.
 */
function refreshesUntilC(locationMs: number): readonly number[] {
  return [0, 1, 2, 3].map((third) => locationMs + (third * (C * 1000 - 1)) / 3);
}

const WITHDRAWN_AT_MS = T0 + 1_000_000;

/** Milliseconds from composing the tombstone to the last request that still passed, of those made at these times. */
async function longestPass(edge: Edge, timesMs: readonly number[]): Promise<number> {
  edge.kv.write(documents.withdrawn, WITHDRAWN_AT_MS);
  let last = 0;
  for (const nowMs of timesMs) {
    const answer = await edge.ask(nowMs);
    expect(answer).not.toBe("unavailable");
    if (answer === "passes") last = Math.max(last, nowMs - WITHDRAWN_AT_MS);
  }
  return last;
}

describe(`a withdrawn key stops verifying within S = W + C + M = ${W} + ${C} + ${M} = ${S} s while KV answers`, () => {
  test("at the worst moments it takes just that long", async ({ annotate }) => {
    // The location reads just before the tombstone is visible, the isolate just before the location reads again.
    const locationMs = WITHDRAWN_AT_MS + W * 1000 - 1;
    const readsMs = refreshesUntilC(locationMs);
    const isolateMs = locationMs + C * 1000 - 1;
    let measured = 0;
    // The first request after that read finds a copy that is just young enough, or one that is not any more.
    for (const ageMs of [M * 1000 - 1, M * 1000, M * 1000 + 500, 2 * M * 1000]) {
      const lastMs = isolateMs + ageMs;
      const edge = startEdge(() => 0);
      measured = Math.max(measured, await longestPass(edge, [T0, ...readsMs, lastMs, lastMs + 3]));
    }
    await annotate(`revocation bound: measured ${measured / 1000} s, formula W + C + M = ${S} s`);
    expect(measured / 1000).toBeLessThanOrEqual(S);
    expect(measured / 1000).toBeGreaterThan(S - 0.01);
  });

  test("at no other moments does it take longer", async ({ annotate }) => {
    let longest = 0;
    for (let phase = 0; phase < 60; phase += 1) {
      // Requests every 1 to 29 s, shifted and jittered differently each time, up to well past the bound.
      const everyMs = 1000 + (phase % 29) * 1000 + phase * 13;
      const startMs = WITHDRAWN_AT_MS - phase * 2503;
      const count = Math.ceil((WITHDRAWN_AT_MS - startMs + (S + 60) * 1000) / everyMs);
      const times = Array.from({ length: count }, (_, index) => startMs + index * everyMs);
      const random = (): number => ((phase * 37) % 100) / 100;
      longest = Math.max(longest, await longestPass(startEdge(random), times));
    }
    await annotate(`revocation bound: longest of 60 rhythms ${longest / 1000} s, formula ${S} s`);
    expect(longest / 1000).toBeLessThanOrEqual(S);
    expect(longest / 1000).toBeGreaterThan(W);
  });
});

describe(`an outage of KV is survived for ⌈D/2⌉ - R - S - K - 1 = ${SURVIVED} s at the least`, () => {
  /** Seconds from the start of the outage to the first answer for which there are no keys. */
  async function survived(outageStartsMs: number, lastRequestMs?: number): Promise<number> {
    const edge = startEdge(() => 0.5);
    const renewedAtMs = T0 + (DAY_SECONDS / 2 + RENEWAL.reconcileEverySeconds) * 1000;
    edge.kv.write(documents.renewed, renewedAtMs);
    // The location and the isolate read just before each could have had the renewed document.
    const locationMs = renewedAtMs + W * 1000 - 1;
    for (const nowMs of [T0, ...refreshesUntilC(locationMs)]) await edge.ask(nowMs);
    if (lastRequestMs !== undefined) await edge.ask(lastRequestMs);
    edge.kv.isDown = true;
    for (let nowMs = outageStartsMs; nowMs < outageStartsMs + 2 * DAY_SECONDS * 1000; nowMs += 60_000) {
      if ((await edge.ask(nowMs)) !== "unavailable") continue;
      let firstMs = nowMs - 59_000;
      while ((await edge.ask(firstMs)) !== "unavailable") firstMs += 1000;
      return (firstMs - outageStartsMs) / 1000;
    }
    return Number.POSITIVE_INFINITY;
  }

  const RENEWED_EVERYWHERE_MS = T0 + (DAY_SECONDS / 2 + RENEWAL.reconcileEverySeconds + S) * 1000;

  test("when it begins just before the renewed document arrives", async ({ annotate }) => {
    const measured = await survived(RENEWED_EVERYWHERE_MS);
    await annotate(
      `outage survived: measured ${measured} s, formula D/2 - R - S = ${SURVIVED + K + 1} s with clocks that agree`,
    );
    expect(measured).toBe(SURVIVED + K + 1);
  });

  test("when it begins just after, for D - S", async ({ annotate }) => {
    const measured = await survived(RENEWED_EVERYWHERE_MS, RENEWED_EVERYWHERE_MS - 1);
    await annotate(
      `outage survived with a fresh document: measured ${measured} s, formula D - S = ${DAY_SECONDS - S} s`,
    );
    expect(measured).toBe(DAY_SECONDS - S);
  });

  test("a token that outlives no document is refused for its own reasons only", async () => {
    const edge = startEdge(() => 0);
    expect(await edge.ask(T0)).toBe("passes");
    edge.kv.isDown = true;
    expect(await edge.ask(T0 + 3_000_000)).toBe("passes");
    // Expired, and said so: the outage is no reason to let it in or to call keys unavailable.
    expect(await edge.ask(T0 + 4_000_000)).toBe("refused");
  });
});
