/** What is measured of a ring after a run of the rotator. Pure. docs/monitoring.md says what to watch. */
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { billedKeysOf, failuresOf } from "../key-ring/index.ts";
import type { ReconcileReport, RingPolicy } from "../key-ring/index.ts";
import type { Measurement } from "./emf.ts";

/** Measurements that a ring without a document, or without an active key, does not have are left out. */
export function measureRing(report: ReconcileReport, policy: RingPolicy, now: EpochSeconds): readonly Measurement[] {
  return [
    ...measureRun(report),
    ...measureDocument(report, now),
    ...measureKeys(report, policy, now),
    ...measureList(report.list, now),
  ];
}

/** A run that failed is a run that did not succeed: an alarm on too few successes covers a rotator that does not run at all. */
function measureRun(report: ReconcileReport): readonly Measurement[] {
  const hasFailed = failuresOf(report).length > 0;
  return [
    { name: "run_succeeded", unit: "Count", value: hasFailed ? 0 : 1 },
    { name: "run_failed", unit: "Count", value: hasFailed ? 1 : 0 },
    { name: "ring_steps", unit: "Count", value: report.steps.length },
    { name: "ring_problems", unit: "Count", value: report.plan.problems.length },
  ];
}

function measureDocument({ observed: { document } }: ReconcileReport, now: EpochSeconds): readonly Measurement[] {
  if (document.kind !== "read") return [];
  const { issuedAt, expiresAt, keys } = document.document;
  return [
    { name: "document_age", unit: "Seconds", value: now - issuedAt },
    // 0 for a fresh document, 1 for one that gateways no longer take. The rotator renews it at 0.5.
    { name: "document_life_used", unit: "None", value: lifeUsed(issuedAt, expiresAt, now) },
    { name: "published_keys", unit: "Count", value: keys.length },
  ];
}

function lifeUsed(issuedAt: EpochSeconds, expiresAt: EpochSeconds, now: EpochSeconds): number {
  return (now - issuedAt) / (expiresAt - issuedAt);
}

/** A list that could not be read has no age; the failed run tells that. */
function measureList(list: ReconcileReport["list"], now: EpochSeconds): readonly Measurement[] {
  if (list === undefined) return [];
  const { issuedAt, expiresAt, counts, leftOut } = list;
  const total = (entries: typeof counts): number => (entries ? entries.jti + entries.sid + entries.sub : 0);
  const measurements: Measurement[] = [];
  if (issuedAt !== undefined && expiresAt !== undefined) {
    measurements.push(
      { name: "list_age", unit: "Seconds", value: now - issuedAt },
      { name: "list_life_used", unit: "None", value: lifeUsed(issuedAt, expiresAt, now) },
    );
  }
  if (counts === undefined) return measurements;
  return [
    ...measurements,
    { name: "list_entries", unit: "Count", value: total(counts) },
    { name: "list_left_out", unit: "Count", value: total(leftOut) },
  ];
}

function measureKeys({ observed }: ReconcileReport, policy: RingPolicy, now: EpochSeconds): readonly Measurement[] {
  const { active } = observed;
  const counted: Measurement = { name: "billed_keys", unit: "Count", value: billedKeysOf(observed).keys };
  if (active === undefined) return [counted];
  const ageSeconds = now - active.updatedAt;
  return [
    counted,
    { name: "active_key_age", unit: "Seconds", value: ageSeconds },
    { name: "next_rotation_in", unit: "Seconds", value: Math.max(0, policy.rotateEverySeconds - ageSeconds) },
    { name: "rotation_overdue", unit: "Seconds", value: Math.max(0, ageSeconds - policy.rotateEverySeconds) },
  ];
}
