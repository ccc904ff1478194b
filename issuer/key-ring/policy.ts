/**
 * The policy of a ring: what an operator decides, checked as a whole. Pure. Every broken rule is reported at once, with the
 * numbers in it, because they hang together: an interval is only too short for a given lifetime.
 */
import { ALGS } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import type { IssuerUrl, RingName } from "../../shared/identifiers.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import {
  DEFAULT_TIMING,
  holdSeconds,
  KMS_CONSISTENCY_SECONDS,
  leadSeconds,
  MIN_KV_CACHE_TTL_SECONDS,
} from "../../shared/timing.ts";
import type { RingTiming } from "../../shared/timing.ts";
import { kmsAlgorithmOf } from "../kms/algorithms.ts";
import type { KmsSigningKeySpec } from "../kms/port.ts";
import { isWholeNumber } from "../../shared/whole-number.ts";
import { NO_NEW_KEYS, newKeysProblems } from "./new-keys.ts";
import type { NewKeys } from "./new-keys.ts";
import { settleAfterSeconds } from "./rev.ts";

/** A policy as {@link checkRingPolicy} makes it. */
export interface RingPolicy {
  readonly ring: RingName;
  readonly issuer: IssuerUrl;
  /** Of new generations. A change takes effect with the next rotation. */
  readonly alg: Alg;
  /** Of new keys; fits `alg`. */
  readonly keySpec: KmsSigningKeySpec;
  /** Of new root keys. */
  readonly rootAlg: Alg;
  /** How long a generation signs before the next one takes over. */
  readonly rotateEverySeconds: number;
  readonly timing: RingTiming;
  /** `exp` minus `iat` of a document; it is renewed at half of it. */
  readonly documentLifetimeSeconds: number;
  /** D_r: `exp` minus `iat` of the list of taken-back tokens, which is renewed at half of it. By default the document's. */
  readonly revocationLifetimeSeconds: number;
  /** How often a rotator is expected to run. Used in checks only: nothing here starts it. */
  readonly reconcileEverySeconds: number;
  /** Longest time from observing the ring to carrying out a step that was planned on it. */
  readonly composeDeadlineSeconds: number;
  /** The publisher's own deadline, after which it has given up. */
  readonly publishDeadlineSeconds: number;
  /** How long a stored document may take to reach every KV location; Cloudflare documents "60 seconds or more". Part of W. */
  readonly kvSpreadSeconds: number;
  /**
   * P: how long consumers of the plain JWK Set may cache it. A new key waits for it before it signs, but in an emergency. At
   * least M.
   */
  readonly downstreamCacheSeconds: number;
  /** How long KMS may show an old alias or key state. Part of `timing.signerLagSeconds`. */
  readonly kmsConsistencySeconds: number;
  /** Tags, key policy and description of the keys that a rotator creates. */
  readonly newKeys: NewKeys;
  /** Waiting period of the deletion of retired keys in days, 7 to 30; undefined: keys are kept, disabled. */
  readonly deleteAfterDays: number | undefined;
}

/** What an operator writes; the rest has defaults. An option that is undefined counts as left out. */
export type RingPolicyInput = {
  readonly ring: RingName;
  readonly issuer: IssuerUrl;
  readonly timing?: { readonly [Member in keyof RingTiming]?: RingTiming[Member] | undefined } | undefined;
  readonly newKeys?: { readonly [Member in keyof NewKeys]?: NewKeys[Member] | undefined } | undefined;
} & {
  readonly [Member in Exclude<keyof RingPolicy, "ring" | "issuer" | "timing" | "newKeys">]?:
    | RingPolicy[Member]
    | undefined;
};

/** One broken rule: the member it is about, and a sentence with the numbers. */
export interface PolicyProblem {
  readonly member: string;
  readonly rule: string;
}

const DAY_SECONDS = 86_400;

/** A document that is valid for longer could freeze an edge for longer; the retention of tombstones is derived from it. */
export const MAX_DOCUMENT_LIFETIME_SECONDS: number = 7 * DAY_SECONDS;

const DEFAULTS = {
  alg: "ES256",
  rootAlg: "ES256",
  rotateEverySeconds: 30 * DAY_SECONDS,
  documentLifetimeSeconds: DAY_SECONDS,
  reconcileEverySeconds: 300,
  composeDeadlineSeconds: 30,
  publishDeadlineSeconds: 60,
  kvSpreadSeconds: 60,
  downstreamCacheSeconds: 3600,
  kmsConsistencySeconds: KMS_CONSISTENCY_SECONDS,
} as const;

/** Completes a policy with defaults and checks it as a whole. */
export function checkRingPolicy(input: RingPolicyInput): Result<RingPolicy, readonly PolicyProblem[]> {
  const alg = input.alg ?? DEFAULTS.alg;
  if (!ALGS.includes(alg)) return err([{ member: "alg", rule: `must be one of ${ALGS.join(", ")}` }]);
  const { timing, newKeys, ...changes } = input;
  const defaults: RingPolicy = {
    ...DEFAULTS,
    ring: input.ring,
    issuer: input.issuer,
    alg,
    keySpec: kmsAlgorithmOf(alg).keySpecs[0],
    timing: withChanges(DEFAULT_TIMING, timing ?? {}),
    newKeys: withChanges(NO_NEW_KEYS, newKeys ?? {}),
    deleteAfterDays: undefined,
    revocationLifetimeSeconds: changes.documentLifetimeSeconds ?? DEFAULTS.documentLifetimeSeconds,
  };
  const policy = withChanges(defaults, changes);
  const single = [...checkNumbers(policy), ...checkAlgorithms(policy), ...newKeysProblems(policy.newKeys)];
  // Inequalities over numbers that make no sense by themselves would only add noise.
  const problems = single.length > 0 ? single : checkInequalities(policy);
  return problems.length === 0 ? ok(policy) : err(problems);
}

export { holdSeconds, leadSeconds } from "../../shared/timing.ts";

/** S + K + P + 1: how long a key is listed, by a settled document, before it signs; an emergency does not wait for P. */
export function plannedLeadSeconds(timing: RingTiming, policy: Pick<RingPolicy, "downstreamCacheSeconds">): number {
  return leadSeconds(timing) + policy.downstreamCacheSeconds;
}

/**
 * G: how much later than the hold of a key ends it may be dropped, or passed over for one that edges do not know. A rotator
 * that lets it take over does so before the hold ends, by its own clock, on an observation as old as the compose deadline
 * allows, and KMS may hide that for as long as it lags.
 */
export function graceSeconds(
  timing: RingTiming,
  policy: Pick<RingPolicy, "kmsConsistencySeconds" | "composeDeadlineSeconds">,
): number {
  return policy.kmsConsistencySeconds + policy.composeDeadlineSeconds + timing.clockSkewSeconds;
}

/** How long a signer may go on without having seen where `active` points: A less what KMS itself may lag. */
export function signerMaxAgeSeconds(policy: Pick<RingPolicy, "timing" | "kmsConsistencySeconds">): number {
  return policy.timing.signerLagSeconds - policy.kmsConsistencySeconds;
}

/** @throws TypeError for a policy that {@link checkRingPolicy} has not made: with NaN in it no wait would ever be too short */
export function requireRingPolicy(policy: RingPolicy): void {
  const [problem] = checkNumbers(policy);
  if (problem !== undefined)
    throw new TypeError(`The policy is not one of checkRingPolicy: ${problem.member} ${problem.rule}.`);
}

function checkNumbers(policy: RingPolicy): readonly PolicyProblem[] {
  const { timing } = policy;
  const least: readonly (readonly [member: string, value: number, least: number])[] = [
    ["timing.kvCacheTtlSeconds", timing.kvCacheTtlSeconds, MIN_KV_CACHE_TTL_SECONDS],
    ["timing.memoryTtlSeconds", timing.memoryTtlSeconds, 1],
    ["timing.clockSkewSeconds", timing.clockSkewSeconds, 0],
    ["timing.maxTokenTtlSeconds", timing.maxTokenTtlSeconds, 1],
    ["timing.kvPropagationSeconds", timing.kvPropagationSeconds, 1],
    ["timing.signerLagSeconds", timing.signerLagSeconds, 1],
    ["rotateEverySeconds", policy.rotateEverySeconds, 1],
    ["documentLifetimeSeconds", policy.documentLifetimeSeconds, 1],
    ["revocationLifetimeSeconds", policy.revocationLifetimeSeconds, 1],
    ["reconcileEverySeconds", policy.reconcileEverySeconds, 1],
    ["composeDeadlineSeconds", policy.composeDeadlineSeconds, 1],
    ["publishDeadlineSeconds", policy.publishDeadlineSeconds, 1],
    ["kvSpreadSeconds", policy.kvSpreadSeconds, 0],
    ["downstreamCacheSeconds", policy.downstreamCacheSeconds, 1],
    ["kmsConsistencySeconds", policy.kmsConsistencySeconds, 0],
  ];
  const problems = least
    .filter(([, value, min]) => !isWholeNumber(value, min))
    .map(([member, , min]) => ({ member, rule: `must be a whole number of seconds, at least ${min}` }));
  const { deleteAfterDays: days } = policy;
  // AWS KMS API Reference, ScheduleKeyDeletion: PendingWindowInDays.
  const daysFit = days === undefined || (isWholeNumber(days, 7) && days <= 30);
  return daysFit ? problems : [...problems, { member: "deleteAfterDays", rule: "must be 7 to 30 whole days" }];
}

function checkAlgorithms({ alg, keySpec, rootAlg }: RingPolicy): readonly PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const { keySpecs } = kmsAlgorithmOf(alg);
  if (!keySpecs.includes(keySpec)) {
    problems.push({ member: "keySpec", rule: `${alg} needs ${keySpecs.join(" or ")}, not ${keySpec}` });
  }
  if (!ALGS.includes(rootAlg)) problems.push({ member: "rootAlg", rule: `must be one of ${ALGS.join(", ")}` });
  // KMS signs at most 4096 octets as RAW, and a key set outgrows that.
  else if (kmsAlgorithmOf(rootAlg).messageType === "RAW") {
    problems.push({ member: "rootAlg", rule: `${rootAlg} cannot sign a key set: KMS limits it to 4096 octets` });
  }
  return problems;
}

function checkInequalities(policy: RingPolicy): readonly PolicyProblem[] {
  const { timing, reconcileEverySeconds, documentLifetimeSeconds } = policy;
  const lead = leadSeconds(timing);
  const planned =
    settleAfterSeconds(timing.clockSkewSeconds) + reconcileEverySeconds + plannedLeadSeconds(timing, policy);
  const hold = holdSeconds(timing) + graceSeconds(timing, policy);
  const composing = policy.composeDeadlineSeconds + policy.publishDeadlineSeconds + policy.kvSpreadSeconds;
  // Renewed at half-life by the first run after it; one run may be missed, and edges need S to see the new document.
  const leastLifetime = 2 * (2 * reconcileEverySeconds + lead);
  // Then what is wrong with it is said once, of the document's.
  const listFollows = policy.revocationLifetimeSeconds === documentLifetimeSeconds;
  const rules: readonly (readonly [holds: boolean, member: string, rule: string])[] = [
    [
      policy.rotateEverySeconds >= planned + hold,
      "rotateEverySeconds",
      `must be at least ${planned + hold}: ${planned} until a new key may sign (4K+20, R, S+K+P+1) and ${hold} until the one before is dropped (A+L+2K, G)`,
    ],
    [
      timing.kvPropagationSeconds >= composing,
      "timing.kvPropagationSeconds",
      `must be at least ${composing}: W covers composing, publishing and spreading (composeDeadlineSeconds, publishDeadlineSeconds, kvSpreadSeconds)`,
    ],
    [
      signerMaxAgeSeconds(policy) >= 1,
      "timing.signerLagSeconds",
      `must exceed kmsConsistencySeconds (${policy.kmsConsistencySeconds}): the rest is what a signer has to refresh in`,
    ],
    [
      policy.downstreamCacheSeconds >= timing.memoryTtlSeconds,
      "downstreamCacheSeconds",
      `must be at least timing.memoryTtlSeconds (${timing.memoryTtlSeconds}): the JWK Set may be cached for as long as that`,
    ],
    [
      documentLifetimeSeconds >= leastLifetime,
      "documentLifetimeSeconds",
      `must be at least ${leastLifetime}: half of it has to hold two runs of the rotator and S+K+1`,
    ],
    [
      listFollows || policy.revocationLifetimeSeconds >= leastLifetime,
      "revocationLifetimeSeconds",
      `must be at least ${leastLifetime}: half of it has to hold two runs of the rotator and S+K+1`,
    ],
    [
      listFollows || policy.revocationLifetimeSeconds <= MAX_DOCUMENT_LIFETIME_SECONDS,
      "revocationLifetimeSeconds",
      `must be at most ${MAX_DOCUMENT_LIFETIME_SECONDS}: it is how long a frozen list is believed`,
    ],
    [
      documentLifetimeSeconds <= MAX_DOCUMENT_LIFETIME_SECONDS,
      "documentLifetimeSeconds",
      `must be at most ${MAX_DOCUMENT_LIFETIME_SECONDS}: it is how long a frozen document is believed`,
    ],
  ];
  return rules.filter(([holds]) => !holds).map(([, member, rule]) => ({ member, rule }));
}

/** An option that is there but undefined counts as left out. */
function withChanges<Options extends object>(
  defaults: Options,
  changes: { readonly [Member in keyof Options]?: Options[Member] | undefined },
): Options {
  const changed: Options = { ...defaults };
  for (const [name, value] of Object.entries(changes)) if (value !== undefined) Reflect.set(changed, name, value);
  return changed;
}
