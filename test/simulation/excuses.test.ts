/** A good token is refused since every edge's key set has run out: excused only if no rotator could have renewed it. */
import { expect, test } from "vitest";
import { START_MS, createWorldClock } from "./clock.ts";
import { createExcuses } from "./excuses.ts";
import { createFacts } from "./facts.ts";
import { createKmsModel } from "./kms-model.ts";
import { createKvModel } from "./kv-model.ts";
import { createMoves } from "./moves.ts";
import { LETTERS, policyWith } from "./policies.ts";
import { createRng } from "./rng.ts";
import { policyOf } from "./world.ts";

const { W, C, M, K, L } = LETTERS;
const S = W + C + M;
const D = 3600;

/** @param ranAtSeconds when a rotator has run, after the key set was composed */
async function excuseAfter(ranAtSeconds: number): Promise<string | undefined> {
  const clock = createWorldClock();
  const kvOptions = { locations: [], marginMs: W * 1000, propagationFactor: 1, apiLagMs: 0 };
  const kv = createKvModel({ clock, rng: createRng("kv"), ...kvOptions });
  const facts = createFacts({
    clock,
    kms: createKmsModel(clock, 0).truth,
    kv,
    policies: [policyOf(policyWith(LETTERS))],
  });
  const excuses = createExcuses(clock, kv, facts, createMoves(clock, kv, facts));
  const iat = START_MS / 1000;
  const timing = { kv_cache_ttl: C, memory_ttl: M, clock_skew: K, max_token_ttl: L };
  const payload = JSON.stringify({ keys: [], revoked: [], timing, iat, exp: iat + D });
  kv.put(`.${Buffer.from(payload).toString("base64url")}.`, { composedMs: START_MS, marginMs: W * 1000 });
  const atMs = START_MS + ranAtSeconds * 1000;
  facts.onRun({
    begunMs: atMs,
    endedMs: atMs,
    isKmsCalm: true,
    isStoreCalm: true,
    isTableCalm: true,
    listMs: undefined,
  });
  await clock.runUntil(START_MS + D * 1000, () => false);
  const now = clock.nowMs;
  const minted = { token: "", kid: "", keyArn: "", askedMs: now, fromMs: now, untilMs: now + 1000 };
  const answer = {
    code: "keys_unavailable",
    isAccepted: false,
    isKvAnswering: true,
    source: undefined,
    rev: undefined,
  };
  return excuses.of(minted, { ...answer, atMs: now, keptSeconds: 0, setBackMs: 0 });
}

const RUN_OUT = "no rotator could renew the document for half its life";

test.each([
  ["no run", -1, RUN_OUT],
  ["a run before the half-life by a clock that is K behind", D / 2 + K, RUN_OUT],
  ["a run after that", D / 2 + K + 1, undefined],
  ["a run whose key set is everywhere in time for a clock that is K ahead", D - S - K - 1, undefined],
  ["a run too late for that", D - S - K, RUN_OUT],
])("%s", async (_, ranAtSeconds, excuse) => {
  expect(await excuseAfter(ranAtSeconds)).toBe(excuse);
});
