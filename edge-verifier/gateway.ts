/**
 * The gateway's decision about one request, in its fixed order: path, route, token, policy, origin. The origin is called
 * in one place, after everything else has agreed.
 */
import { admit } from "./admission.ts";
import type { Admission, AdmissionParts } from "./admission.ts";
import type { OriginConfig } from "./config.ts";
import { selectProtocol } from "./http/carriers.ts";
import { readTarget } from "./http/path-guard.ts";
import { forward } from "./http/proxy.ts";
import { correctedHeaders } from "./http/response-headers.ts";
import { closeAtExpiry } from "./http/websocket.ts";
import type { WaitUntil } from "./keys/held-key-set.ts";
import { describeRefusal, describeToken, refused } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";
import type { CompiledPolicy } from "./policy/compile.ts";
import { matchRoute } from "./policy/match.ts";

export interface GatewayParts extends AdmissionParts {
  readonly policy: CompiledPolicy;
  readonly origin: OriginConfig;
  /** Folded names of headers that a client cannot send. */
  readonly removed: ReadonlySet<string>;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

/** Decides about a request and, if everything agrees, forwards it. */
export async function handleRequest(request: Request, parts: GatewayParts, waitUntil: WaitUntil): Promise<Outcome> {
  const target = readTarget(request.url);
  if (!target.ok) return refused({ code: "path_unsafe", reason: target.error });
  const match = matchRoute(parts.policy, request.method, target.value.path);
  if (match.rule === undefined) return refused(match.reason);
  const { pattern, requirement, anonymous, report } = match.rule;
  const route = pattern.text;
  let admission: Admission | undefined;
  if (requirement !== undefined) {
    admission = await admit(request, { requirement, anonymous }, parts, parts.clock(), waitUntil);
    const { refusal, token } = admission;
    if (refusal !== undefined && !report) return refused(refusal, { route, ...describeToken(token) });
  }
  const startedMs = parts.clock();
  const response = await forward(request, target.value, admission, parts);
  const seen = { route, ...describeToken(admission?.token), originMs: parts.clock() - startedMs };
  const reported = admission?.refusal;
  const event = reported === undefined ? seen : { ...seen, reported: describeRefusal(reported) };
  if (!response.ok) return refused(response.error, event);
  const token = report ? undefined : admission?.token;
  const answer =
    token === undefined ? response.value : closeAtExpiry(response.value, token.claims.exp * 1000, parts.clock());
  return {
    response: selectProtocol(request, answer, parts.carriers),
    headers: correctedHeaders(answer, target.value, requirement !== undefined, parts.origin.base),
    event: { decision: "forwarded", ...event },
  };
}
