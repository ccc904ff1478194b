/** The times of a ring with the default policy, which the pictures of its life show. Pure. */
import { checkRingPolicy, graceSeconds, plannedLeadSeconds } from "../../issuer/key-ring/policy.ts";
import type { RingPolicy } from "../../issuer/key-ring/policy.ts";
import { settleAfterSeconds } from "../../issuer/key-ring/rev.ts";
import { describeDuration } from "../../issuer/words/time.ts";
import { parseIssuerUrl, parseRingName } from "../../shared/identifiers.ts";
import { holdSeconds, leadSeconds, SIGNER_REFRESH_SECONDS, stalenessBoundSeconds } from "../../shared/timing.ts";

const POLICY = defaultPolicy();
const { timing } = POLICY;
const settled = settleAfterSeconds(timing.clockSkewSeconds);
const dropped = holdSeconds(timing) + graceSeconds(timing, POLICY);

/** Seconds from the publication of a key. Each is the earliest; a rotator's run may make it `runSeconds` later. */
export const LISTING = {
  settled,
  /** Every gateway knows the key. */
  emergency: settled + leadSeconds(timing),
  /** So does every consumer of the plain JWK Set. */
  planned: settled + plannedLeadSeconds(timing, POLICY),
};

/** Seconds from the move of `active` to the next key, for the key that it has left. */
export const RETIRING = {
  lastSigner: timing.signerLagSeconds,
  lastTokenExpired: timing.signerLagSeconds + timing.maxTokenTtlSeconds,
  held: holdSeconds(timing),
  dropped,
  disabled: dropped + timing.kvPropagationSeconds + timing.clockSkewSeconds,
};

export const runSeconds: number = POLICY.reconcileEverySeconds;
export const rotateDays: number = POLICY.rotateEverySeconds / 86_400;
export const staleSeconds: number = stalenessBoundSeconds(timing);
export const signerRefreshSeconds: number = SIGNER_REFRESH_SECONDS;

/** `1 h 15 min`: to the whole minute above, from ten minutes on. */
export function atTheLatest(seconds: number): string {
  return describeDuration(seconds < 600 ? seconds : Math.ceil(seconds / 60) * 60);
}

function defaultPolicy(): RingPolicy {
  const [ring, issuer] = [parseRingName("main"), parseIssuerUrl("https://auth.example.com")];
  if (ring === undefined || !issuer.ok) throw new TypeError("The names of the default ring are wrong.");
  const policy = checkRingPolicy({ ring, issuer: issuer.value });
  if (!policy.ok) throw new TypeError("The default policy is wrong.");
  return policy.value;
}
