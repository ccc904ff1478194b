/**
 * Small helpers to get a checked value, or the reason for its absence, in tests. Web globals only, so that core tests can
 * use them in workerd too.
 */
import { parseAudience, parseKid } from "../../shared/identifiers.ts";
import type { Audience, Kid } from "../../shared/identifiers.ts";
import { isJsonObject } from "../../shared/json.ts";
import type { JsonObject } from "../../shared/json.ts";
import type { Result } from "../../shared/result.ts";

/** The value, which the test has made sure to be there. */
export function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("the test expected a value here");
  return value;
}

/** The value of a result that must be a success. */
export function valueOf<Value, Failure>(result: Result<Value, Failure>): Value {
  if (!result.ok) throw new Error(`the test expected success, not ${JSON.stringify(result.error)}`);
  return result.value;
}

/** The error of a result that must be a failure. */
export function errorOf<Value, Failure>(result: Result<Value, Failure>): Failure {
  if (result.ok) throw new Error("the test expected a failure");
  return result.error;
}

export function kidOf(text: string): Kid {
  return given(parseKid(text));
}

export function audienceOf(text: string): Audience {
  return given(parseAudience(text));
}

/** A JSON object as JSON.parse reads it, which is less strict than the product's parser. */
export function jsonObject(text: string): JsonObject {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value)) throw new TypeError("the test expected a JSON object");
  return value;
}

/** UTF-8 octets of a text. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  // A copy: in some typings the encoder's own array may be of shared memory.
  return new Uint8Array(new TextEncoder().encode(text));
}
