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
  const opensFew = opensAtMost(text, MAX_JSON_DEPTH);
  const shape = opensFew ? undefined : scan(text);
  if (!opensFew && shape === undefined) return err("nested_too_deeply");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return err("syntax");
  }
  if (!isJsonObject(value)) return err("not_an_object");
  // What JSON.stringify writes repeats no name, and it is what most issuers write with: then nothing has to be counted.
  if (opensFew && JSON.stringify(value) === text) return ok(value);
  return countMembers(value) === (shape ?? scan(text))?.members ? ok(value) : err("duplicate_member");
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

/** True when the text has no more opening brackets than `limit`, wherever they stand: then it is not nested deeper. */
function opensAtMost(text: string, limit: number): boolean {
  let left = limit;
  for (const bracket of ["{", "["]) {
    for (let index = text.indexOf(bracket); index !== -1; index = text.indexOf(bracket, index + 1)) {
      left -= 1;
      if (left < 0) return false;
    }
  }
  return true;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Counts the colons outside strings, one per member as written, without parsing. A parsed object has fewer members than
 * that exactly when a name was repeated (however the repetition was escaped).
 */
function scan(text: string): { readonly members: number } | undefined {
  let members = 0;
  let depth = 0;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) {
      index = endOfString(text, index + 1);
    } else if (code === COLON) {
      members += 1;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
      depth += 1;
      if (depth > MAX_JSON_DEPTH) return undefined;
    } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
      depth -= 1;
    }
  }
  return { members };
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

function countMembers(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) {
    for (const item of value) members += countMembers(item);
    return members;
  }
  for (const item of Object.values(value)) members += 1 + countMembers(item);
  return members;
}
