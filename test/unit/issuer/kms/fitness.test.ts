/** Whether a KMS key can be used: spec, usage, state and public key, each refusal with what was found. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  algOfKey,
  readPublicKeyFor,
  requireAlgs,
  requireEnabled,
  requireFit,
  toPublicKey,
} from "../../../../issuer/kms/fitness.ts";
import { describeGeneration } from "../../../../issuer/kms/key-description.ts";
import { kmsAlgorithmOf } from "../../../../issuer/kms/algorithms.ts";
import { ALGS } from "../../../../shared/algorithms.ts";
import { TEST_RING } from "../../../support/key-sets.ts";
import { startTestKms } from "../../../support/kms.ts";
import type { TestKms } from "../../../support/kms.ts";

const NAME = "alias/a";
const signing = (keySpec: string) => ({ keySpec, keyUsage: "SIGN_VERIFY" });
const encrypting = (keySpec: string) => ({ keySpec, keyUsage: "ENCRYPT_DECRYPT" });
const unfit = (message: string): unknown =>
  expect.objectContaining({ code: "kms_key_unfit", retryable: false, message: expect.stringContaining(message) });

describe("spec and usage", () => {
  test.each(ALGS)("fit %s by the table of specs, and for signing only", (alg) => {
    const { keySpecs } = kmsAlgorithmOf(alg);
    for (const spec of keySpecs) {
      expect(() => requireFit(NAME, signing(spec), alg)).not.toThrow();
      expect(() => requireFit(NAME, encrypting(spec), alg)).toThrow(unfit(`${spec} (ENCRYPT_DECRYPT)`));
    }
    for (const spec of ["ECC_SECG_P256K1", "SYMMETRIC_DEFAULT", ""]) {
      const message = `KMS key ${NAME} is ${spec} (SIGN_VERIFY); ${alg} needs ${keySpecs.join(" or ")} with`;
      expect(() => requireFit(NAME, signing(spec), alg)).toThrow(unfit(message));
    }
  });

  test("of a key without an algorithm are refused by name", () => {
    expect(requireAlgs(NAME, signing("RSA_3072"))).toEqual(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]);
    expect(requireAlgs(NAME, signing("ECC_NIST_P384"))).toEqual(["ES384"]);
    expect(() => requireAlgs(NAME, signing("ECC_SECG_P256K1"))).toThrow(unfit("ECC_SECG_P256K1 (SIGN_VERIFY)"));
    expect(() => requireAlgs(NAME, encrypting("RSA_2048"))).toThrow(unfit("RSA_2048 (ENCRYPT_DECRYPT)"));
  });
});

describe("the algorithm of a ring's key", () => {
  test.each([
    ["the tag of an RSA key decides", signing("RSA_2048"), "PS256", "RS256", "PS256"],
    ["an RSA key without a tag is what the policy prefers", signing("RSA_2048"), undefined, "RS384", "RS384"],
    ["an RSA key without both says nothing", signing("RSA_2048"), undefined, undefined, undefined],
    ["a preference that the key does not fit says nothing", signing("RSA_2048"), undefined, "ES256", undefined],
    ["a key that fits one algorithm needs no word", signing("ECC_NIST_P256"), undefined, undefined, "ES256"],
    ["a preference does not outweigh what the key is", signing("ECC_NIST_P256"), undefined, "RS256", "ES256"],
    ["a tag that contradicts the key makes it unfit", signing("ECC_NIST_P256"), "ES384", "ES256", undefined],
    ["a key that encrypts has none, whatever its tag", encrypting("RSA_2048"), "RS256", "RS256", undefined],
  ] as const)("%s", (_rule, key, tagged, preferred, expected) => {
    expect(algOfKey(key, tagged, preferred)).toBe(expected);
  });

  const made = { ...signing("RSA_2048"), description: describeGeneration(TEST_RING, 3, "PS256", "Owner: platform") };

  test.each([
    ["its tag was removed", made, undefined, "RS512", "PS256"],
    ["its tag was changed", made, "RS256", "RS512", "PS256"],
    ["nothing else says one", made, undefined, undefined, "PS256"],
    ["unless it cannot sign by it", { ...made, keySpec: "ECC_NIST_P256" }, undefined, "ES256", undefined],
  ] as const)("is what sealgate made the key for: %s", (_case, key, tagged, preferred, expected) => {
    expect(algOfKey(key, tagged, preferred)).toBe(expected);
  });
});

describe("the state", () => {
  test("Enabled can be used", () => {
    expect(() => requireEnabled(NAME, { keyState: "Enabled" })).not.toThrow();
  });

  test.each([
    ["Disabled", "kms_key_disabled", false],
    ["PendingDeletion", "kms_key_pending_deletion", false],
    ["Creating", "kms_key_unavailable", true],
    ["PendingImport", "kms_key_unavailable", true],
    ["Unavailable", "kms_key_unavailable", true],
  ] as const)("%s is %s", (keyState, code, retryable) => {
    const message = `KMS key ${NAME} is in the state ${keyState}; only an enabled key can be used.`;
    const fault = expect.objectContaining({ code, retryable, message });
    expect(() => requireEnabled(NAME, { keyState })).toThrow(fault);
  });
});

describe("the public key", () => {
  let aws: TestKms;
  let keyArn: string;
  let otherArn: string;
  beforeAll(async () => {
    aws = await startTestKms();
    keyArn = await aws.createKeyFor("ES256");
    otherArn = await aws.createKeyFor("ES256");
  });
  afterAll(() => aws.close());

  test("is that of the key that was asked for", async () => {
    const [one, other] = [
      await readPublicKeyFor(aws.kms, keyArn, "ES256"),
      await readPublicKeyFor(aws.kms, otherArn, "ES256"),
    ];
    expect(one.jwk.alg).toBe("ES256");
    expect(one.kid).not.toBe(other.kid);
    expect(one.keyObject.asymmetricKeyDetails).toEqual({ namedCurve: "prime256v1" });
  });

  test("of another key than was asked for is refused", async () => {
    const swapping = { ...aws.kms, getPublicKey: () => aws.kms.getPublicKey(otherArn) };
    await expect(readPublicKeyFor(swapping, keyArn, "ES256")).rejects.toMatchObject({ code: "kms_wrong_key" });
  });

  test("of a key that does not fit is refused", async () => {
    await expect(readPublicKeyFor(aws.kms, keyArn, "ES384")).rejects.toThrow(unfit("ECC_NIST_P256"));
  });

  test("that edges would refuse is refused here, whatever KMS says of it", async () => {
    const answer = await aws.kms.getPublicKey(keyArn);
    const broken = toPublicKey(NAME, { ...answer, spki: answer.spki.subarray(1) }, "ES256");
    await expect(broken).rejects.toThrow(unfit("its public key cannot be used for ES256: not_spki"));
    const p384 = await aws.kms.getPublicKey(await aws.createKeyFor("ES384"));
    await expect(toPublicKey(NAME, { ...answer, spki: p384.spki }, "ES256")).rejects.toThrow(unfit("crv_mismatch"));
  });
});
