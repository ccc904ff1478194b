/**
 * One structured line for each step of a rotator: who, what, on which key, from what to what, with which result. Holds names
 * and numbers only. Where the lines go is the caller's business.
 */
import type { EpochSeconds, Kid, RingName } from "../../../shared/identifiers.ts";
import type { FaultCode } from "../../errors.ts";
import type { StepOutcome } from "./act.ts";
import type { ObservedRing } from "../model/observed.ts";
import type { Step, StepKind } from "../model/steps.ts";
import { nameOfRole } from "../names.ts";

export interface AuditEntry {
  readonly at: EpochSeconds;
  /** Who or what ran the step, as the caller names itself. */
  readonly actor: string;
  readonly ring: RingName;
  readonly step: StepKind | "publish_revocations";
  /** Why, where a step can have several reasons. */
  readonly reasons: readonly string[];
  readonly generation: number | undefined;
  readonly kid: Kid | undefined;
  readonly keyArn: string | undefined;
  /** Of the document that was published. */
  readonly rev: number | undefined;
  readonly before: AuditState;
  readonly after: AuditState;
  readonly result: StepOutcome["result"] | "failed";
  readonly fault: FaultCode | undefined;
}

/** What the step changes, and nothing else. */
export type AuditState = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** Where audit lines go. */
export type AuditSink = (entry: AuditEntry) => void;

export interface AuditContext {
  readonly at: EpochSeconds;
  readonly actor: string;
}

/** @returns undefined for a list of taken-back tokens that was not to be published */
export function auditList(
  { at, actor }: AuditContext,
  { ring, root }: Pick<ObservedRing, "ring" | "root">,
  list: {
    readonly result: AuditEntry["result"] | "published" | "unchanged" | "waiting";
    readonly reasons: readonly string[];
    readonly rev: number | undefined;
    readonly counts: Readonly<Record<string, number>> | undefined;
    readonly fault: { readonly code: FaultCode } | undefined;
  },
): AuditEntry | undefined {
  if (list.result === "unchanged" || list.result === "waiting") return undefined;
  return {
    at,
    actor,
    ring,
    step: "publish_revocations",
    reasons: list.reasons,
    generation: undefined,
    kid: root?.publicKey?.kid,
    keyArn: root?.keyArn,
    rev: list.rev,
    before: {},
    after: list.result === "published" ? { ...list.counts } : {},
    result: list.result === "published" ? "done" : list.result,
    fault: list.fault?.code,
  };
}

/** @param outcome undefined when the step failed with `fault` */
export function auditStep(
  { at, actor }: AuditContext,
  observed: ObservedRing,
  step: Step,
  outcome: StepOutcome | undefined,
  fault: FaultCode | undefined,
): AuditEntry {
  const keyArn = outcome?.keyArn ?? ("keyArn" in step ? step.keyArn : undefined);
  const key = keysOf(observed).find((candidate) => candidate.keyArn === keyArn);
  const { before, after } = changeOf(step, observed);
  return {
    at,
    actor,
    ring: observed.ring,
    step: step.kind,
    reasons: reasonsOf(step),
    generation: generationOf(step),
    kid: key?.publicKey?.kid ?? key?.tags.kid,
    keyArn,
    rev: outcome?.rev,
    before,
    after: outcome?.result === "done" ? after : before,
    result: outcome?.result ?? "failed",
    fault,
  };
}

function keysOf(observed: ObservedRing): readonly ObservedRing["orphans"][number][] {
  const { root, otherRoots, generations, orphans, candidate } = observed;
  return [root, ...otherRoots, ...generations, ...orphans, candidate].filter((key) => key !== undefined);
}

function generationOf(step: Step): number | undefined {
  if (step.kind === "create_key" || step.kind === "claim_alias") {
    return step.role === "generation" ? step.number : undefined;
  }
  return "generation" in step ? step.generation : undefined;
}

function reasonsOf(step: Step): readonly string[] {
  if (step.kind === "publish") return step.reasons;
  return "reason" in step ? [step.reason] : [];
}

interface Change {
  readonly before: AuditState;
  readonly after: AuditState;
}

function changeOf(step: Step, observed: ObservedRing): Change {
  switch (step.kind) {
    case "create_key":
    case "claim_alias":
      return {
        before: { alias: "none" },
        after: { alias: nameOfRole(step) },
      };
    case "tag_key":
      return { before: {}, after: { tags: Object.keys(step.tags) } };
    case "create_active":
      return { before: { active: undefined }, after: { active: step.generation } };
    case "move_active":
      return { before: { active: step.from }, after: { active: step.generation } };
    case "move_root":
      return { before: { root: observed.root?.number }, after: { root: step.number } };
    case "publish":
      return { before: publishedState(observed), after: statesOf(step.keys, step.revoked) };
    case "disable_key":
      return { before: { keyState: stateOf(step.keyArn, observed) }, after: { keyState: "Disabled" } };
    case "schedule_deletion":
      return { before: { keyState: stateOf(step.keyArn, observed) }, after: { keyState: "PendingDeletion" } };
  }
}

function stateOf(keyArn: string, observed: ObservedRing): string | undefined {
  return keysOf(observed).find((key) => key.keyArn === keyArn)?.keyState;
}

function publishedState({ document }: ObservedRing): AuditState {
  if (document.kind !== "read") return { document: document.kind };
  return { rev: document.document.rev, ...statesOf(document.document.keys, document.document.revoked) };
}

function statesOf(
  keys: readonly { readonly kid: Kid; readonly state: string }[],
  revoked: readonly { readonly kid: Kid }[],
): AuditState {
  return { keys: keys.map(({ kid, state }) => `${kid} ${state}`), revoked: revoked.map(({ kid }) => kid) };
}
