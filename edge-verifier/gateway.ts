/**
 * The gateway's decision about one request, in its fixed order: path, route, token, policy, origin. The origin is called
 * in one place, after everything else has agreed.
 */
import { err, ok } from "../shared/result.ts";
import type { Result } from "../shared/result.ts";
import type { VerifiedToken } from "../shared/verify-token.ts";
import type { OriginConfig } from "./config.ts";
import { readBearerToken } from "./http/bearer.ts";
import { identityOf } from "./http/identity.ts";
import type { Identity } from "./http/identity.ts";
import { readTarget } from "./http/path-guard.ts";
import { forward } from "./http/proxy.ts";
import type { Refusal } from "./http/refusal.ts";
import type { WaitUntil } from "./keys/held-key-set.ts";
import type { TokenVerifier } from "./keys/token-verifier.ts";
import { describeToken, refused } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";
import type { CompiledPolicy, CompiledRequirement } from "./policy/compile.ts";
import { evaluateRequirement } from "./policy/evaluate.ts";
import { matchRoute } from "./policy/match.ts";

export interface GatewayParts {
  readonly policy: CompiledPolicy;
  readonly verifier: TokenVerifier;
  readonly origin: OriginConfig;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

/** Decides about a request and, if everything agrees, forwards it. */
export async function handleRequest(request: Request, parts: GatewayParts, waitUntil: WaitUntil): Promise<Outcome> {
  const target = readTarget(request.url);
  if (!target.ok) return refused({ code: "path_unsafe", reason: target.error });
  const match = matchRoute(parts.policy, request.method, target.value.path);
  if (match.rule === undefined) return refused(match.reason);
  const { pattern, requirement } = match.rule;
  const route = pattern.text;
  let caller: Caller | undefined;
  if (requirement !== undefined) {
    const admitted = await admit(request.headers.get("authorization"), requirement, parts, waitUntil);
    if (!admitted.ok) return refused(admitted.error.refusal, { route, ...describeToken(admitted.error.token) });
    caller = admitted.value;
  }
  const startedMs = parts.clock();
  const response = await forward(request, target.value, caller?.identity, parts.origin);
  const seen = { route, ...describeToken(caller?.token), originMs: parts.clock() - startedMs };
  if (!response.ok) return refused(response.error, seen);
  return { response: response.value, event: { decision: "forwarded", ...seen } };
}

/** Who calls: a token that satisfies the rule. */
interface Caller {
  readonly token: VerifiedToken;
  readonly identity: Identity;
}

/** `token` is there when the token was good and the policy was not satisfied. */
interface NotAdmitted {
  readonly refusal: Refusal;
  readonly token: VerifiedToken | undefined;
}

async function admit(
  authorization: string | null,
  requirement: CompiledRequirement,
  { verifier, clock }: GatewayParts,
  waitUntil: WaitUntil,
): Promise<Result<Caller, NotAdmitted>> {
  const bearer = readBearerToken(authorization);
  if (!bearer.ok) return err({ refusal: bearer.error, token: undefined });
  const nowMs = clock();
  const verified =
    verifier.recall(bearer.value, nowMs, waitUntil) ?? (await verifier.verify(bearer.value, nowMs, waitUntil));
  if (!verified.ok) return err({ refusal: verified.error, token: undefined });
  const token = verified.value;
  const identity = identityOf(token);
  if (!identity.ok) return err({ refusal: identity.error, token });
  const denial = evaluateRequirement(requirement, token.claims, identity.value.scopes);
  return denial === undefined ? ok({ token, identity: identity.value }) : err({ refusal: denial, token });
}
