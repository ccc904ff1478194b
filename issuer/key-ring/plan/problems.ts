/** What is wrong with a ring and cannot, or must not, be put right without a person or some time. Pure. */
import { isWithdrawn } from "./phases.ts";
import type { RingProblem, RingProblemCode } from "../model/plan.ts";
import { unknownKids } from "./document.ts";
import type { RingState } from "./ring-state.ts";

export function findProblems(state: RingState): readonly RingProblem[] {
  return [...rootProblems(state), ...activeProblems(state), ...generationProblems(state), ...documentProblems(state)];
}

function rootProblems({ observed: { root } }: RingState): readonly RingProblem[] {
  if (root === undefined) {
    return [
      problem("root_missing", "No root key. Check ring, account and Region; a new ring has to be created by request."),
    ];
  }
  const isUsable = root.keyState === "Enabled" && root.publicKey !== undefined;
  return isUsable
    ? []
    : [problem("root_unusable", `The root key (${root.keySpec}, ${root.keyState}) cannot sign: nothing is published.`)];
}

function activeProblems({ observed, active }: RingState): readonly RingProblem[] {
  if (observed.root === undefined) return [];
  if (observed.active === undefined)
    return [problem("active_missing", "No alias `active`: the ring's creation is not finished.")];
  if (active === undefined) {
    return [problem("active_unresolved", "`active` points to a key that is not seen as a generation.")];
  }
  if (active.isUsable && active.phase === "active") return [];
  const { number, keyState } = active;
  return [problem("active_unusable", `Generation ${number} is active and cannot sign (${keyState}).`, number)];
}

function generationProblems(state: RingState): readonly RingProblem[] {
  const { observed, generations, now } = state;
  const problems = generations.flatMap(({ publicKey, phase, kid, ...generation }, index): readonly RingProblem[] => {
    const { number, keySpec, keyState, keyUsage, alg, tags } = generation;
    const found: RingProblem[] = [];
    const isForeign = tags.ring !== undefined && tags.ring !== observed.ring;
    const isUnfit = keyState === "Enabled" && (alg === undefined || publicKey === undefined);
    if (isForeign || isUnfit) {
      const what = isForeign
        ? `its tags name the ring ${tags.ring}`
        : `it is ${keySpec}, ${keyUsage}, without a fitting sealgate:alg`;
      found.push(problem("generation_unfit", `Generation ${number} is not used: ${what}.`, number));
    }
    if (kid !== undefined && kid === observed.root?.publicKey?.kid) {
      found.push(problem("generation_unfit", `Generation ${number} is not used: it has the root key.`, number));
    }
    if (kid !== undefined && generations.findIndex((other) => other.kid === kid) < index) {
      found.push(problem("generation_duplicate", `Generation ${number} has the key of an earlier one.`, number));
    }
    if (phase === "revoked" && !isWithdrawn(keyState)) {
      found.push(problem("revoked_key_enabled", `Generation ${number} is revoked and its key is ${keyState}.`, number));
    }
    return found;
  });
  const missing = unknownKids(observed, generations, now).map((kid) =>
    problem(
      "generation_missing",
      `The document holds ${kid}, which no generation has: restore its alias, or revoke it.`,
    ),
  );
  return [...problems, ...missing];
}

function documentProblems({ observed: { document, active }, now }: RingState): readonly RingProblem[] {
  switch (document.kind) {
    case "unknown":
      return [problem("document_unknown", `The published key set cannot be read: ${document.message}.`)];
    case "missing":
      return active === undefined ? [] : [problem("document_lost", "Nothing is published.")];
    case "refused":
      return [problem("document_lost", `What is published is not a document of this ring (${document.problem}).`)];
    case "read": {
      const { expiresAt, issuedAt, timing } = document.document;
      if (expiresAt <= now) return [problem("document_lost", "The published key set has expired.")];
      if (issuedAt <= now + timing.clockSkewSeconds) return [];
      const ahead = Math.ceil(issuedAt - now);
      return [problem("clock_skewed", `The published key set was issued ${ahead} s in the future: check the clocks.`)];
    }
  }
}

function problem(code: RingProblemCode, message: string, generation?: number): RingProblem {
  return { code, message, generation };
}
