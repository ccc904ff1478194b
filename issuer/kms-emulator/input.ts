/**
 * Typed readers for the members of a request, with KMS's refusals: a wrong JSON type is a SerializationException, a value
 * outside its constraint a ValidationException. Knows no operation.
 */
import type { JsonObject, JsonValue } from "../../shared/json.ts";
import { KmsError } from "./errors.ts";

/** What KMS says of a value outside its constraint. The value itself is left out: it may be a message to sign. */
export function constraintError(member: string, constraint: string): KmsError {
  const name = member.charAt(0).toLowerCase() + member.slice(1);
  return new KmsError(
    "ValidationException",
    `1 validation error detected: Value at '${name}' failed to satisfy constraint: Member must ${constraint}`,
  );
}

function typeError(member: string, type: string): KmsError {
  return new KmsError("SerializationException", `${member} must be ${type}`);
}

/** The member, with null read as absent, as the AWS JSON protocols do. */
function memberOf(input: JsonObject, member: string): JsonValue | undefined {
  return input[member] ?? undefined;
}

interface LengthLimits {
  readonly min: number;
  readonly max: number;
}

export function optionalString(input: JsonObject, member: string, limits: LengthLimits): string | undefined {
  const value = memberOf(input, member);
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw typeError(member, "a string");
  if (value.length < limits.min) throw constraintError(member, `have length greater than or equal to ${limits.min}`);
  if (value.length > limits.max) throw constraintError(member, `have length less than or equal to ${limits.max}`);
  return value;
}

export function requiredString(input: JsonObject, member: string, limits: LengthLimits): string {
  const value = optionalString(input, member, limits);
  if (value === undefined) throw constraintError(member, "not be null");
  return value;
}

/** One of the `allowed` names. Names are matched exactly, as KMS does. */
export function optionalEnum<Name extends string>(
  input: JsonObject,
  member: string,
  allowed: readonly Name[],
): Name | undefined {
  const value = memberOf(input, member);
  if (value === undefined) return undefined;
  if (typeof value !== "string") throw typeError(member, "a string");
  const found = allowed.find((name) => name === value);
  if (found === undefined) throw constraintError(member, `satisfy enum value set: [${allowed.join(", ")}]`);
  return found;
}

/**
 * The same where KMS has further names that this emulator does not build.
 * @throws KmsError UnsupportedOperationException for one of those
 */
export function optionalBuiltEnum<Name extends string>(
  input: JsonObject,
  member: string,
  built: readonly Name[],
  unbuilt: readonly string[],
): Name | undefined {
  const name = optionalEnum(input, member, [...built, ...unbuilt]);
  const found = built.find((one) => one === name);
  if (name === undefined || found !== undefined) return found;
  throw new KmsError("UnsupportedOperationException", `${member} ${name} is not built in this emulator.`);
}

export function requiredBuiltEnum<Name extends string>(
  input: JsonObject,
  member: string,
  built: readonly Name[],
  unbuilt: readonly string[],
): Name {
  const value = optionalBuiltEnum(input, member, built, unbuilt);
  if (value === undefined) throw constraintError(member, "not be null");
  return value;
}

export function optionalInteger(input: JsonObject, member: string, limits: LengthLimits): number | undefined {
  const value = memberOf(input, member);
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value)) throw typeError(member, "an integer");
  if (value < limits.min) throw constraintError(member, `have value greater than or equal to ${limits.min}`);
  if (value > limits.max) throw constraintError(member, `have value less than or equal to ${limits.max}`);
  return value;
}

export function optionalBoolean(input: JsonObject, member: string): boolean {
  const value = memberOf(input, member);
  if (value === undefined) return false;
  if (typeof value !== "boolean") throw typeError(member, "a boolean");
  return value;
}

/** A blob: padded standard base64 (RFC 4648 section 4) on the wire. Limits are in bytes. */
export function requiredBlob(input: JsonObject, member: string, limits: LengthLimits): Buffer {
  const value = memberOf(input, member);
  if (value === undefined) throw constraintError(member, "not be null");
  if (typeof value !== "string") throw typeError(member, "a base64 string");
  const bytes = Buffer.from(value, "base64");
  // Node's decoder skips what it does not understand; encoding again shows whether it did.
  if (bytes.toString("base64") !== value) throw typeError(member, "a base64 string");
  if (bytes.length < limits.min) throw constraintError(member, `have length greater than or equal to ${limits.min}`);
  if (bytes.length > limits.max) throw constraintError(member, `have length less than or equal to ${limits.max}`);
  return bytes;
}

/** A list of at most `max` items; an absent list is empty. */
export function optionalList(input: JsonObject, member: string, max: number): readonly JsonValue[] {
  const value = memberOf(input, member);
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw typeError(member, "a list");
  if (value.length > max) throw constraintError(member, `have length less than or equal to ${max}`);
  return value;
}

export function requiredList(input: JsonObject, member: string, max: number): readonly JsonValue[] {
  if (memberOf(input, member) === undefined) throw constraintError(member, "not be null");
  return optionalList(input, member, max);
}
