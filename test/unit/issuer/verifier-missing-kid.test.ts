/**
 * Tokens without `kid`, as jwt-go-aws-kms, golang-jwt and jsonwebtoken sign by default: refused, unless the caller says that its one
 * key stands for all of them.
 */
import { CreateAliasCommand, DisableKeyCommand, UpdateAliasCommand } from "@aws-sdk/client-kms";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createKmsSigner } from "../../../issuer/kms/signer.ts";
import { createKmsVerifier } from "../../../issuer/verifier.ts";
import type { KmsVerifier, KmsVerifierSettings } from "../../../issuer/verifier.ts";
import type { Alg } from "../../../shared/algorithms.ts";
import { errorOf, valueOf } from "../../support/values.ts";
import { ISSUER, startVerifierBench } from "./verifier-support.ts";
import type { VerifierBench } from "./verifier-support.ts";

let bench: VerifierBench;
beforeAll(async () => {
  bench = await startVerifierBench();
});
afterAll(() => bench.aws.close());
afterEach(() => {
  bench.aheadSeconds = 0;
});

/** What those libraries sign: `alg`, mostly `typ`, and no `kid`. */
async function nameless(keyId: string, header: object = {}, alg: Alg = "ES256"): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const input = `${encode({ alg, typ: "JWT", ...header })}.${encode({ iss: ISSUER, aud: "api", sub: "u", iat, exp: iat + 300 })}`;
  const signer = await createKmsSigner({ keyId, alg, kms: bench.aws.kms });
  const signature = await signer.sign(input);
  return `${input}.${Buffer.from(signature).toString("base64url")}`;
}

function verifierFor(keyId: string, changes: Partial<KmsVerifierSettings> = {}, alg: Alg = "ES256"): KmsVerifier {
  return bench.verifierFor(alg, { acceptMissingKid: true, ...changes }, keyId);
}

describe.each(["local", "kms"] as const)("in mode %s", (mode) => {
  test("is refused by default, and accepted by a verifier that was told so; the answer names the key", async () => {
    const keyId = bench.keyFor("ES256");
    const token = await nameless(keyId);
    expect(errorOf(await bench.verifierFor("ES256", { mode }).verify(token))).toEqual({ code: "kid_missing" });
    const { kid } = await bench.issue("ES256");
    expect(valueOf(await verifierFor(keyId, { mode }).verify(token))).toMatchObject({
      header: { alg: "ES256", kid, typ: "jwt" },
      claims: { sub: "u" },
    });
  });

  test("goes through every other check", async () => {
    const keyId = bench.keyFor("ES256");
    const token = await nameless(keyId);
    const codeOf = async (text: string, changes: Partial<KmsVerifierSettings> = {}): Promise<string> =>
      errorOf(await verifierFor(keyId, { mode, ...changes }).verify(text)).code;
    const [header, payload, signature = ""] = token.split(".");
    expect(await codeOf(`${header}.${payload}.${Buffer.alloc(64, 7).toString("base64url")}`)).toBe("signature_invalid");
    expect(await codeOf(`${header}.${Buffer.from('{"sub":"admin"}').toString("base64url")}.${signature}`)).toBe(
      "signature_invalid",
    );
    expect(await codeOf(await nameless(await bench.aws.createKeyFor("ES256")))).toBe("signature_invalid");
    expect(await codeOf(await nameless(keyId, { crit: ["b64"] }))).toBe("header_critical");
    expect(await codeOf(await nameless(keyId, { alg: "none" }))).toBe("alg_not_allowed");
    expect(await codeOf(await nameless(keyId, { alg: "RS256" }))).toBe("alg_not_allowed");
    expect(await codeOf(await nameless(keyId, { typ: "secevent+jwt" }))).toBe("typ_not_allowed");
    expect(await codeOf(await nameless(keyId, { kid: 7 }))).toBe("header_invalid");
    expect(await codeOf(token, { issuer: "https://other.example.com" })).toBe("issuer_mismatch");
    expect(await codeOf(token, { audiences: ["other"] })).toBe("audience_mismatch");
    bench.aheadSeconds = 3600;
    expect(await codeOf(token)).toBe("token_expired");
  });

  test("a token that names another key is not verified with the one key", async () => {
    const keyId = bench.keyFor("ES256");
    const verifier = verifierFor(keyId, { mode });
    expect(errorOf(await verifier.verify(await nameless(keyId, { kid: "another" }))).code).toBe("kid_unknown");
  });

  test("a key that is disabled is revoked for it too", async () => {
    const keyId = await bench.aws.createKeyFor("ES256");
    const token = await nameless(keyId);
    const verifier = verifierFor(keyId, { mode });
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    await bench.aws.client.send(new DisableKeyCommand({ KeyId: keyId }));
    verifier.clearPublicKeyCache();
    expect(errorOf(await verifier.verify(token))).toEqual({ code: "kid_revoked" });
  });
});

test.each(["RS256", "EdDSA"] as const)("works for %s", async (alg) => {
  const keyId = bench.keyFor(alg);
  expect(await verifierFor(keyId, {}, alg).verify(await nameless(keyId, {}, alg))).toMatchObject({ ok: true });
});

test("an alias that has moved is followed by one look at KMS, and both keys verify for the time to live", async () => {
  const alias = "alias/nameless";
  const [first, second] = [await bench.aws.createKeyFor("ES256"), await bench.aws.createKeyFor("ES256")];
  await bench.aws.client.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId: first }));
  const verifier = verifierFor(alias);
  const [old, young] = [await nameless(first), await nameless(second)];
  expect(await verifier.verify(old)).toMatchObject({ ok: true });
  await bench.aws.client.send(new UpdateAliasCommand({ AliasName: alias, TargetKeyId: second }));
  const start = bench.aws.emulator.requests.GetPublicKey;
  const atOnce = await Promise.all([young, old, young, young].map((token) => verifier.verify(token)));
  expect(atOnce.filter(({ ok }) => !ok)).toEqual([]);
  for (const token of [young, old, young]) expect(await verifier.verify(token)).toMatchObject({ ok: true });
  const forged = `${young.slice(0, young.lastIndexOf("."))}.${Buffer.alloc(64, 7).toString("base64url")}`;
  for (let round = 0; round < 3; round += 1) {
    expect(errorOf(await verifier.verify(forged)).code).toBe("signature_invalid");
  }
  expect(bench.aws.emulator.requests.GetPublicKey - start).toBe(1);
});

test("with several keys it is a TypeError, and so is a value that is neither true nor false", () => {
  const keys = [bench.keyFor("ES256"), bench.keyFor("RS256")].map((keyId) => ({ keyId, alg: "ES256" as const }));
  const settings = bench.settings({ acceptMissingKid: true });
  expect(() => createKmsVerifier({ ...settings, keys })).toThrow("acceptMissingKid needs exactly one key");
  expect(() => createKmsVerifier({ ...settings, keys: keys.slice(0, 1) })).not.toThrow();
  const untyped = { ...settings, ...JSON.parse('{"acceptMissingKid":"yes"}') } as KmsVerifierSettings;
  expect(() => createKmsVerifier({ ...untyped, keys })).toThrow("acceptMissingKid must be true or false");
});
