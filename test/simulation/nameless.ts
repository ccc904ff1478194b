/**
 * Withdrawn keys that no rotator can tell the kid of: people took the tag away, and a rotator that starts afterwards cannot read
 * the public key of a disabled key. It reports the key, and lists it until a person revokes it (docs/key-lifecycle.md).
 */
import { KMS_LAG_MS, RUNS_FOR_A_TOMBSTONE } from "./facts.ts";
import type { Facts } from "./facts.ts";
import type { KmsTruth, ModelKey } from "./kms-model.ts";

/** People took the kid away before rotators had to be done with the withdrawal, and it has not come back. */
export function isNameless(keyArn: string, kms: KmsTruth, { withdrawals, runs }: Facts): boolean {
  const { sinceMs } = withdrawals.of(keyArn) ?? {};
  const takenMs = kidTakenMs(kms.keys.get(keyArn)?.tags ?? []);
  if (sinceMs === undefined || takenMs === undefined) return false;
  const inTime = runs.filter(
    ({ begunMs, endedMs, isStoreCalm }) => isStoreCalm && begunMs >= sinceMs + KMS_LAG_MS && endedMs <= takenMs,
  );
  return inTime.length < RUNS_FOR_A_TOMBSTONE;
}

/** @returns undefined while the tag is there, and if it never was: rotators only add tags */
function kidTakenMs(tags: ModelKey["tags"]): number | undefined {
  const last = tags.findLastIndex(({ value }) => value["sealgate:kid"] !== undefined);
  return last < 0 ? undefined : tags[last + 1]?.sinceMs;
}
