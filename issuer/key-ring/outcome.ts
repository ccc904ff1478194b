/** How a run of the rotator ended: whether the ring is where it should be, and why the run counts as failed. Pure. */
import type { FaultCode } from "../errors.ts";
import { PROBLEM_EFFECTS } from "./model/plan.ts";
import type { ObservedRing } from "./model/observed.ts";
import type { Plan, RingProblemCode } from "./model/plan.ts";
import type { RevocationCounts } from "../../shared/revocations/sections.ts";
import type { Step } from "./model/steps.ts";

/** Why a run failed: a fault of KMS or of publishing, or a problem of the ring. */
export type RunFailure =
  | { readonly kind: "fault"; readonly code: FaultCode; readonly message: string }
  | { readonly kind: "problem"; readonly code: RingProblemCode; readonly message: string };

interface Run {
  readonly steps: readonly {
    readonly step: Step;
    readonly outcome: { readonly result: string } | undefined;
    readonly fault: { readonly code: FaultCode; readonly message: string } | undefined;
  }[];
  readonly observed: Pick<ObservedRing, "document">;
  readonly plan: Plan;
  readonly list?: ListOutcome | undefined;
}

/**
 * `published`; `unchanged`: KV says what it should; `waiting`: another list has just been published; `superseded`: another rotator
 * has published meanwhile; `too_late`: it took longer than the compose deadline; `failed`.
 */
export type ListResult = "published" | "unchanged" | "waiting" | "superseded" | "too_late" | "failed";

interface ListOutcome {
  readonly result: ListResult;
  readonly leftOut: RevocationCounts | undefined;
  readonly unreadable: number;
  readonly fault: { readonly code: FaultCode; readonly message: string } | undefined;
}

/** The list of taken-back tokens says what it should, or there is none. */
export function isListInOrder(list: ListOutcome | undefined): boolean {
  return (
    list === undefined ||
    (listFailures(list).length === 0 && (list.result === "published" || list.result === "unchanged"))
  );
}

function listFailures(list: ListOutcome | undefined): readonly RunFailure[] {
  if (list === undefined) return [];
  const { fault, leftOut, unreadable, result } = list;
  const failures: RunFailure[] = [];
  const add = (code: FaultCode, message: string): void => void failures.push({ kind: "fault", code, message });
  if (fault !== undefined) add(fault.code, `The revocation list: ${fault.message}`);
  const missing = leftOut === undefined ? 0 : leftOut.jti + leftOut.sid + leftOut.sub;
  if (missing > 0)
    add("revocations_full", `The revocation list has no room for ${missing} entries: those tokens go on.`);
  if (unreadable > 0) {
    add(
      "revocation_table_failed",
      `The table holds ${unreadable} entries that this version cannot read. Update the rotator.`,
    );
  }
  if (result === "too_late") {
    const message =
      "The revocation list was not published: reading and signing took longer than composeDeadlineSeconds.";
    add("publish_timeout", message);
  }
  return failures;
}

/** Nothing is due, and nothing is wrong. */
export function isConverged({ due, problems }: Plan): boolean {
  return due.length === 0 && problems.length === 0;
}

/**
 * Why a run counts as failed. A step that failed and was made up for in the same run is no failure, and neither is a step
 * that has to wait.
 * @returns every reason, the most telling one first; empty for a run that did what it could and found nothing amiss
 */
export function failuresOf(run: Run): readonly RunFailure[] {
  return [...keySetFailures(run), ...listFailures(run.list)];
}

function keySetFailures({ steps, observed: { document }, plan }: Run): readonly RunFailure[] {
  if (isConverged(plan)) return [];
  const failures: RunFailure[] = [];
  for (const { step, fault } of steps) {
    if (fault === undefined) continue;
    failures.push({ kind: "fault", code: fault.code, message: `The step ${step.kind} failed: ${fault.message}` });
  }
  const lastPublish = steps.findLast(({ step }) => step.kind === "publish");
  if (lastPublish?.outcome?.result === "too_late" && plan.due.some(({ kind }) => kind === "publish")) {
    const message =
      "The key set was not published: signing it took longer than composeDeadlineSeconds of the policy in every attempt.";
    failures.push({ kind: "fault", code: "publish_timeout", message });
  }
  for (const { code, message } of plan.problems) {
    if (PROBLEM_EFFECTS[code] === "reported") continue;
    const isUnread = code === "document_unknown" && document.kind === "unknown";
    failures.push(isUnread ? { kind: "fault", code: document.fault, message } : { kind: "problem", code, message });
  }
  return failures;
}
