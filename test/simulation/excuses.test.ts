/** A good token is refused since every edge's key set has run out: excused only if no rotator could have renewed it. */
import { expect, test } from "vitest";
import { CALM_RUN, createBareWorld } from "./bare-world.ts";
import { START_MS } from "./clock.ts";
import { createExcuses } from "./excuses.ts";
import { createFacts } from "./facts.ts";
import { createMoves } from "./moves.ts";
import { LETTERS } from "./policies.ts";

const { W, C, M, K } = LETTERS;
const S = W + C + M;
const D = 3600;

/** @param ranAtSeconds when a rotator has run, after the key set was composed */
async function excuseAfter(ranAtSeconds: number): Promise<string | undefined> {
  const { clock, kms, kv, policy, publish } = createBareWorld();
  const facts = createFacts({ clock, kms: kms.truth, kv, policies: [policy] });
  const excuses = createExcuses(clock, kv, facts, createMoves(clock, kv, facts));
  const iat = START_MS / 1000;
  publish([], { iat, exp: iat + D });
  const atMs = START_MS + ranAtSeconds * 1000;
  facts.onRun({ ...CALM_RUN, begunMs: atMs, endedMs: atMs });
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
