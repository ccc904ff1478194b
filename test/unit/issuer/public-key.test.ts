/** `exportPublicKey`: PEM and JWK are the same key, for every algorithm, and hold nothing private. */
import { createPublicKey } from "node:crypto";
import { CreateAliasCommand } from "@aws-sdk/client-kms";
import { exportJWK, importSPKI } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { algsOfKeySpec, kmsAlgorithmOf } from "../../../issuer/kms/algorithms.ts";
import { createKmsSigner } from "../../../issuer/kms/signer.ts";
import { exportPublicKey } from "../../../issuer/public-key.ts";
import { ALGS } from "../../../shared/algorithms.ts";
import type { Alg } from "../../../shared/algorithms.ts";
import { parsePublicJwk } from "../../../shared/jwk.ts";
import { startTestKms } from "../../support/kms.ts";
import type { TestKms } from "../../support/kms.ts";
import { valueOf } from "../../support/values.ts";

let aws: TestKms;
let rsaKey: string;
beforeAll(async () => {
  aws = await startTestKms();
  rsaKey = await aws.createKey("RSA_2048");
});
afterAll(() => aws.close());

async function keyFor(alg: Alg): Promise<string> {
  return kmsAlgorithmOf(alg).keySpecs[0] === "RSA_2048" ? rsaKey : aws.createKeyFor(alg);
}

describe.each(ALGS)("the public key of a %s key", (alg) => {
  test("as PEM is what jose reads, and the same key as the JWK", async () => {
    const keyId = await keyFor(alg);
    const pem = await exportPublicKey(keyId, "pem", { kms: aws.kms });
    const jwk = await exportPublicKey(keyId, "jwk", { kms: aws.kms, alg });
    expect(pem).toMatch(/^-----BEGIN PUBLIC KEY-----\n[\w+/=\n]+\n-----END PUBLIC KEY-----\n$/);
    expect(jwk).toMatchObject(await exportJWK(await importSPKI(pem, alg)));
  });

  test("as JWK has the kid of the tokens, is bound to its algorithm, and holds nothing private", async () => {
    const keyId = await keyFor(alg);
    const jwk = await exportPublicKey(keyId, "jwk", { kms: aws.kms, alg });
    const { kid } = await createKmsSigner({ keyId, alg, kms: aws.kms });
    expect(jwk).toMatchObject({ kid, alg, use: "sig" });
    expect(valueOf(parsePublicJwk(jwk))).toMatchObject({ kid, alg });
  });
});

describe("exporting a public key", () => {
  test("needs no alg where the key fits only one", async () => {
    const keyId = await aws.createKey("ECC_NIST_EDWARDS25519");
    await aws.client.send(new CreateAliasCommand({ AliasName: "alias/exported", TargetKeyId: keyId }));
    expect(await exportPublicKey("alias/exported", "jwk", { kms: aws.kms })).toMatchObject({ alg: "EdDSA" });
  });

  test("as JWK asks which of six algorithms an RSA key is bound to", async () => {
    const exported = exportPublicKey(rsaKey, "jwk", { kms: aws.kms });
    await expect(exported).rejects.toMatchObject({ code: "input_invalid" });
    await expect(exported).rejects.toThrow("RS256, RS384, RS512, PS256, PS384, PS512");
  });

  test("refuses an algorithm that the key does not fit, in both formats", async () => {
    const options = { kms: aws.kms, alg: "ES256" } as const;
    await expect(exportPublicKey(rsaKey, "pem", options)).rejects.toMatchObject({ code: "kms_key_unfit" });
    await expect(exportPublicKey(rsaKey, "jwk", options)).rejects.toMatchObject({ code: "kms_key_unfit" });
  });

  test.each([
    ["ECC_SECG_P256K1", "SIGN_VERIFY"],
    ["RSA_2048", "ENCRYPT_DECRYPT"],
  ] as const)("refuses %s for %s by name", async (spec, usage) => {
    const keyId = await aws.createKey(spec, usage);
    const exported = exportPublicKey(keyId, "pem", { kms: aws.kms });
    await expect(exported).rejects.toMatchObject({ code: "kms_key_unfit" });
    await expect(exported).rejects.toThrow(`${spec} (${usage})`);
  });

  test("gives the PEM exactly the bytes that KMS published", async () => {
    const { spki } = await aws.kms.getPublicKey(rsaKey);
    const pem = await exportPublicKey(rsaKey, "pem", { kms: aws.kms });
    expect(createPublicKey(pem).export({ format: "der", type: "spki" })).toEqual(Buffer.from(spki));
  });
});

test("every spec of the table leads back to the algorithms that name it", () => {
  for (const alg of ALGS) for (const spec of kmsAlgorithmOf(alg).keySpecs) expect(algsOfKeySpec(spec)).toContain(alg);
  expect(algsOfKeySpec("ECC_SECG_P256K1")).toEqual([]);
  expect(algsOfKeySpec("constructor")).toEqual([]);
});
