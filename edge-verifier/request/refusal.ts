/**
 * Every way in which the gateway ends a request without the origin's answer: precise here and in the log, generic on the
 * wire. Rejections are the request's fault (4xx), faults are ours or a dependency's (5xx).
 */
import type { ForeignKeysProblemCode } from "../../shared/foreign/problems.ts";
import type { ForeignTokenRejection, TokenRejection, TokenRejectionCode } from "../../shared/rejection.ts";
import type { ConfigProblem } from "../config/config.ts";
import type { KeysUnavailable } from "../../shared/keys/held-key-set.ts";
import type { RevocationsUnavailable } from "../../shared/revocations/problems.ts";
import type { PolicyDenial } from "../policy/checks.ts";
import type { NoRoute } from "../policy/match.ts";
import type { CredentialProblem } from "../http/token-locations.ts";
import type { IdentityProblem } from "../http/identity.ts";
import type { PathProblem } from "../http/path-guard.ts";
import { isWireCode, problemResponse, PROBLEMS } from "../http/problem.ts";
import type { CoreWireCode, Problem, WireCode } from "../http/problem.ts";

/**
 * The evidence of a refusal, by the name of what found it. Holds nothing of a token, a claim's value or a URL, but for what
 * shared/rejection.ts lets an operator see: a kid, and `iss` and `aud` of a token whose signature has held.
 */
export type Refusal =
  | {
      readonly code: "path_unsafe";
      readonly reason: PathProblem | "altered_by_url_parser";
      /** The first thing in the path that a rule may tolerate, as its `tolerate` names it. */
      readonly tolerate?: string | undefined;
    }
  | NoRoute
  | CredentialProblem
  | TokenRejection
  | ForeignTokenRejection
  | KeysUnavailable
  | RevocationsUnavailable
  | KeysUnavailable<ForeignKeysProblemCode>
  | PolicyDenial
  | IdentityProblem
  /** A GET or HEAD with content. */
  | { readonly code: "body_not_allowed" }
  | { readonly code: "origin_unreachable" }
  | { readonly code: "origin_timeout"; readonly timeoutMs: number }
  | { readonly code: "config_invalid"; readonly problems: readonly ConfigProblem[] }
  | { readonly code: "internal_error"; readonly error: string; readonly at: readonly string[] };

/** The evidence of what an optional feature refuses; request/feature-refusal.ts answers it. */
export type FeatureRefusal =
  | { readonly code: "cors_origin_denied" }
  /** Instead of another refusal, to a client that has been refused too often. */
  | { readonly code: "too_many_refusals"; readonly refusal: Refusal | FeatureRefusal | undefined }
  /** From a caller whose token admits them. */
  | { readonly code: "too_many_requests"; readonly by: "subject" | "client" | "token" };

/** What neither is a wire code itself nor says that a token is bad. */
type Renamed = Exclude<Refusal["code"], WireCode | TokenRejectionCode | ForeignTokenRejection["code"]>;

const WIRE_CODE_OF = {
  path_unsafe: "path_ambiguous",
  scope_missing: "insufficient_scope",
  any_scope_missing: "insufficient_scope",
  authentication_too_old: "insufficient_user_authentication",
  acr_not_allowed: "insufficient_user_authentication",
  claim_not_equal: "policy_denied",
  claim_not_one_of: "policy_denied",
  claim_lacks_value: "policy_denied",
  audience_not_allowed: "policy_denied",
  alternatives_denied: "policy_denied",
  identity_too_long: "policy_denied",
  identity_ambiguous: "policy_denied",
} as const satisfies Record<Renamed, CoreWireCode>;

/**
 * The one place where a precise reason becomes a wire code. Every way for a token to be bad is one code: which check
 * failed would help a forger.
 */
export function wireCodeOf(code: Refusal["code"]): CoreWireCode {
  const renamed: Partial<Record<string, CoreWireCode>> = WIRE_CODE_OF;
  return renamed[code] ?? (isWireCode(code) ? code : "invalid_token");
}

/** The protection space of every challenge: a fixed text, so that a challenge says nothing about the request. */
export const DEFAULT_REALM = "sealgate";

/** The response for a refusal. */
export function refusalResponse(refusal: Refusal, realm: string = DEFAULT_REALM): Response {
  const code = wireCodeOf(refusal.code);
  const headers: Record<string, string> = {};
  const own = "answer" in refusal ? refusal.answer : undefined;
  const problem = { ...PROBLEMS[code], ...own };
  if (problem.status === 401 || ALSO_CHALLENGED.includes(code)) {
    headers["WWW-Authenticate"] = `Bearer realm="${realm}"${reason(code, problem, refusal)}`;
  }
  if (refusal.code === "method_not_allowed") headers["Allow"] = refusal.allow.join(", ");
  if ("retryAfterSeconds" in refusal) headers["Retry-After"] = String(refusal.retryAfterSeconds);
  return problemResponse(code, problem, headers);
}

/** Besides 401, which always has a challenge (RFC 9110 section 15.5.2): what other credentials would mend. */
const ALSO_CHALLENGED: readonly WireCode[] = ["invalid_request", "insufficient_scope"];

/** RFC 6750 section 3.1: a request that came without credentials is told of no error. */
function reason(code: WireCode, { detail }: Problem, refusal: Refusal): string {
  if (code === "token_missing") return "";
  return `, error="${code}"${challengeParameters(refusal)}, error_description="${detail}"`;
}

/** What would be enough: RFC 6750 section 3 `scope` (all of them; "one of these" cannot be said), RFC 9470 section 3. */
function challengeParameters(refusal: Refusal): string {
  if (refusal.code === "scope_missing") return `, scope="${refusal.scope.join(" ")}"`;
  if (refusal.code === "acr_not_allowed") return `, acr_values="${refusal.acr.join(" ")}"`;
  if (refusal.code === "authentication_too_old") return `, max_age="${refusal.maxAgeSeconds}"`;
  return "";
}
