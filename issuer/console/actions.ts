/**
 * What a person can do to a ring now: the command to copy, and what it does, or why it would be refused. The console runs none of
 * them. Pure: each request is planned as the command would plan it.
 */
import { stalenessBoundSeconds } from "../../shared/timing.ts";
import { planRing, rootAnchorsOf } from "../key-ring/index.ts";
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

/** What the commands can name. */
export interface Surroundings {
  /** Of the gateways that the console was given. */
  readonly gateways: readonly string[];
  /** There is a table of taken-back tokens. */
  readonly canTakeBack: boolean;
}

export function actionsOf(state: RingState, plan: Plan, { gateways, canTakeBack }: Surroundings): readonly Action[] {
  const { observed, active, generations } = state;
  const named: Named = (words) => `sealgate ${words}${observed.ring === "main" ? "" : ` --ring ${observed.ring}`}`;
  if (observed.root === undefined) {
    const effect = "It creates the root key, the first generation, a pending key and the key set.";
    return [{ title: "Create the ring", command: named("ring init"), effect, refusal: undefined }];
  }
  const due = `It does this now: ${plan.due.map(describeStep).join("; ")}.`;
  const reconcile = { title: "Do what is due", command: named("ring reconcile"), effect: due, refusal: undefined };
  const rotate = active && {
    title: "Let the pending key sign",
    command: named("ring rotate --wait"),
    effect: "No good token is refused: the old key goes on verifying until its last token has expired.",
    refusal: refusalOf(state, { kind: "rotate", from: active.number }),
  };
  return [
    ...(plan.due.length === 0 ? [] : [reconcile]),
    ...(rotate === undefined ? [] : [rotate]),
    ...(canTakeBack ? [takeBack(state)] : []),
    ...generations.flatMap((generation) => revocationOf(generation, state, named)),
    ...rootChangeOf(state, observed.root.keyArn, named, gateways),
  ];
}

type Named = (words: string) => string;

function takeBack({ observed, timing }: RingState): Action {
  const within = describeDuration(stalenessBoundSeconds(timing.largest));
  return {
    title: "Take back one token",
    command: `sealgate token revoke --ring${observed.ring === "main" ? "" : ` ${observed.ring}`} < stolen`,
    effect: `Gateways refuse it within ${within} of the list that the rotator publishes then. --session and --subject take back more.`,
    refusal: undefined,
  };
}

/** The step of a change of the root key that can be taken next (docs/runbooks/root-change.md). */
function rootChangeOf(state: RingState, from: string, named: Named, gateways: readonly string[]): readonly Action[] {
  const roles = new Set(rootAnchorsOf(state.observed).map(({ role }) => role));
  if (roles.has("next")) {
    const looked = gateways.map((url) => ` --gateway ${url}`).join("");
    return [
      {
        title: "Sign key sets with the next root key",
        command: named(`ring anchors --switch${looked}`),
        effect: "Asking for it states that every Worker pins both root keys: deploy the line of ring anchors first.",
        refusal: refusalOf(state, { kind: "root_switch", from }),
      },
    ];
  }
  if (roles.has("previous")) {
    return [
      {
        title: "Disable the previous root key",
        command: named("ring anchors --retire"),
        effect: "Asking for it states that no Worker pins it any more.",
        refusal: refusalOf(state, { kind: "root_retire" }),
      },
    ];
  }
  return [
    {
      title: "Prepare another root key",
      command: named("ring anchors --prepare"),
      effect: "It creates the key, and nothing signs with it yet: the first of three steps.",
      refusal: refusalOf(state, { kind: "root_prepare", from }),
    },
  ];
}

function revocationOf({ phase, kid, number }: Generation, state: RingState, named: Named): readonly Action[] {
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
