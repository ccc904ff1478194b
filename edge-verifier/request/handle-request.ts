/**
 * The gateway's decision about one request, in its fixed order: path, route, token, policy, origin. The origin is called
 * in one place, after everything else has agreed.
 */
import { admit } from "./admit.ts";
import type { Admission, AdmissionParts } from "./admit.ts";
import type { OriginConfig } from "../config/config.ts";
import type { Hooks } from "./hooks.ts";
import type { RouteFinder } from "./route.ts";
import { forward } from "./forward.ts";
import type { RemovedNames } from "../http/request-headers.ts";
import { correctHeaders, NEVER_ANSWERED } from "../http/response-headers.ts";
import { closeWithToken, untilExpiry } from "../http/websocket.ts";
import type { WaitUntil } from "../../shared/keys/held-key-set.ts";
import { describeRefusal, describeToken, refused } from "./outcome.ts";
import type { Outcome, Seen } from "./outcome.ts";

export interface GatewayParts extends AdmissionParts {
  readonly findRoute: RouteFinder;
  /** Of rules that name no other. */
  readonly origin: OriginConfig;
  /** Headers that a client cannot send. */
  readonly removed: RemovedNames;
  readonly hooks: Hooks;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

/** What is known about a request before anything is decided. */
export interface RequestContext {
  readonly requestId: string;
  readonly waitUntil: WaitUntil;
}

/** Decides about a request and, if everything agrees, forwards it. */
export async function handleRequest(
  request: Request,
  parts: GatewayParts,
  { requestId, waitUntil }: RequestContext,
): Promise<Outcome> {
  const found = parts.findRoute(request.url, request.method);
  if (!found.ok) return refused(found.error);
  const { target, rule } = found.value;
  const { pattern, requirement, anonymous, reportOnly } = rule;
  const seen: Seen = { route: pattern.text };
  let admission: Admission | undefined;
  let startedMs = parts.clock();
  if (requirement !== undefined) {
    const arrivedMs = startedMs;
    const admitted = admit(request, { requirement, anonymous }, parts, arrivedMs, waitUntil);
    // While a remembered token is looked up the clock stands still, and no other request runs.
    if (admitted instanceof Promise) {
      admission = await admitted;
      startedMs = parts.clock();
    } else admission = admitted;
    const { token, refusal } = admission;
    seen.keysMs = startedMs - arrivedMs;
    if (token !== undefined) {
      describeToken(token, seen);
      if (parts.hooks.nameSubject !== undefined) await parts.hooks.nameSubject(token, seen);
      const limited = refusal === undefined && parts.hooks.onAdmitted && (await parts.hooks.onAdmitted(token, seen));
      if (limited) return limited;
    }
    if (refusal !== undefined && token === undefined && parts.hooks.tokenLocations !== undefined) {
      seen.credentialsIn = parts.hooks.tokenLocations.presentIn(request);
    }
    if (refusal !== undefined && !reportOnly) return refused(refusal, seen);
    if (refusal !== undefined) seen.reported = describeRefusal(refusal);
  }
  const origin = parts.hooks.originOf?.(rule, parts.origin) ?? parts.origin;
  const response = await forward(request, target, admission, requestId, origin, parts);
  seen.originMs = parts.clock() - startedMs;
  if (!response.ok) return refused(response.error, seen);
  const event = { ...seen, decision: "forwarded" } as const;
  const received = response.value;
  // What fetch returns cannot be changed; this has the same body or WebSocket, and headers of its own.
  const answer = new Response(received.body, received);
  answer.headers.delete(NEVER_ANSWERED);
  const token = reportOnly ? undefined : admission?.token;
  const { watch, endBody, tokenLocations } = parts.hooks;
  if (answer.status === 101) {
    const socket =
      token === undefined
        ? answer
        : closeWithToken(answer, watch?.(token) ?? untilExpiry(token.claims.exp * 1000, parts.clock()));
    return { response: tokenLocations?.accept(request, socket) ?? socket, event };
  }
  correctHeaders(answer, target, requirement !== undefined, origin);
  parts.hooks.onOriginAnswer?.(answer.headers, target, origin);
  return { response: (token && endBody?.(answer, rule, token)) ?? answer, event };
}
