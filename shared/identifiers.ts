/**
 * The names that travel between issuer and edge, as branded strings and numbers, with the only functions that make them.
 * Once a value carries a brand it has been checked; nothing below this file checks it again.
 */
// oxlint-disable typescript/no-unsafe-type-assertion -- this file is the one place where a checked value receives its brand
import { encodeBase64url } from "./base64url.ts";
import { err, ok } from "./result.ts";
import type { Result } from "./result.ts";

declare const brand: unique symbol;

type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Key ID: in sealgate always the RFC 7638 SHA-256 thumbprint of the public key, never an ARN. */
export type Kid = Branded<string, "Kid">;

/** The `iss` of a token and of a key set document, compared as an exact string. */
export type IssuerUrl = Branded<string, "IssuerUrl">;

/** One accepted `aud` value, compared as an exact string. */
export type Audience = Branded<string, "Audience">;

/** Name of a key ring. Part of KMS alias names and of the KV key, hence the small alphabet. */
export type RingName = Branded<string, "RingName">;

/** NumericDate (RFC 7519 section 2): seconds since 1970-01-01T00:00:00Z. May carry a fraction. */
export type EpochSeconds = Branded<number, "EpochSeconds">;

/** The largest time value a date can have, in seconds (ECMA-262, "Time Values and Time Range"). */
const MAX_EPOCH_SECONDS = 8_640_000_000_000;

const MAX_NAME_LENGTH = 512;

/** Visible ASCII only: such a name cannot break a header, a log line or a KMS alias. */
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

const RING_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** @returns the kid, or undefined when `value` is not a string of 1 to 512 visible ASCII characters. */
export function parseKid(value: unknown): Kid | undefined {
  return isName(value) ? (value as Kid) : undefined;
}

/** @returns the kid that an RFC 7638 thumbprint is, in base64url. */
export function kidOfThumbprint(digest: Uint8Array): Kid {
  return encodeBase64url(digest) as Kid;
}

/**
 * Issuer identifier as RFC 8414 section 2 defines it: an https URL without query or fragment. `http` is accepted for
 * loopback hosts only, so that local development needs no certificate.
 * @returns the issuer, or the rule that `value` breaks.
 */
export function parseIssuerUrl(value: unknown): Result<IssuerUrl, string> {
  // "https://a.example/,https://b.example/" is a URL too, and no token names it.
  if (!isName(value) || value.includes(","))
    return err("must be one URL, without a comma, of at most 512 visible ASCII characters");
  const url = parsePlainUrl(value);
  return url.ok ? ok(value as IssuerUrl) : url;
}

/** What a URL parser lets pass and no name server answers: "*.example.com", "a.example,https". */
const ONE_HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])$/;

/**
 * An absolute URL without credentials, query and fragment: https, or http on a loopback host.
 * @returns the URL, or the rule that the value breaks
 */
export function parsePlainUrl(value: unknown): Result<URL, string> {
  const url = typeof value === "string" ? URL.parse(value) : null;
  if (url === null) return err("must be an absolute URL");
  if (/[?#]/.test(url.href) || url.username + url.password !== "") {
    return err("must have neither credentials nor query nor fragment");
  }
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname))) {
    return err("must use https, or http on a loopback host");
  }
  return ONE_HOST.test(url.hostname) ? ok(url) : err("must name one host, without * or a comma");
}

/** @returns the audience, or undefined when `value` is not a string of 1 to 512 visible ASCII characters. */
export function parseAudience(value: unknown): Audience | undefined {
  return isName(value) ? (value as Audience) : undefined;
}

/** @returns the ring name, or undefined when `value` is not 1 to 63 of a-z, 0-9 and inner hyphens. */
export function parseRingName(value: unknown): RingName | undefined {
  return typeof value === "string" && RING_NAME.test(value) ? (value as RingName) : undefined;
}

/**
 * Strict reading of NumericDate: a finite number, not negative, and no later than a date can be.
 * @returns the time, or undefined.
 */
export function parseEpochSeconds(value: unknown): EpochSeconds | undefined {
  return isEpochSeconds(value) ? value : undefined;
}

/** The same as a question. */
export function isEpochSeconds(value: unknown): value is EpochSeconds {
  return typeof value === "number" && value >= 0 && value <= MAX_EPOCH_SECONDS;
}

/**
 * A time later by some seconds, or earlier by a negative number of them.
 * @throws RangeError when the sum is before 1970 or later than a date can be
 */
export function addSeconds(time: EpochSeconds, seconds: number): EpochSeconds {
  const sum = parseEpochSeconds(time + seconds);
  if (sum === undefined) throw new RangeError("a time outside the range of dates");
  return sum;
}

/** The whole second that a time lies in, as it is signed. */
export function startOfSecond(time: EpochSeconds): EpochSeconds {
  return Math.floor(time) as EpochSeconds;
}

/** Milliseconds of a clock (`Date.now()`) to whole seconds, rounded down. */
export function epochSecondsFromMs(epochMs: number): EpochSeconds {
  return Math.floor(epochMs / 1000) as EpochSeconds;
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length <= MAX_NAME_LENGTH && VISIBLE_ASCII.test(value);
}

/** @param hostname as a URL parser writes it: it has already given an IPv4 address its four decimal parts */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
