/**
 * The plan of a ring: from what was observed, a policy and the time to the steps that are due, what comes next, and what is
 * wrong. Pure: no I/O, no clock, no chance. The order is the order of urgency; every step is safe without those before it,
 * so that one that fails holds up no other.
 */
import { requireNow } from "../../../shared/demands.ts";
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import { planPublish, renewalOf, settlingOf } from "./document.ts";
import { isDroppable, liveDocument } from "./phases.ts";
import type { ObservedRing } from "../model/observed.ts";
import type { Plan, RingRequest, Upcoming } from "../model/plan.ts";
import type { Step } from "../model/steps.ts";
import {
  deleteRetired,
  disableNotBefore,
  disableRetired,
  disableRevoked,
  ensurePending,
  nextToActivate,
  replaceRevokedActive,
  ripeNotBefore,
  rotateWhenDue,
  rotationDueAt,
} from "./keys.ts";
import { cleanOrphans, giveNamesBack } from "./orphans.ts";
import { planRequest } from "./requests.ts";
import { settledRootTag } from "./root.ts";
import { documentTag, historyTags, identityTags, surveyTag, timingTag, withdrawnTags } from "./tags.ts";
import { requireRingPolicy } from "../policy.ts";
import type { RingPolicy } from "../policy.ts";
import { findProblems } from "./problems.ts";
import { deriveState } from "./ring-state.ts";
import type { RingState } from "./ring-state.ts";

/**
 * Plans the next steps of a ring.
 * @param now epoch seconds; not before `observed.observedAt`
 * @param request what an operator asks for besides the upkeep
 * @throws TypeError for a time or a policy with which an inequality would not be checked
 */
export function planRing(observed: ObservedRing, policy: RingPolicy, now: EpochSeconds, request?: RingRequest): Plan {
  requireNow(now);
  requireRingPolicy(policy);
  const state = deriveState(observed, policy, now, request);
  const requested = request === undefined ? undefined : planRequest(state, request);
  const publish = planPublish(state);
  const replacement = replaceRevokedActive(state);
  const due: readonly Step[] = [
    ...disableRevoked(state),
    ...withdrawnTags(state, replacement[0]?.generation),
    ...replacement,
    ...(requested?.steps ?? []),
    ...(observed.root === undefined ? [] : upkeep(state, publish)),
  ];
  return {
    due: withoutRepeats(due),
    upcoming: observed.root === undefined ? [] : upcoming(state),
    problems: findProblems(state),
    refusal: requested?.refusal,
    isRequestDone: requested?.isDone,
  };
}

/** Not for a ring without a root key: nothing that follows could be published. */
function upkeep(state: RingState, publish: Step | undefined): readonly Step[] {
  return [
    ...identityTags(state),
    ...timingTag(state),
    ...giveNamesBack(state),
    ...(publish === undefined ? [] : [publish]),
    ...historyTags(state),
    ...settledRootTag(state),
    ...ensurePending(state),
    ...rotateWhenDue(state),
    ...disableRetired(state),
    ...deleteRetired(state),
    ...cleanOrphans(state),
    ...documentTag(state),
    ...surveyTag(state),
  ];
}

/** One text per step, the same for the same change: what has been done in a run is not done again in it. */
export function stepKey(step: Step): string {
  // Times in tags and documents move with the clock; the change is the same. A later document is another change.
  if (step.kind === "tag_key") {
    return JSON.stringify([step.kind, step.keyArn, Object.keys(step.tags), step.tags.document?.until]);
  }
  if (step.kind !== "publish") return JSON.stringify(step);
  const keys = step.keys.map(({ kid, state }) => [kid, state]);
  return JSON.stringify([
    step.kind,
    keys,
    step.revoked.map(({ kid }) => kid),
    step.timing,
    step.rootKeyArn,
    step.roots,
  ]);
}

/** A request may ask for what is due anyway. */
function withoutRepeats(steps: readonly Step[]): readonly Step[] {
  const seen = new Set<string>();
  return steps.filter((step) => {
    const key = step.kind === "move_active" ? "move_active" : stepKey(step);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function upcoming(state: RingState): readonly Upcoming[] {
  const { observed, timing, generations, now } = state;
  const list: Upcoming[] = [];
  const add = (what: Upcoming["what"], notBefore: EpochSeconds | undefined, generation?: number): void => {
    if (notBefore !== undefined) list.push({ what, generation, notBefore });
  };
  const next = nextToActivate(state);
  const dueAt = rotationDueAt(state);
  if (next !== undefined && dueAt !== undefined) {
    const ripeAt = ripeNotBefore(next, state);
    add("activate", ripeAt > dueAt ? ripeAt : dueAt, next.number);
  }
  const document = liveDocument(observed, now);
  for (const generation of generations) {
    if (generation.phase !== "retiring") continue;
    if (generation.entry !== undefined) add("drop", generation.dropAt, generation.number);
    else if (isDroppable(generation, now) && document !== undefined) {
      add("disable", disableNotBefore(document, timing), generation.number);
    }
  }
  if (document !== undefined) {
    add("renew", renewalOf(document));
    add("settle", settlingOf(document));
  }
  add("lower_timing", timing.lowerNotBefore);
  add("forget_timing", timing.forgetNotBefore);
  return list.toSorted((left, right) => left.notBefore - right.notBefore);
}
