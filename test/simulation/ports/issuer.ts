/** The issuer's half of `ports.ts`: policy, publisher, rotator and signer. */
import { createIssuer } from "../../../issuer/issuer.ts";
import type { AuditEntry } from "../../../issuer/key-ring/act/audit.ts";
import type { RingRequest } from "../../../issuer/key-ring/model/plan.ts";
import { leastDocumentSeconds } from "../../../issuer/key-ring/document-life.ts";
import { ringAlias } from "../../../issuer/key-ring/names.ts";
import { createRingMemory } from "../../../issuer/key-ring/observe/memory.ts";
import { observeRing } from "../../../issuer/key-ring/observe/observe.ts";
import { planRing } from "../../../issuer/key-ring/plan/plan.ts";
import { checkRingPolicy, leadSeconds, signerMaxAgeSeconds } from "../../../issuer/key-ring/policy.ts";
import type { RingPolicy, RingPolicyInput } from "../../../issuer/key-ring/policy.ts";
import { createRingPorts } from "../../../issuer/key-ring/ports.ts";
import { createTaggedDocumentLives } from "../../../issuer/key-ring/sign/document-lives.ts";
import { createTaggedPublishedKeys } from "../../../issuer/key-ring/sign/published-keys.ts";
import { reconcileRing } from "../../../issuer/key-ring/reconcile.ts";
import type { RingPorts } from "../../../issuer/key-ring/reconcile.ts";
import type { ListReport } from "../../../issuer/key-ring/revocations/keep-list.ts";
import { createRingSigner } from "../../../issuer/key-ring/sign/ring-signer.ts";
import type { AmongOthers } from "../../../issuer/key-ring/sign/ring-signer.ts";
import { createRings } from "../../../issuer/rings.ts";
import type { Kms } from "../../../issuer/kms/port.ts";
import { createCloudflareKvPublisher } from "../../../issuer/publish/cloudflare-kv.ts";
import type { KeySetPublisher, RevocationsPublisher } from "../../../issuer/publish/publisher.ts";
import { createRevocations } from "../../../issuer/revocations/revocations.ts";
import type { Revocations } from "../../../issuer/revocations/revocations.ts";
import type { RevocationWriter } from "../../../issuer/revocations/store.ts";
import { parseIssuerUrl, parseRingName } from "../../../shared/identifiers.ts";
import { secondsOf } from "./clock.ts";
import type { HostClock, Random } from "./clock.ts";

/** A policy of `issuer/key-ring/policy.ts` with plain strings for names. What is left out has its default. */
export interface PolicyInput extends Omit<RingPolicyInput, "ring" | "issuer"> {
  /** Default "main". */
  readonly ring?: string;
  readonly issuer: string;
}

/** @throws TypeError that names every rule that the policy breaks */
export function createPolicy({ ring = "main", issuer, ...rest }: PolicyInput): RingPolicy {
  const name = parseRingName(ring);
  const url = parseIssuerUrl(issuer);
  if (name === undefined || !url.ok) throw new TypeError("ring or issuer is not one");
  const checked = checkRingPolicy({ ...rest, ring: name, issuer: url.value });
  if (!checked.ok) throw new TypeError(checked.error.map(({ member, rule }) => `${member}: ${rule}`).join("; "));
  return checked.value;
}

/** The aliases of a ring, with the prefix "alias/". */
export function aliasesOf({ ring }: RingPolicy): {
  readonly active: string;
  readonly root: string;
  readonly generation: (number: number) => string;
  readonly numberedRoot: (number: number) => string;
} {
  return {
    active: ringAlias(ring, { role: "active" }),
    root: ringAlias(ring, { role: "root" }),
    generation: (number) => ringAlias(ring, { role: "generation", number }),
    numberedRoot: (number) => ringAlias(ring, { role: "numbered_root", number }),
  };
}

export interface PublisherOptions {
  readonly policy: RingPolicy;
  readonly clock: HostClock;
  readonly random: Random;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** Up to and including the account segment. */
  readonly baseUrl: string;
  readonly namespaceId: string;
  readonly apiToken: string;
}

/** @throws TypeError for options that can never work */
export function createPublisher({
  policy,
  clock,
  random,
  ...rest
}: PublisherOptions): KeySetPublisher & RevocationsPublisher {
  return createCloudflareKvPublisher({
    ...rest,
    deadlineMs: policy.publishDeadlineSeconds * 1000,
    maxClockSkewSeconds: policy.timing.clockSkewSeconds,
    clock: {
      epochMs: () => clock.epochMs(),
      monotonicMs: () => clock.monotonicMs(),
      sleep: (ms) => new Promise((resolve) => void clock.startTimer(ms, resolve)),
      timeoutSignal(ms) {
        const controller = new AbortController();
        clock.startTimer(ms, () => controller.abort(new DOMException("the call took too long", "TimeoutError")));
        return controller.signal;
      },
      random,
    },
  });
}

export interface RotatorOptions {
  readonly kms: Kms;
  readonly publisher: KeySetPublisher;
  readonly clock: HostClock;
  readonly random: Random;
  /** For the audit. */
  readonly actor?: string;
  readonly onAudit?: (entry: AuditEntry) => void;
  /** Where single tokens can be taken back: the table of the ring, undefined once it is given up, and where lists go. */
  readonly revocations?: RingPorts["revocations"];
}

/** What an operator asks for besides the upkeep. */
export interface Wish {
  readonly request?: RingRequest | undefined;
  /** Key id, ARN or alias of the key to adopt. */
  readonly candidate?: string | undefined;
}

export interface RotatorRun {
  /** Nothing is due any more, as far as this run could see. */
  readonly isConverged: boolean;
  /** Undefined without a request. */
  readonly isRequestDone: boolean | undefined;
  /** Why the request has to wait, or cannot be granted. */
  readonly refusal: string | undefined;
  /** Codes of the steps that failed. */
  readonly faults: readonly string[];
  /** Codes of what is wrong with the ring. */
  readonly problems: readonly string[];
  /** What became of the list of taken-back tokens; undefined where there is none to keep. */
  readonly list?: ListReport | undefined;
}

export interface Rotator {
  /** One reconciliation. @throws SealgateError with a `kms_…` code when the ring cannot be observed */
  run(policy: RingPolicy, wish?: Wish): Promise<RotatorRun>;
  /**
   * What is due now, the most urgent first: the kind of each step, and its reason if it has one, as in "disable_key: revoked".
   * Changes nothing. @throws as `run`
   */
  dryRun(policy: RingPolicy, wish?: Wish): Promise<readonly string[]>;
  /** A new process: nothing is remembered from earlier runs. */
  forget(): void;
}

export function createRotator(options: RotatorOptions): Rotator {
  const { kms, publisher, clock, random, actor = "rotator", onAudit = () => {} } = options;
  let memory = createRingMemory();
  const ports = createRingPorts({
    kms,
    publisher,
    audit: onAudit,
    clock: secondsOf(clock),
    monotonicMs: () => clock.monotonicMs(),
    random,
    revocations: options.revocations,
    startTimer: (delayMs, onTime) => clock.startTimer(delayMs, onTime),
  });
  return {
    async run(policy, { request, candidate } = {}) {
      const report = await reconcileRing(ports, { policy, memory, actor, request, candidate });
      return {
        isConverged: report.isConverged,
        isRequestDone: report.plan.isRequestDone,
        refusal: report.plan.refusal?.code,
        faults: report.steps.flatMap(({ fault }) => fault?.code ?? []),
        problems: report.plan.problems.map(({ code }) => code),
        list: report.list,
      };
    },
    async dryRun(policy, { request, candidate } = {}) {
      const observed = await observeRing(ports, policy, { memory, candidate });
      return planRing(observed, policy, ports.clock(), request).due.map((step) =>
        "reason" in step ? `${step.kind}: ${step.reason}` : step.kind,
      );
    },
    forget() {
      memory = createRingMemory();
    },
  };
}

export interface SignerOptions {
  readonly kms: Kms;
  readonly policy: RingPolicy;
  readonly clock: HostClock;
  /** A new `jti`, unique among all tokens. */
  readonly newJti: () => string;
}

export interface SignedToken {
  readonly token: string;
  readonly kid: string;
  /** `exp`, epoch seconds. */
  readonly expiresAt: number;
}

export interface TokenSigner {
  /** @throws SealgateError with a stable code when no token can be issued */
  sign(claims: object, options: { readonly ttlSeconds: number; readonly audience: string }): Promise<SignedToken>;
}

/** A ring of several, as a process that signs with them sees it. */
export interface SigningRing {
  readonly kms: Kms;
  readonly policy: RingPolicy;
}

export interface RingsSignerOptions extends Omit<SignerOptions, "kms" | "policy"> {
  /** Home first. */
  readonly rings: readonly SigningRing[];
  readonly random: Random;
  /** What a signer goes by before it lets a ring sign that need not; by default what the rotator has noted, and the policy's margins. */
  readonly amongOthers?: (ring: SigningRing) => AmongOthers;
}

/** What the product goes by. */
export function amongOthersOf({ kms, policy }: SigningRing): AmongOthers {
  return {
    documents: createTaggedDocumentLives(kms, policy.ring),
    leastDocumentSeconds: leastDocumentSeconds(policy),
  };
}

/** A new process that issues tokens of the first ring, and of another one while the first cannot. */
export function createRingsSigner(options: RingsSignerOptions): TokenSigner {
  const { rings, clock, random, newJti, amongOthers = amongOthersOf } = options;
  const now = secondsOf(clock);
  const members = rings.map((ring) =>
    createRingSigner({
      ring: ring.policy.ring,
      kms: ring.kms,
      published: createTaggedPublishedKeys(ring.kms),
      amongOthers: amongOthers(ring),
      leadSeconds: leadSeconds(ring.policy.timing),
      maxAgeSeconds: signerMaxAgeSeconds(ring.policy),
      clock: now,
    }),
  );
  const [home] = rings;
  if (home === undefined) throw new TypeError("a signer has a ring");
  return createIssuer({
    issuer: home.policy.issuer,
    rings: createRings(members, {
      nowMs: () => clock.monotonicMs(),
      random,
      startTimer: (delayMs, onTime) => clock.startTimer(delayMs, onTime),
    }),
    maxTokenTtlSeconds: Math.min(...rings.map(({ policy }) => policy.timing.maxTokenTtlSeconds)),
    clock: now,
    newJti,
  });
}

/** A new process that issues tokens of the ring. It learns from the keys' tags which keys edges know. */
export function createSigner({ kms, policy, clock, newJti }: SignerOptions): TokenSigner {
  const { maxTokenTtlSeconds } = policy.timing;
  const now = secondsOf(clock);
  const ring = createRingSigner({
    ring: policy.ring,
    kms,
    published: createTaggedPublishedKeys(kms),
    leadSeconds: leadSeconds(policy.timing),
    maxAgeSeconds: signerMaxAgeSeconds(policy),
    clock: now,
  });
  return createIssuer({ issuer: policy.issuer, ring, maxTokenTtlSeconds, clock: now, newJti });
}

export interface RevokerOptions {
  readonly policy: RingPolicy;
  /** The table of each ring of the issuer. */
  readonly tables: readonly RevocationWriter[];
  readonly clock: HostClock;
}

/** What an auth backend takes tokens back with. */
export function createRevoker({ policy, tables, clock }: RevokerOptions): Revocations {
  const { clockSkewSeconds, maxTokenTtlSeconds } = policy.timing;
  return createRevocations({
    issuer: policy.issuer,
    tables,
    clockSkewSeconds,
    maxTokenTtlSeconds,
    clock: secondsOf(clock),
  });
}
