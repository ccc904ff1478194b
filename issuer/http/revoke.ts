/**
 * Taking tokens back over HTTP, for callers that hold the secret: `POST /revoke` with a token (RFC 7009), and
 * `POST /sessions/<sid>/revoke`. A revocation that was not written is never answered 200.
 *
 * A caller shows tokens of its users, so that they are verified first. For one that nothing accepts the answer is 200, and nothing
 * is written: what was asked for is so already (RFC 7009 section 2.2), and tokens that anybody makes up fill no list.
 */
import type { Context } from "hono";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { SealgateError, explain } from "../errors.ts";
import { proveToken } from "../revocations/prove-token.ts";
import type { TokenVerifier } from "../revocations/prove-token.ts";
import type { Revocations, Revoked } from "../revocations/revocations.ts";
import { readText } from "./body.ts";
import { problem } from "./problem.ts";

export interface Revoking {
  readonly revocations: Revocations;
  /** Of the tokens that are shown. */
  readonly verifier: TokenVerifier;
  /** K of the rings. */
  readonly clockSkewSeconds: number;
  readonly clock: () => EpochSeconds;
}

/** What became of a request; holds no token and no session. `jti` joins it with the entry of the signature. */
export interface RevocationAnswer {
  readonly response: Response;
  /** Why nothing was written: of a fault, or of the token that nothing accepts. */
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly jti?: string | undefined;
  /** The entry's key in the tables. */
  readonly entry?: string | undefined;
  readonly stored?: readonly string[] | undefined;
  /** Tables that may lack the entry, by the code of the fault. */
  readonly failed?: Readonly<Record<string, string>> | undefined;
}

const FORM = "application/x-www-form-urlencoded";

/** `POST /revoke`, after the caller has been authenticated. */
export async function revokeToken(context: Context, revoking: Revoking): Promise<RevocationAnswer> {
  const token = await readToken(context);
  if (!token.ok) {
    const response = oauthError(context, 400, "invalid_request", token.error);
    return { response, code: "input_invalid", message: token.error };
  }
  const { revocations, verifier, clockSkewSeconds, clock } = revoking;
  try {
    const proven = await proveToken(verifier, token.value, clockSkewSeconds, clock());
    if (!proven.ok) return { response: context.body(null, 200), code: proven.error.code };
    const revoked = await revocations.revokeToken(proven.value);
    return { response: context.body(null, 200), jti: proven.value.jti, ...summaryOf(revoked) };
  } catch (error) {
    if (!(error instanceof SealgateError)) throw error;
    const { code, message } = error;
    // The token is good, and has nothing that it could be taken back by.
    if (code !== "input_invalid") return unavailable(context, error);
    return { response: oauthError(context, 400, "unsupported_token_type", message), code, message };
  }
}

/**
 * `POST /sessions/<sid>/revoke`, after the caller has been authenticated.
 * @param sid as {@link sessionOf} has read it
 */
export async function revokeSession(context: Context, sid: string, revoking: Revoking): Promise<RevocationAnswer> {
  try {
    const revoked = await revoking.revocations.revokeSession(sid);
    return { response: context.body(null, 200), ...summaryOf(revoked) };
  } catch (error) {
    if (!(error instanceof SealgateError)) throw error;
    const { code, message } = error;
    if (code !== "input_invalid") return unavailable(context, error);
    return { response: problem(context, 400, code, message), code, message };
  }
}

/** A segment of a path as it has to be sent (RFC 3986 section 3.3). */
const SEGMENT = /^(?:[\w.~!$&'()*+,;=:@-]|%[\dA-Fa-f]{2})+$/;

/**
 * The session that a request is about, from its target as it was sent: a URL that was parsed has lost the session `..`, say.
 * @returns undefined for another target; `invalid` for text that is no percent-encoded UTF-8
 */
export function sessionOf(target: string): Result<string, "invalid"> | undefined {
  const [, segment] = /^\/sessions\/([^/?]*)\/revoke(?:\?.*)?$/.exec(target) ?? [];
  if (segment === undefined) return undefined;
  if (!SEGMENT.test(segment)) return err("invalid");
  try {
    return ok(decodeURIComponent(segment));
  } catch {
    return err("invalid");
  }
}

/** RFC 7009 section 2.1. What kind of token it is, as `token_type_hint` says, is seen from the token itself. */
async function readToken(context: Context): Promise<Result<string, string>> {
  const [type = ""] = (context.req.header("content-type") ?? "").split(";");
  if (type.trim().toLowerCase() !== FORM) return err(`The body must be ${FORM}.`);
  const text = await readText(context.req.raw.body);
  if (!text.ok) return text;
  const form = new URLSearchParams(text.value);
  for (const name of ["token", "token_type_hint"]) {
    if (form.getAll(name).length > 1) return err(`The parameter ${name} is there twice.`);
  }
  // A file that the token is read from ends with a line feed.
  const token = (form.get("token") ?? "").trim();
  return token === "" ? err("The parameter token is missing.") : ok(token);
}

function summaryOf({ entry, stored, failed }: Revoked): Pick<RevocationAnswer, "entry" | "stored" | "failed"> {
  if (failed.length === 0) return { entry, stored };
  return { entry, stored, failed: Object.fromEntries(failed.map(({ table, code }) => [table, code])) };
}

/** Seconds. A table that is missing or full is not mended within one. */
const RETRY_AFTER = { soon: "1", later: "60" };

/** What DynamoDB says of tables and accounts is for the operator's log, not for callers. */
function unavailable(context: Context, error: SealgateError): RevocationAnswer {
  const { code, retryable } = error;
  const detail = "Nothing was revoked: the token or session is as good as before. Try again.";
  const isSoon = retryable && code !== "revocations_full";
  const headers = { "Retry-After": isSoon ? RETRY_AFTER.soon : RETRY_AFTER.later };
  return { response: problem(context, 503, code, detail, headers), code, message: explain(error) };
}

/** RFC 6749 section 5.2, as RFC 7009 section 2.2.1 asks for. */
export function oauthError(
  context: Context,
  status: 400 | 401,
  error: "invalid_request" | "invalid_client" | "unsupported_token_type",
  description: string,
): Response {
  const headers: Readonly<Record<string, string>> = status === 401 ? { "WWW-Authenticate": "Bearer" } : {};
  // Quotation marks and backslashes have no place in a description.
  return context.json({ error, error_description: description.replaceAll(/["\\]/g, "'") }, status, headers);
}
