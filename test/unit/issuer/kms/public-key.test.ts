/** KMS's public keys as sealgate uses them: one key in three forms, bound to one algorithm, and nothing that edges would refuse. */
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { readSpki, spkiToPem } from "../../../../issuer/kms/public-key.ts";
import { ALGS } from "../../../../shared/algorithms.ts";
import { calculateThumbprint } from "../../../../shared/jwk.ts";
import { publicSpki } from "../../../support/forge.ts";
import { makeKey } from "../../../support/key-sets.ts";
import { errorOf, valueOf } from "../../../support/values.ts";

describe.each(ALGS)("a public key for %s", (alg) => {
  test("is the JWK of the same key, its kid, and a key to verify with", async () => {
    const key = await makeKey(alg);
    const spki = await publicSpki(key);
    const { kid, jwk, keyObject } = valueOf(await readSpki(spki, alg));
    const { kid: _kid, ...material } = key.jwk;
    expect(jwk).toEqual(material);
    expect(kid).toBe(await calculateThumbprint(key.jwk));
    expect(keyObject.type).toBe("public");
    expect(keyObject.export({ format: "der", type: "spki" })).toEqual(Buffer.from(spki));
  });

  test("as PEM is what Node reads as the same key", async () => {
    const spki = await publicSpki(await makeKey(alg));
    const pem = spkiToPem(spki) ?? "";
    expect(pem).toMatch(/^-----BEGIN PUBLIC KEY-----\n[\w+/=\n]+\n-----END PUBLIC KEY-----\n$/);
    expect(createPublicKey(pem).export({ format: "der", type: "spki" })).toEqual(Buffer.from(spki));
  });
});

function spkiOf(publicKey: ReturnType<typeof createPublicKey>): Uint8Array {
  return publicKey.export({ format: "der", type: "spki" });
}

describe("a key is refused", () => {
  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });

  test.each([
    ["nothing", new Uint8Array(0)],
    ["no DER", Buffer.from("-----BEGIN PUBLIC KEY-----")],
    ["a part of a key", spkiOf(ec.publicKey).subarray(0, -1)],
    ["a private key", ec.privateKey.export({ format: "der", type: "pkcs8" })],
  ])("that is %s", async (_what, bytes) => {
    expect(errorOf(await readSpki(bytes, "ES256"))).toBe("not_spki");
    expect(spkiToPem(bytes)).toBeUndefined();
  });

  test.each([
    ["of another curve", spkiOf(ec.publicKey), "ES384", "crv_mismatch"],
    ["of another type", spkiOf(ec.publicKey), "RS256", "kty_mismatch"],
    ["of another kind of signature", spkiOf(generateKeyPairSync("ed448").publicKey), "EdDSA", "crv_mismatch"],
    [
      "that is too small",
      spkiOf(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey),
      "PS256",
      "modulus_too_small",
    ],
  ] as const)("%s", async (_what, spki, alg, problem) => {
    expect(errorOf(await readSpki(spki, alg))).toBe(problem);
  });
});

test("one RSA key has one kid under each algorithm", async () => {
  const spki = spkiOf(generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey);
  const [rs, ps] = [valueOf(await readSpki(spki, "RS256")), valueOf(await readSpki(spki, "PS512"))];
  expect([rs.jwk.alg, ps.jwk.alg]).toEqual(["RS256", "PS512"]);
  expect(rs.kid).toBe(ps.kid);
});
