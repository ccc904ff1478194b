/**
 * How a request ended: the response, and what the event says about it. Every handler of the gateway returns one, so that
 * no response can be sent without being seen.
 */
import { excerpt } from "../../shared/rejection.ts";
import type { VerifiedToken } from "../../shared/verify-token.ts";
import { refusalResponse, wireCodeOf } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";
import type { Decision, RequestEvent } from "./event.ts";

export interface Outcome {
  /** With headers that can be changed, unless it is the answer to a WebSocket handshake. */
  readonly response: Response;
  readonly event: Pick<RequestEvent, "decision"> & Partial<RequestEvent>;
}

/** The request ends here; 5xx is a failure, anything else a refusal. */
export function refused(refusal: Refusal, context: Partial<RequestEvent> = {}): Outcome {
  const response = refusalResponse(refusal);
  const decision: Decision = response.status >= 500 ? "failed" : "refused";
  return { response, event: { decision, code: wireCodeOf(refusal.code), refusal, ...context } };
}

/** An unexpected error: its name and where it happened, never its message, which may quote a token or a URL. */
export function crashed(error: unknown): Outcome {
  const { name, stack = "" } = error instanceof Error ? error : { name: typeof error };
  return refused({ code: "internal_error", error: name, at: stack.match(/(?<=^ {4})at .*$/gm) ?? [] });
}

/** What an event will say, as far as it is known. */
export type Seen = { -readonly [Member in keyof RequestEvent]?: RequestEvent[Member] };

/** Notes what an event says about a verified token. */
export function describeToken({ header, claims }: VerifiedToken, seen: Seen): void {
  seen.kid = header.kid;
  seen.alg = header.alg;
  seen.iss = claims.iss;
  if (typeof claims["jti"] === "string") seen.jti = excerpt(claims["jti"]);
}

/** A refusal that was found and, because the rule only reports, not acted on. */
export function describeRefusal(refusal: Refusal): NonNullable<RequestEvent["reported"]> {
  return { code: wireCodeOf(refusal.code), refusal };
}
