/**
 * Faults for tests: how an emulator that works is made to throttle, fail, hang, cut the connection, lose an answer, sign
 * wrongly or show changes late. Rules only; `faulty-signatures.ts` makes the wrong signatures and the server acts on the
 * rest. With no rule and no delay set, nothing here changes an answer.
 */
import type { KmsErrorName } from "./errors.ts";
import type { SigningAlgorithm } from "./keys.ts";
import { KMS_OPERATIONS } from "./operation-names.ts";
import type { KmsOperation } from "./operation-names.ts";
import { isWholeNumber } from "../../shared/whole-number.ts";
import type { VisibilityDelays } from "./store.ts";

export type ErrorFault =
  | "throttle"
  | "internal_error"
  | "dependency_timeout"
  | "key_unavailable"
  | "expired_credentials"
  | "access_denied";

/** Faults answered as one of KMS's own errors: its name and message. */
export const ERROR_FAULTS: Readonly<Record<ErrorFault, readonly [KmsErrorName, string]>> = {
  throttle: ["ThrottlingException", "Rate exceeded"],
  internal_error: ["KMSInternalException", "An internal error was asked for by a fault rule."],
  dependency_timeout: ["DependencyTimeoutException", "A dependency time-out was asked for by a fault rule."],
  key_unavailable: ["KeyUnavailableException", "An unavailable key was asked for by a fault rule."],
  expired_credentials: ["ExpiredTokenException", "The security token included in the request is expired"],
  access_denied: ["AccessDeniedException", "User is not authorized to perform this operation on this resource"],
};

/**
 * Faults of the connection: `latency` delays the request, `hang` never answers, `reset` cuts the connection before the
 * operation, `lost_answer` after it was carried out, `bad_gateway` answers 502 with HTML, as a proxy in between would.
 */
export const TRANSPORT_FAULTS = ["latency", "hang", "reset", "lost_answer", "bad_gateway"] as const;

/**
 * Faults of Sign: a signature by another key of the same spec (`wrong_key`) under the asked key's name, an answer that names another key
 * (`wrong_key_id`), a digest hashed once more, a PSS salt of the largest length, a signature that is no signature at all.
 */
export const SIGNATURE_FAULTS = [
  "wrong_key",
  "wrong_key_id",
  "double_hash",
  "wrong_salt",
  "garbled_signature",
] as const;

export type TransportFault = (typeof TRANSPORT_FAULTS)[number];
export type SignatureFault = (typeof SIGNATURE_FAULTS)[number];
export type FaultKind = ErrorFault | TransportFault | SignatureFault;

export interface FaultRule {
  readonly operation: KmsOperation | "*";
  readonly kind: FaultKind;
  /** How many calls it hits; every one until `clear()` when left out. */
  readonly times?: number;
  /** How many matching calls pass unharmed before the first hit; 0 when left out. */
  readonly after?: number;
  /** Required by `latency`, refused otherwise. */
  readonly latencyMs?: number;
}

interface ArmedRule {
  readonly rule: FaultRule;
  toSkip: number;
  hitsLeft: number;
}

export class Faults implements VisibilityDelays {
  /** How long readers see the aliases of before a CreateAlias, UpdateAlias or DeleteAlias, in milliseconds. */
  aliasVisibilityDelayMs = 0;
  /** The same for EnableKey, DisableKey, ScheduleKeyDeletion and CancelKeyDeletion. */
  keyStateVisibilityDelayMs = 0;
  /** How long a new key is not found, in milliseconds. */
  newKeyVisibilityDelayMs = 0;
  #rules: ArmedRule[] = [];

  /**
   * Adds a rule. Where several rules hit one call, all latencies add up and the first other one decides.
   * @returns a function that takes the rule back.
   * @throws TypeError for a rule that could never hit.
   */
  add(rule: FaultRule): () => void {
    checkRule(rule);
    const armed: ArmedRule = { rule, toSkip: rule.after ?? 0, hitsLeft: rule.times ?? Infinity };
    this.#rules.push(armed);
    return () => {
      this.#rules = this.#rules.filter((other) => other !== armed);
    };
  }

  /** Takes back all rules and delays. Changes made meanwhile become visible at the instant that was set when they were made. */
  clear(): void {
    this.#rules = [];
    this.aliasVisibilityDelayMs = 0;
    this.keyStateVisibilityDelayMs = 0;
    this.newKeyVisibilityDelayMs = 0;
  }

  /** Milliseconds by which this call is delayed; uses up the latency rules that hit it. */
  takeLatencyMs(operation: KmsOperation): number {
    const hits = this.#rules.filter((armed) => armed.rule.kind === "latency" && hit(armed, operation));
    return hits.reduce((sum, { rule }) => sum + (rule.latencyMs ?? 0), 0);
  }

  /** The error or connection fault that hits this call, if any; uses it up. */
  takeAnswerFault(operation: KmsOperation): ErrorFault | Exclude<TransportFault, "latency"> | undefined {
    for (const armed of this.#rules) {
      const { kind } = armed.rule;
      if (kind !== "latency" && !isSignatureFault(kind) && hit(armed, operation)) return kind;
    }
    return undefined;
  }

  /** The fault of this signature, if any; uses it up. `wrong_salt` waits for a signature that has a salt. */
  takeSignatureFault(algorithm: SigningAlgorithm): SignatureFault | undefined {
    for (const armed of this.#rules) {
      const { kind } = armed.rule;
      if (!isSignatureFault(kind) || (kind === "wrong_salt" && !algorithm.startsWith("RSASSA_PSS"))) continue;
      if (hit(armed, "Sign")) return kind;
    }
    return undefined;
  }
}

function isSignatureFault(kind: FaultKind): kind is SignatureFault {
  return SIGNATURE_FAULTS.some((name) => name === kind);
}

/** Whether the rule hits a call of this operation; counts the call. */
function hit(armed: ArmedRule, operation: KmsOperation): boolean {
  if (armed.rule.operation !== "*" && armed.rule.operation !== operation) return false;
  if (armed.toSkip > 0) {
    armed.toSkip -= 1;
    return false;
  }
  if (armed.hitsLeft === 0) return false;
  armed.hitsLeft -= 1;
  return true;
}

function checkRule({ operation, kind, times, after, latencyMs }: FaultRule): void {
  const kinds: readonly string[] = [...Object.keys(ERROR_FAULTS), ...TRANSPORT_FAULTS, ...SIGNATURE_FAULTS];
  if (!kinds.includes(kind)) throw new TypeError(`fault rule: unknown kind ${kind}`);
  if (operation !== "*" && !KMS_OPERATIONS.includes(operation)) {
    throw new TypeError(`fault rule: unknown operation ${operation}`);
  }
  if (isSignatureFault(kind) && operation !== "Sign" && operation !== "*") {
    throw new TypeError(`fault rule: ${kind} is a fault of Sign, not of ${operation}`);
  }
  if (times !== undefined && !isWholeNumber(times, 1)) {
    throw new TypeError("fault rule: times must be a whole number above 0");
  }
  if (after !== undefined && !isWholeNumber(after, 0)) {
    throw new TypeError("fault rule: after must be a whole number of at least 0");
  }
  if ((kind === "latency") !== (latencyMs !== undefined) || !(latencyMs === undefined || latencyMs > 0)) {
    throw new TypeError("fault rule: latencyMs above 0 belongs to latency, and to no other kind");
  }
}
