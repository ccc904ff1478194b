/**
 * A gateway's event as it is shown: the members that say what was decided and why, each a bounded text. A log is a stranger's text,
 * so every member is checked, and nothing but these members is taken over. Pure.
 */
import { isJsonObject } from "../../shared/json.ts";
import type { JsonObject } from "../../shared/json.ts";
import { isWholeNumber } from "../../shared/whole-number.ts";
import { withoutTokens } from "./text.ts";

export interface Decision {
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** "forwarded", "answered", "refused" or "failed". */
  readonly decision: string;
  readonly status: number;
  readonly method: string;
  /** The rule's path as it is written in the policy, or the gateway's own endpoint; empty when no rule matched. */
  readonly route: string;
  /** What the client saw; empty when nothing was refused. */
  readonly code: string;
  /** The precise code; empty when nothing was refused, and nothing would have been. */
  readonly reason: string;
  /** What the gateway found, as JSON; empty when it noted nothing. */
  readonly evidence: string;
  /** The rule only reports: the request was forwarded all the same. */
  readonly isReportOnly: boolean;
  /** Of the verified token, or the unknown one that a token names. */
  readonly kid: string;
  readonly requestId: string;
}

/** How many the console keeps, and its page shows; older ones go. */
export const MAX_DECISIONS = 500;

const MAX_CHARACTERS = 300;

/**
 * @param event a parsed line of the gateway's log (docs/gateway-log.md)
 * @param atMs when it was logged, or when it arrived
 * @returns undefined for anything but the event of a request
 */
export function toDecision(event: unknown, atMs: number): Decision | undefined {
  if (!isJsonObject(event) || event["event"] !== "request") return undefined;
  const { decision, status, method, reported } = event;
  if (typeof decision !== "string" || !isWholeNumber(status, 100) || typeof method !== "string") return undefined;
  const isReportOnly = isJsonObject(reported);
  const found = isReportOnly ? reported : event;
  const refusal = isJsonObject(found["refusal"]) ? found["refusal"] : {};
  const { code: reason, ...evidence } = refusal;
  return {
    atMs,
    decision: textOf(decision),
    status,
    method: textOf(method),
    route: textOf(event["route"]),
    code: textOf(found["code"]),
    reason: textOf(reason),
    evidence: describeEvidence(evidence),
    isReportOnly,
    kid: textOf(event["kid"]) || textOf(refusal["kid"]),
    requestId: textOf(event["requestId"]),
  };
}

const TEXTS = ["decision", "method", "route", "code", "reason", "evidence", "kid", "requestId"] as const;

/** For what comes over a connection: the same members, as {@link toDecision} has made them. */
export function isDecision(value: unknown): value is Decision {
  if (!isJsonObject(value)) return false;
  const { atMs, status, isReportOnly } = value;
  const areTexts = TEXTS.every((name) => typeof value[name] === "string");
  return areTexts && isTimeMs(atMs) && isWholeNumber(status, 100) && typeof isReportOnly === "boolean";
}

/** The last time that a Date can hold: https://tc39.es/ecma262/#sec-time-values-and-time-range. */
const LAST_TIME_MS = 8.64e15;

/** Whether a value is a time that can be shown: epoch milliseconds. */
export function isTimeMs(value: unknown): value is number {
  return isWholeNumber(value, 0) && value <= LAST_TIME_MS;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? cut(withoutTokens(value)) : "";
}

function describeEvidence(evidence: JsonObject): string {
  return Object.keys(evidence).length === 0 ? "" : cut(withoutTokens(JSON.stringify(evidence)));
}

function cut(text: string): string {
  return text.length <= MAX_CHARACTERS ? text : `${text.slice(0, MAX_CHARACTERS - 1)}…`;
}
