/** The four forms of a KeyId, and the names an alias may have. */
import { describe, expect, test } from "vitest";
import { KmsError } from "../../../../issuer/kms-emulator/errors.ts";
import { aliasArn, checkAliasName, keyArn, parseIdentifier } from "../../../../issuer/kms-emulator/identifiers.ts";

const PLACE = { region: "eu-central-1", accountId: "444455556666" };
const KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab";

/** The name of the KMS error that the call ends with. */
function refusalOf(call: () => unknown): string | undefined {
  try {
    call();
  } catch (error) {
    if (error instanceof KmsError) return error.name;
    throw error;
  }
  return undefined;
}

describe("a KeyId", () => {
  test.each([
    [KEY_ID, { kind: "key", keyId: KEY_ID }],
    [keyArn(PLACE, KEY_ID), { kind: "key", keyId: KEY_ID }],
    ["alias/tokens/1", { kind: "alias", name: "alias/tokens/1" }],
    [aliasArn(PLACE, "alias/tokens/1"), { kind: "alias", name: "alias/tokens/1" }],
    ["anything else", { kind: "key", keyId: "anything else" }],
    ["", { kind: "key", keyId: "" }],
  ])("%j is read as %j", (text, identifier) => {
    expect(parseIdentifier(text, PLACE)).toEqual(identifier);
  });

  test("has the ARN that AWS documents", () => {
    expect(keyArn(PLACE, KEY_ID)).toBe(`arn:aws:kms:eu-central-1:444455556666:key/${KEY_ID}`);
    expect(aliasArn(PLACE, "alias/a")).toBe("arn:aws:kms:eu-central-1:444455556666:alias/a");
  });

  test.each([
    ["another service", "arn:aws:s3:::bucket"],
    ["another resource", "arn:aws:kms:eu-central-1:444455556666:grant/1"],
    ["a key without an id", "arn:aws:kms:eu-central-1:444455556666:key/"],
    ["an alias without a name", "arn:aws:kms:eu-central-1:444455556666:alias/"],
    ["an account that has not twelve digits", `arn:aws:kms:eu-central-1:44445555666:key/${KEY_ID}`],
    ["nothing but its beginning", "arn:"],
  ])("that is an ARN of %s is malformed", (_what, arn) => {
    expect(refusalOf(() => parseIdentifier(arn, PLACE))).toBe("InvalidArnException");
  });

  test.each([
    ["Region", `arn:aws:kms:eu-central-2:444455556666:key/${KEY_ID}`],
    ["account", "arn:aws:kms:eu-central-1:444455556667:alias/tokens"],
  ])("of another %s is not found", (_what, arn) => {
    expect(refusalOf(() => parseIdentifier(arn, PLACE))).toBe("NotFoundException");
  });
});

describe("the name of an alias", () => {
  test.each(["alias/a", "alias/sealgate/main/active", "alias/A-z_0/9", "alias/awsome", `alias/${"a".repeat(250)}`])(
    "may be %s",
    (name) => {
      expect(refusalOf(() => checkAliasName(name))).toBeUndefined();
    },
  );

  test.each([
    ["without its prefix", "tokens", "ValidationException"],
    ["with nothing behind the prefix", "alias/", "ValidationException"],
    ["with a character that is not allowed", "alias/a b", "ValidationException"],
    ["with a line break at its end", "alias/a\n", "ValidationException"],
    ["of 257 characters", `alias/${"a".repeat(251)}`, "ValidationException"],
    ["that AWS keeps for itself", "alias/aws/kms", "NotAuthorizedException"],
  ])("%s is refused", (_what, name, error) => {
    expect(refusalOf(() => checkAliasName(name))).toBe(error);
  });
});
