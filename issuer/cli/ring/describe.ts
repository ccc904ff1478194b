/** The key ring's data in words, for a person at a terminal. Pure. */
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import { describeDistance, describeDuration, describeTime } from "../../words/time.ts";
import { describeRole } from "../../key-ring/index.ts";
import type { ObservedDocument, ObservedKey, Step, Upcoming } from "../../key-ring/index.ts";

/** What a step does, as one clause. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case "create_key":
      return `${step.orphan === undefined ? "create" : "use the left-over"} ${step.keySpec} key for ${describeRole(step)}`;
    case "claim_alias":
      return `name the existing key ${describeRole(step)}`;
    case "tag_key":
      return `tag ${step.generation === undefined ? "a key" : `generation ${step.generation}`}: ${Object.keys(step.tags).join(", ")}`;
    case "create_active":
      return `let generation ${step.generation} sign`;
    case "move_active":
      return `let generation ${step.generation} sign instead of ${step.from} (${step.reason})`;
    case "move_root":
      return `sign key sets with root key ${step.number}`;
    case "publish":
      return `publish the key set (${step.reasons.join(", ")})`;
    case "disable_key":
      return `disable the KMS key${ofGeneration(step.generation)} (${step.reason})`;
    case "schedule_deletion":
      return `schedule deletion of the KMS key${ofGeneration(step.generation)} in ${step.pendingDays} days (${step.reason})`;
  }
}

const UPCOMING: Readonly<Record<Upcoming["what"], string>> = {
  activate: "signs",
  drop: "leaves the key set",
  disable: "is disabled in KMS",
  renew: "the key set is renewed",
  settle: "the key set is published again, so that no edge holds a higher rev",
  lower_timing: "the lowered timing is published",
  forget_timing: "the earlier, longer timing has run out",
};

/** A line of the time line: when, in how long, what. */
export function describeUpcoming({ what, generation, notBefore }: Upcoming, now: EpochSeconds): string {
  const subject = generation === undefined ? "" : `generation ${generation} `;
  return `${describeTime(notBefore)}  ${describeDistance(notBefore - now).padEnd(16)} ${subject}${UPCOMING[what]}`;
}

export function describeDocument(document: ObservedDocument, now: EpochSeconds): string {
  switch (document.kind) {
    case "missing":
      return "nothing";
    case "unknown":
      return `not known (${document.fault}: ${document.message})`;
    case "refused":
      return `nothing that edges would use (${document.problem})`;
    case "read": {
      const { rev, expiresAt, keys, revoked } = document.document;
      const life = expiresAt > now ? `expires ${describeDistance(expiresAt - now)}` : "expired";
      return `rev ${rev}, ${keys.length} keys, ${revoked.length} revoked, ${life}`;
    }
  }
}

/** When asking again will succeed; empty when that time has come. */
export function describeNotBefore(notBefore: EpochSeconds, now: EpochSeconds): string {
  return notBefore > now
    ? `Safe from ${describeTime(Math.ceil(notBefore))} (${describeDistance(Math.ceil(notBefore) - now)}).`
    : "";
}

/**
 * How old a key is. A key that KMS does not find has no age, and one that is newer than this host's clock has just been made:
 * the clock may be some seconds behind KMS's.
 */
export function describeAge({ keyState, createdAt }: Pick<ObservedKey, "keyState" | "createdAt">, now: number): string {
  return keyState === "NotFound" ? "-" : describeDuration(Math.max(0, now - createdAt));
}

function ofGeneration(generation: number | undefined): string {
  return generation === undefined ? "" : ` of generation ${generation}`;
}
