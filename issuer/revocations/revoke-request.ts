/** What callers ask of a revoker: `{ token }`, `{ jti, expiresAt? }`, `{ sid }` or `{ sub, issuedBefore? }`. */
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { isJsonObject } from "../../shared/json.ts";
import type { JsonValue } from "../../shared/json.ts";
import { SealgateError } from "../errors.ts";
import type { RevocationTiming } from "./entry.ts";
import type { Revocations, Revoked } from "./revocations.ts";

/** Times are epoch seconds. */
export type RevokeRequest =
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "jti"; readonly jti: string; readonly expiresAt: number | undefined }
  | { readonly kind: "sid"; readonly sid: string }
  | { readonly kind: "sub"; readonly sub: string; readonly issuedBefore: number | undefined };

/** One that names what is to be taken back, so that there is no token to verify. */
export type NamedRevokeRequest = Exclude<RevokeRequest, { readonly kind: "token" }>;

const KINDS = ["token", "jti", "sid", "sub"] as const;

/** What else may stand beside each. */
const TIMES: Readonly<Record<(typeof KINDS)[number], string | undefined>> = {
  token: undefined,
  jti: "expiresAt",
  sid: undefined,
  sub: "issuedBefore",
};

/**
 * Strict: a misspelt member must not become the revocation of something else.
 * @param what how the message calls the value
 * @throws SealgateError `input_invalid`
 */
export function parseRevokeRequest(value: unknown, what: string): RevokeRequest {
  if (!isJsonObject(value)) throw invalid(`The ${what} must be an object`);
  const kinds = KINDS.filter((kind) => Object.hasOwn(value, kind));
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) throw invalid(`The ${what} must have one of token, jti, sid and sub`);
  const unknown = Object.keys(value).find((name) => name !== kind && name !== TIMES[kind]);
  if (unknown !== undefined) throw invalid(`${JSON.stringify(unknown)} is no member of the ${what} beside ${kind}`);
  const text = value[kind];
  if (typeof text !== "string" || text === "") throw invalid(`${kind} must be a text that is not empty`);
  switch (kind) {
    case "token":
      return { kind, token: text };
    case "jti":
      return { kind, jti: text, expiresAt: takeNumber("expiresAt", value["expiresAt"]) };
    case "sid":
      return { kind, sid: text };
    case "sub":
      return { kind, sub: text, issuedBefore: takeNumber("issuedBefore", value["issuedBefore"]) };
  }
}

/**
 * Whether a token that the request would take back can still be alive, by the bounds of `endOf`: a mistyped time must not pass for a
 * revocation.
 * @param timing the largest of all rings
 */
export function canBeAlive(
  request: NamedRevokeRequest,
  { clockSkewSeconds: k, maxTokenTtlSeconds: l }: RevocationTiming,
  now: EpochSeconds,
): boolean {
  switch (request.kind) {
    case "jti":
      return request.expiresAt === undefined || request.expiresAt + 2 * k > now;
    case "sid":
      return true;
    case "sub":
      return request.issuedBefore === undefined || request.issuedBefore + l + 3 * k >= now;
  }
}

/** @throws SealgateError as the method of `Revocations` that is called */
export function revokeBy(revocations: Revocations, request: NamedRevokeRequest): Promise<Revoked> {
  switch (request.kind) {
    case "jti":
      return revocations.revokeToken(request);
    case "sid":
      return revocations.revokeSession(request.sid);
    case "sub":
      return revocations.revokeSubject(request.sub, request);
  }
}

function takeNumber(name: string, value: JsonValue | undefined): number | undefined {
  if (value === undefined || typeof value === "number") return value;
  throw invalid(`${name} must be a number: epoch seconds`);
}

function invalid(rule: string): SealgateError {
  return new SealgateError("input_invalid", `Nothing was revoked: ${rule}.`);
}
