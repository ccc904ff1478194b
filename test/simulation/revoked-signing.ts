/** How long a key whose withdrawal a rotator has acted on may still sign. True times, in milliseconds. */
import { COMPOSE_MS, KMS_LAG_MS } from "./facts.ts";
import type { Facts } from "./facts.ts";

/** @returns undefined for a key on whose withdrawal no rotator has acted */
export function maySignUntil(keyArn: string, facts: Facts): number | undefined {
  const { actedMs, disabledMs = Infinity, enabledMs } = facts.withdrawals.of(keyArn) ?? {};
  if (actedMs === undefined) return undefined;
  const signersFollowMs = facts.spans.longestLagMs + COMPOSE_MS;
  const activeUntilMs = facts.activeUntil(keyArn) ?? -Infinity;
  const asPromised = actedMs + signersFollowMs;
  // People have asked for the revocation, and the rotator that noted it could not disable the key.
  const wasLeftEnabled = disabledMs > actedMs;
  if ((enabledMs === undefined && !wasLeftEnabled) || activeUntilMs <= actedMs) return asPromised;
  // No other key was fit, or the rotator went no further, so `active` has stayed at it. The first run that has to be shown all this
  // disables it, and Sign may see that late.
  const isShownMs = Math.max(actedMs, enabledMs ?? actedMs) + KMS_LAG_MS;
  const run = facts.runs.find(({ begunMs, isStoreCalm }) => isStoreCalm && begunMs >= isShownMs);
  const byRunMs = run === undefined ? Infinity : run.endedMs + KMS_LAG_MS;
  const byKmsMs = enabledMs === undefined ? disabledMs + KMS_LAG_MS : Infinity;
  return Math.max(asPromised, Math.min(activeUntilMs + signersFollowMs, byRunMs, byKmsMs));
}
