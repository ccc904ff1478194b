/**
 * What a person can do to a ring now: the command to copy, and what it does, or why it would be refused. The console runs none of
 * them. Pure: each request is planned as the command would plan it.
 */
import { stalenessBoundSeconds } from "../../shared/timing.ts";
import { planRing } from "../key-ring/index.ts";
import type { Generation, Plan, RingRequest, RingState } from "../key-ring/index.ts";
import { describeNotBefore, describeStep } from "../cli/ring/describe.ts";
import { describeDuration } from "../words/time.ts";

export interface Action {
  readonly title: string;
  /** For a shell. */
  readonly command: string;
  /** What it does, and within which time. */
  readonly effect: string;
  /** Why it would be refused now, and from when it would not be. */
  readonly refusal: string | undefined;
}

export function actionsOf(state: RingState, plan: Plan): readonly Action[] {
  const { observed, active, generations } = state;
  const named = (words: string): string =>
    `sealgate ${words}${observed.ring === "main" ? "" : ` --ring ${observed.ring}`}`;
  if (observed.root === undefined) {
    const effect = "It creates the root key, the first generation, a pending key and the key set.";
    return [{ title: "Create the ring", command: named("ring init"), effect, refusal: undefined }];
  }
  const due: readonly Action[] =
    plan.due.length === 0
      ? []
      : [
          {
            title: "Do what is due",
            command: named("ring reconcile"),
            effect: `It does this now: ${plan.due.map(describeStep).join("; ")}.`,
            refusal: undefined,
          },
        ];
  const rotate: readonly Action[] =
    active === undefined
      ? []
      : [
          {
            title: "Let the pending key sign",
            command: named("ring rotate --wait"),
            effect: "No good token is refused: the old key goes on verifying until its last token has expired.",
            refusal: refusalOf(state, { kind: "rotate", from: active.number }),
          },
        ];
  return [...due, ...rotate, ...generations.flatMap((generation) => revocationOf(generation, state, named))];
}

function revocationOf(
  { phase, kid, number }: Generation,
  state: RingState,
  named: (words: string) => string,
): readonly Action[] {
  if (kid === undefined || phase === "retired" || phase === "revoked") return [];
  const within = describeDuration(stalenessBoundSeconds(state.timing.largest));
  return [
    {
      title: `Revoke generation ${number}`,
      command: named(`ring revoke ${kid}`),
      effect: `Every gateway refuses its tokens within ${within} of the publication, while KV answers.`,
      refusal: refusalOf(state, { kind: "revoke", kid }),
    },
  ];
}

function refusalOf({ observed, policy, now }: RingState, request: RingRequest): string | undefined {
  const { refusal } = planRing(observed, policy, now, request);
  if (refusal === undefined) return undefined;
  const { message, notBefore } = refusal;
  return notBefore === undefined ? message : `${message} ${describeNotBefore(notBefore, now)}`.trimEnd();
}
