/** How long a key whose withdrawal a rotator has acted on may still sign. True times, in milliseconds. */
import { COMPOSE_MS, KMS_LAG_MS } from "./facts.ts";
import type { Facts } from "./facts.ts";

/** @returns undefined for a key on whose withdrawal no rotator has acted */
export function maySignUntil(keyArn: string, facts: Facts): number | undefined {
  const { actedMs, enabledMs } = facts.withdrawals.of(keyArn) ?? {};
  if (actedMs === undefined) return undefined;
  const signersFollowMs = facts.spans.longestLagMs + COMPOSE_MS;
  const activeUntilMs = facts.activeUntil(keyArn) ?? -Infinity;
  const asPromised = actedMs + signersFollowMs;
  if (enabledMs === undefined || activeUntilMs <= actedMs) return asPromised;
  // No other key was fit, so `active` has stayed at it, and people have enabled it again. The first run that has to be shown both
  // disables it, and Sign may see that late.
  const isShownMs = Math.max(actedMs, enabledMs) + KMS_LAG_MS;
  const run = facts.runs.find(({ begunMs, isStoreCalm }) => isStoreCalm && begunMs >= isShownMs);
  const disabledAgainMs = run === undefined ? Infinity : run.endedMs + KMS_LAG_MS;
  return Math.max(asPromised, Math.min(activeUntilMs + signersFollowMs, disabledAgainMs));
}
