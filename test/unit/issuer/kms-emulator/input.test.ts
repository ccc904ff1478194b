/** Members of a request as they are read: the value, or the refusal of KMS for a wrong type or a value out of its limits. */
import { describe, expect, test } from "vitest";
import { KmsError } from "../../../../issuer/kms-emulator/errors.ts";
import {
  constraintError,
  optionalBoolean,
  optionalBuiltEnum,
  optionalEnum,
  optionalInteger,
  optionalList,
  optionalString,
  requiredBlob,
  requiredBuiltEnum,
  requiredList,
  requiredString,
} from "../../../../issuer/kms-emulator/input.ts";
import type { JsonValue } from "../../../../shared/json.ts";

const LIMITS = { min: 1, max: 3 };
const WRONG_TYPE = "SerializationException";
const OUT_OF_LIMITS = "ValidationException";
const NOT_BUILT = "UnsupportedOperationException";

type Read = (input: Readonly<Record<string, JsonValue>>) => unknown;

const readString: Read = (input) => optionalString(input, "Member", LIMITS);
const readEnum: Read = (input) => optionalEnum(input, "Member", ["RAW", "DIGEST"]);
const readBuilt: Read = (input) => optionalBuiltEnum(input, "Member", ["RSA_2048"], ["SM2"]);
const readInteger: Read = (input) => optionalInteger(input, "Member", LIMITS);
const readBoolean: Read = (input) => optionalBoolean(input, "Member");
const readBlob: Read = (input) => requiredBlob(input, "Member", LIMITS);
const readList: Read = (input) => optionalList(input, "Member", 2);

/** What is read, or the name of the KMS error. */
function outcomeOf(read: Read, input: Readonly<Record<string, JsonValue>>): unknown {
  try {
    return read(input);
  } catch (error) {
    if (error instanceof KmsError) return error.name;
    throw error;
  }
}

test.each<readonly [string, Read, JsonValue, unknown]>([
  ["a string at its least length", readString, "a", "a"],
  ["a string at its greatest length", readString, "abc", "abc"],
  ["a string that is too short", readString, "", OUT_OF_LIMITS],
  ["a string that is too long", readString, "abcd", OUT_OF_LIMITS],
  ["a number for a string", readString, 1, WRONG_TYPE],
  ["a name of a set", readEnum, "DIGEST", "DIGEST"],
  ["a name in another case", readEnum, "digest", OUT_OF_LIMITS],
  ["a list for a name", readEnum, ["RAW"], WRONG_TYPE],
  ["a name that is built", readBuilt, "RSA_2048", "RSA_2048"],
  ["a name that KMS has and the emulator has not", readBuilt, "SM2", NOT_BUILT],
  ["a name that KMS has not", readBuilt, "RSA_1024", OUT_OF_LIMITS],
  ["an integer at its least value", readInteger, 1, 1],
  ["an integer at its greatest value", readInteger, 3, 3],
  ["an integer that is too small", readInteger, 0, OUT_OF_LIMITS],
  ["an integer that is too large", readInteger, 4, OUT_OF_LIMITS],
  ["a fraction", readInteger, 1.5, WRONG_TYPE],
  ["digits for an integer", readInteger, "1", WRONG_TYPE],
  ["a boolean", readBoolean, true, true],
  ["text for a boolean", readBoolean, "true", WRONG_TYPE],
  ["a blob", readBlob, "AAE=", Buffer.of(0, 1)],
  ["a blob without its padding", readBlob, "AAE", WRONG_TYPE],
  ["a blob in base64url", readBlob, "_-8=", WRONG_TYPE],
  ["a blob with a line break", readBlob, "AA\nE=", WRONG_TYPE],
  ["a blob with bits that mean nothing", readBlob, "AAF=", WRONG_TYPE],
  ["a blob that is too short", readBlob, "", OUT_OF_LIMITS],
  ["a blob that is too long", readBlob, "AAECAw==", OUT_OF_LIMITS],
  ["a number for a blob", readBlob, 0, WRONG_TYPE],
  ["a list", readList, [1, "a"], [1, "a"]],
  ["a list that is too long", readList, [1, 2, 3], OUT_OF_LIMITS],
  ["an object for a list", readList, {}, WRONG_TYPE],
])("%s", (_what, read, value, outcome) => {
  expect(outcomeOf(read, { Member: value })).toEqual(outcome);
});

describe("a member that is absent or null", () => {
  const absent = [{}, { Member: null }];

  test.each<readonly [string, Read, unknown]>([
    ["an optional string", readString, undefined],
    ["an optional name", readEnum, undefined],
    ["an optional name that may not be built", readBuilt, undefined],
    ["an optional integer", readInteger, undefined],
    ["a boolean", readBoolean, false],
    ["an optional list", readList, []],
    ["a required string", (input) => requiredString(input, "Member", LIMITS), OUT_OF_LIMITS],
    ["a required name", (input) => requiredBuiltEnum(input, "Member", ["RSA_2048"], []), OUT_OF_LIMITS],
    ["a blob", readBlob, OUT_OF_LIMITS],
    ["a required list", (input) => requiredList(input, "Member", 2), OUT_OF_LIMITS],
  ])("as %s", (_what, read, outcome) => {
    for (const input of absent) expect(outcomeOf(read, input)).toEqual(outcome);
  });
});

test("a refusal names the member as KMS does, and never shows the value", () => {
  expect(constraintError("KeyId", "not be null").message).toBe(
    "1 validation error detected: Value at 'keyId' failed to satisfy constraint: Member must not be null",
  );
  expect(() => requiredBlob({ Message: "canary" }, "Message", LIMITS)).not.toThrow(/canary/);
  expect(() => optionalString({ Marker: "canary" }, "Marker", LIMITS)).not.toThrow(/canary/);
});
