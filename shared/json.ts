/**
 * Strict JSON objects (RFC 8259) for everything that is signed: well-formed UTF-8, no byte order mark, no repeated member
 * name, bounded nesting, and an object at the top. Two parsers that read such a text read the same thing. Pure.
 */
import { err, ok } from "./result.ts";
import type { Result } from "./result.ts";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [member: string]: JsonValue | undefined;
}

export type JsonProblem =
  | "not_utf8"
  | "byte_order_mark"
  | "syntax"
  | "not_an_object"
  | "duplicate_member"
  | "nested_too_deeply";

/** Deeper than any claims set or key set needs, shallow enough that a recursive reader cannot exhaust its stack. */
export const MAX_JSON_DEPTH = 32;

// ignoreBOM keeps a byte order mark in the text, where it is seen and refused, instead of dropping it silently.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads one JSON object from bytes.
 *
 * RFC 7519 section 4 lets a parser take the last of several members with the same name; the strict reading, a refusal, is
 * chosen here, because issuer, edge and origin may otherwise see different claims.
 */
export function parseJsonObject(bytes: Uint8Array): Result<JsonObject, JsonProblem> {
  const text = decodeUtf8(bytes);
  return text.ok ? parseJsonObjectText(text.value) : text;
}

/** Text of a JSON document; a byte order mark stays in it, to be refused by who reads it. */
export function decodeUtf8(bytes: Uint8Array): Result<string, "not_utf8"> {
  try {
    return ok(utf8.decode(bytes));
  } catch {
    return err("not_utf8");
  }
}

/** The same for text that is already decoded. */
export function parseJsonObjectText(text: string): Result<JsonObject, JsonProblem> {
  if (text.charCodeAt(0) === 0xfeff) return err("byte_order_mark");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err("syntax");
  }
  if (!isJsonObject(value)) return err("not_an_object");
  const members = countMembers(value, MAX_JSON_DEPTH);
  if (Number.isNaN(members)) return err("nested_too_deeply");
  // What JSON.stringify writes repeats no name, and it is what most issuers write with: then the text need not be read again.
  return JSON.stringify(value) === text || members === countColons(text) ? ok(value) : err("duplicate_member");
}

/** True for what JSON calls an object: neither null nor an array. Meant for values that came out of JSON.parse. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * True for a number that every reader of a JSON text sees alike: beyond 2^53 doubles have gaps, so that 9007199254740993
 * becomes 9007199254740992 (RFC 8259 section 6, RFC 7493 section 2.2).
 */
export function isExactNumber(value: unknown): value is number {
  return Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value));
}

/** True for a whole number that JSON carries exactly, and that is not less than `least`. */
export function isWholeNumber(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && Number(value) >= least;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/**
 * Counts the colons outside strings, one per member as written, without parsing. A parsed object has fewer members than
 * that exactly when a name was repeated (however the repetition was escaped).
 */
function countColons(text: string): number {
  let colons = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) index = endOfString(text, index + 1);
    else if (code === COLON) colons += 1;
  }
  return colons;
}

/** Index of the quote that closes the string begun before `start`, or the end of the text. */
function endOfString(text: string, start: number): number {
  let index = start;
  for (; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) break;
    if (code === BACKSLASH) index += 1;
  }
  return index;
}

/** NaN for a value that is nested deeper than `depth`: no recursion goes further. */
function countMembers(value: unknown, depth: number): number {
  if (typeof value !== "object" || value === null) return 0;
  if (depth === 0) return Number.NaN;
  let members = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const item of Object.values(value)) members += countMembers(item, depth - 1);
  return members;
}
