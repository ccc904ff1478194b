/** Signatures of the embedded KMS hold in other implementations, for each algorithm of each spec. */
import { createHash, createPublicKey, randomBytes, constants, webcrypto, verify as nodeVerify } from "node:crypto";
import type { KeySpec } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import { CASES, HASHES, publicKeyOf, signedBy, verifiesInNode, verifiesInWebCrypto } from "./signing-cases.ts";
import { createKey, setUp } from "./support.ts";

describe("signatures are what KMS would make", () => {
  test("each algorithm of each spec verifies in node:crypto and WebCrypto, from RAW and from DIGEST", async () => {
    const { client } = await setUp();
    const keys = new Map<KeySpec, string>();
    for (const oneCase of CASES) {
      const keyId = keys.get(oneCase.spec) ?? (await createKey(client, oneCase.spec)).keyId;
      keys.set(oneCase.spec, keyId);
      const spki = await publicKeyOf(client, keyId);
      const message = randomBytes(300);
      const digest = createHash(oneCase.hash).update(message).digest();
      for (const [type, bytes] of [
        ["RAW", message],
        ["DIGEST", digest],
        [undefined, message],
      ] as const) {
        const label = `${oneCase.spec} ${oneCase.algorithm} ${type}`;
        const signature = await signedBy(client, keyId, oneCase.algorithm, bytes, type);
        expect([label, verifiesInNode(spki, oneCase, message, signature)]).toEqual([label, true]);
        expect([label, await verifiesInWebCrypto(spki, oneCase, message, signature)]).toEqual([label, true]);
        expect([label, verifiesInNode(spki, oneCase, Buffer.concat([message, Buffer.of(0)]), signature)]).toEqual([
          label,
          false,
        ]);
      }
    }
  });

  test("Ed25519 signs the message itself (RFC 8032), so the signature is the same every time", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client, "ECC_NIST_EDWARDS25519");
    const spki = await publicKeyOf(client, keyId);
    const message = randomBytes(4096);
    const signature = await signedBy(client, keyId, "ED25519_SHA_512", message, "RAW");
    expect(signature).toHaveLength(64);
    expect(nodeVerify(null, message, createPublicKey({ key: spki, format: "der", type: "spki" }), signature)).toBe(
      true,
    );
    const key = await webcrypto.subtle.importKey("spki", spki, "Ed25519", false, ["verify"]);
    expect(await webcrypto.subtle.verify("Ed25519", key, signature, message)).toBe(true);
    expect(await signedBy(client, keyId, "ED25519_SHA_512", message, "RAW")).toEqual(signature);
  });

  test("the PSS salt is as long as the hash, not longer and not shorter", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client, "RSA_2048");
    const key = createPublicKey({ key: await publicKeyOf(client, keyId), format: "der", type: "spki" });
    const message = randomBytes(50);
    for (const [hash, bits, bytes] of HASHES) {
      const algorithm = `RSASSA_PSS_SHA_${bits}` as const;
      const signature = await signedBy(client, keyId, algorithm, message, "RAW");
      for (const saltLength of [0, 20, bytes - 1, bytes, bytes + 1, 256 - bytes - 2]) {
        const options = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
        expect([`${hash} ${saltLength}`, nodeVerify(hash, message, options, signature)]).toEqual([
          `${hash} ${saltLength}`,
          saltLength === bytes,
        ]);
      }
    }
  });
});
