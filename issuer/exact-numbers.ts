/**
 * Numbers in a JSON text that JavaScript reads as other numbers: 9007199254740993 becomes …992, 1e999 becomes Infinity, and
 * 0.12345678901234567890 loses its last digits. What is signed is what was written, or nothing is signed. Pure.
 */
import { err, ok } from "../shared/result.ts";
import type { Result } from "../shared/result.ts";
import { parseJsonObjectText } from "../shared/json.ts";
import type { JsonObject, JsonProblem } from "../shared/json.ts";
import { SealgateError } from "./errors.ts";

/** A number of a JSON text (RFC 8259 section 6), or a string, which is matched so that its digits are passed over. */
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * Reads a JSON object of claims, strictly, as `parseJsonObjectText` does.
 * @throws SealgateError `claims_refused` for a number that JavaScript does not keep
 */
export function parseExactJsonObject(text: string): Result<JsonObject, JsonProblem> {
  const json = parseJsonObjectText(text);
  if (!json.ok) return err(json.error);
  const inexact = (text.match(STRING_OR_NUMBER) ?? []).find((part) => !part.startsWith('"') && !isKept(part));
  if (inexact === undefined) return ok(json.value);
  throw new SealgateError(
    "claims_refused",
    "The JSON text has a number with more digits than a JSON number keeps: it would be signed as another number. Write it " +
      'as a string ("9007199254740993"), or with fewer digits.',
  );
}

/** Whether the number that JavaScript reads is the number that is written. */
function isKept(literal: string): boolean {
  const value = Number(literal);
  return Number.isFinite(value) && toDecimal(literal) === toDecimal(String(value));
}

/** One text per decimal number: its digits without zeros at either end, and the power of ten of the last one. */
function toDecimal(literal: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  const significant = withoutTrailingZeros(digits);
  if (significant === "") return "0";
  return `${sign}${significant}e${Number(exponent) - fraction.length + (digits.length - significant.length)}`;
}

/** By hand: an expression for this is tried again at each zero, which takes quadratic time. */
function withoutTrailingZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits[end - 1] === "0") end -= 1;
  return digits.slice(0, end);
}
