/** What a token says of itself, without verifying anything. Pure. */
import { decodeBase64url } from "../../shared/base64url.ts";
import { parseJsonObject } from "../../shared/json.ts";
import type { JsonObject } from "../../shared/json.ts";
import { parseCompactJws } from "../../shared/jws.ts";
import type { TokenRejection } from "../../shared/rejection.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { toSafeJson } from "../words/text.ts";

export interface InspectedToken {
  readonly verified: false;
  readonly header: JsonObject;
  readonly claims: JsonObject;
  readonly signatureBytes: number;
  /** NumericDates of the claims as ISO 8601, and how far they are from now. */
  readonly times: Readonly<Record<string, { readonly at: string; readonly inSeconds: number }>>;
}

/**
 * Decodes a compact JWT whose header and payload are strict JSON objects. Checks none of their members.
 * @param nowMs epoch milliseconds
 */
export function inspectToken(token: string, nowMs: number): Result<InspectedToken, TokenRejection> {
  const jws = parseCompactJws(token);
  if (!jws.ok) return jws;
  const headerBytes = decodeBase64url(jws.value.encodedHeader);
  if (headerBytes === undefined) return err({ code: "token_malformed", part: "header" });
  const header = parseJsonObject(headerBytes);
  if (!header.ok) return err({ code: "header_invalid", reason: header.error });
  const claims = parseJsonObject(jws.value.payload);
  if (!claims.ok) return err({ code: "claims_invalid", reason: claims.error });
  return ok({
    verified: false,
    header: header.value,
    claims: claims.value,
    signatureBytes: jws.value.signature.length,
    times: readTimes(claims.value, nowMs),
  });
}

function readTimes(claims: JsonObject, nowMs: number): InspectedToken["times"] {
  const times: Record<string, { at: string; inSeconds: number }> = {};
  for (const claim of ["iat", "nbf", "exp", "auth_time"]) {
    const value = claims[claim];
    if (typeof value !== "number" || !Number.isFinite(value) || Math.abs(value) > 8.64e12) continue;
    times[claim] = { at: new Date(value * 1000).toISOString(), inSeconds: Math.round(value - nowMs / 1000) };
  }
  return times;
}

/** The same for people, a line per claim. The token is not verified, so nothing in it reaches the terminal raw. */
export function renderInspection({ header, claims, signatureBytes, times }: InspectedToken): string {
  const lines = [`header    ${toSafeJson(header)}`, "claims"];
  for (const [claim, value] of Object.entries(claims)) {
    const time = times[claim];
    const note = time === undefined ? "" : `   ${time.at} (${describeDistance(time.inSeconds)})`;
    const name = /^[\w:/.-]+$/.test(claim) ? claim : toSafeJson(claim);
    lines.push(`  ${name.padEnd(10)} ${toSafeJson(value)}${note}`);
  }
  lines.push(`signature ${signatureBytes} bytes`);
  return `${lines.join("\n")}\n`;
}

function describeDistance(seconds: number): string {
  return seconds >= 0 ? `in ${seconds} s` : `${-seconds} s ago`;
}
