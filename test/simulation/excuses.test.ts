/** A good token is refused since every edge's key set has run out: excused only if no rotator could have renewed it. */
import { expect, test } from "vitest";
import { CALM_RUN, createBareWorld } from "./bare-world.ts";
import { START_MS } from "./clock.ts";
import { createExcuses } from "./excuses.ts";
import { KMS_LAG_MS, createFacts } from "./facts.ts";
import { createMoves } from "./moves.ts";
import { LETTERS } from "./policies.ts";

const { W, C, M, K } = LETTERS;
const S = W + C + M;
const D = 3600;

/**
 * @param ranAtSeconds when a rotator has run, after the key set was composed
 * @param enabledAtSeconds when people, who had disabled the root key, enabled it again
 */
async function excuseAfter(ranAtSeconds: number, enabledAtSeconds?: number): Promise<string | undefined> {
  const { clock, kms, kv, policy, aliases, publish, wait } = createBareWorld();
  const rotator = kms.client(() => 0, "rotator");
  const { keyArn } = await rotator.createKey({ keySpec: "ECC_NIST_P256", description: "", tags: {} });
  await rotator.createAlias(aliases.root, keyArn);
  const facts = createFacts({ clock, kms: kms.truth, kv, policies: [policy] });
  const excuses = createExcuses(clock, kv, facts, createMoves(clock, kv, facts));
  const iat = START_MS / 1000;
  publish([], { iat, exp: iat + D });
  if (enabledAtSeconds !== undefined) {
    await kms.client(() => 0, "person").disableKey(keyArn);
    await wait(enabledAtSeconds);
    kms.hands.enableKey(keyArn);
  }
  const atMs = START_MS + ranAtSeconds * 1000;
  if (atMs > clock.nowMs) await clock.runUntil(atMs, () => false);
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

/** A run in time. */
const RUNS_AT = D / 2 + K + 60;
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

test.each([
  ["disabled, as KMS may have shown it", RUNS_AT - KMS_LAG_MS / 1000 + 1, RUN_OUT],
  ["enabled again, as KMS has to show it", RUNS_AT - KMS_LAG_MS / 1000 - 1, undefined],
])("a run in time, with the root key %s", async (_, enabledAtSeconds, excuse) => {
  expect(await excuseAfter(RUNS_AT, enabledAtSeconds)).toBe(excuse);
});
