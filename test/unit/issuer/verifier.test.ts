import { DisableKeyCommand, EnableKeyCommand, ScheduleKeyDeletionCommand } from "@aws-sdk/client-kms";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createIssuer } from "../../../issuer/issuer.ts";
import type { IssuedToken, SignOptions } from "../../../issuer/issuer.ts";
import { kmsAlgorithmOf } from "../../../issuer/kms/algorithms.ts";
import { createKmsSigner } from "../../../issuer/kms/signer.ts";
import { createKmsVerifier } from "../../../issuer/verifier.ts";
import type { KmsVerifier, KmsVerifierSettings } from "../../../issuer/verifier.ts";
import { ALGS } from "../../../shared/algorithms.ts";
import type { Alg } from "../../../shared/algorithms.ts";
import { epochSecondsFromMs } from "../../../shared/identifiers.ts";
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import { startTestKms } from "../../support/kms.ts";
import type { TestKms } from "../../support/kms.ts";
import { errorOf, given, valueOf } from "../../support/values.ts";

const ISSUER = "https://auth.example.com";
const MODES = ["local", "kms"] as const;

let aws: TestKms;
/** One key for each algorithm; the RSA algorithms share one. */
const keyArns = new Map<Alg, string>();
/** The verifier's clock runs ahead of the real one by this much. */
let aheadSeconds = 0;

beforeAll(async () => {
  aws = await startTestKms();
  const bySpec = new Map<string, string>();
  for (const alg of ALGS) {
    const [spec] = kmsAlgorithmOf(alg).keySpecs;
    const keyArn = bySpec.get(spec) ?? (await aws.createKey(spec));
    bySpec.set(spec, keyArn);
    keyArns.set(alg, keyArn);
  }
});
afterAll(() => aws.close());
afterEach(() => {
  aws.emulator.faults.clear();
  aheadSeconds = 0;
});

function keyFor(alg: Alg): string {
  return given(keyArns.get(alg));
}

const clock = (): EpochSeconds => epochSecondsFromMs(Date.now() + aheadSeconds * 1000);

function settings(changes: Partial<KmsVerifierSettings> = {}): KmsVerifierSettings {
  return {
    issuer: ISSUER,
    audiences: ["api"],
    mode: "local",
    publicKeyTtlSeconds: 300,
    kms: aws.kms,
    clock,
    ...changes,
  };
}

function verifierFor(alg: Alg, changes: Partial<KmsVerifierSettings> = {}, keyId = keyFor(alg)): KmsVerifier {
  return createKmsVerifier({ ...settings(changes), keyId, alg });
}

async function issue(alg: Alg, options: SignOptions = {}, keyId = keyFor(alg)): Promise<IssuedToken> {
  const signer = await createKmsSigner({ keyId, alg, kms: aws.kms });
  const issuer = createIssuer({ issuer: ISSUER, signer, maxTokenTtlSeconds: 7200 });
  return issuer.sign({ sub: "u" }, { audience: "api", ...options });
}

function tamper(token: string, segment: 0 | 1 | 2): string {
  const parts = token.split(".");
  const part = given(parts[segment]);
  parts[segment] = `${part.startsWith("A") ? "B" : "A"}${part.slice(1)}`;
  return parts.join(".");
}

function withPayload(token: string, payload: object): string {
  const [header, , signature] = token.split(".");
  return `${header}.${Buffer.from(JSON.stringify(payload)).toString("base64url")}.${signature}`;
}

describe.each(MODES)("in mode %s", (mode) => {
  test.each(ALGS)("a token signed with %s is accepted, a changed one refused", async (alg) => {
    const { token, kid, expiresAt } = await issue(alg);
    const verifier = verifierFor(alg, { mode });
    expect(valueOf(await verifier.verify(token))).toMatchObject({
      header: { alg, kid, typ: "jwt" },
      claims: { iss: ISSUER, sub: "u", aud: "api", exp: expiresAt },
    });
    const forged = withPayload(token, { iss: ISSUER, sub: "admin", aud: "api", exp: expiresAt });
    for (const bad of [forged, tamper(token, 2)]) {
      expect(errorOf(await verifier.verify(bad))).toEqual({ code: "signature_invalid" });
    }
  });

  test.each(["ES256", "ES384", "ES512"] as const)("%s: r and s of zero, and DER, are refused", async (alg) => {
    const { token } = await issue(alg);
    const verifier = verifierFor(alg, { mode });
    const [header, payload, signature = ""] = token.split(".");
    const zero = Buffer.alloc(Buffer.from(signature, "base64url").length);
    const der = Buffer.from([0x30, 6, 2, 1, 1, 2, 1, 1]);
    for (const bad of [zero, der]) {
      const answer = await verifier.verify(`${header}.${payload}.${bad.toString("base64url")}`);
      expect(errorOf(answer)).toEqual({ code: "signature_invalid" });
    }
  });

  test("the edge's rules hold: issuer, audience, time, lifetime, typ, kid, alg, size", async () => {
    const { token } = await issue("ES256");
    const verify = async (changes: Partial<KmsVerifierSettings>, text = token): Promise<string> =>
      errorOf(await verifierFor("ES256", { mode, ...changes }).verify(text)).code;
    expect(await verify({ issuer: "https://other.example.com" })).toBe("issuer_mismatch");
    expect(await verify({ audiences: ["other"] })).toBe("audience_mismatch");
    expect(await verify({ maxTokenTtlSeconds: 299 })).toBe("token_lifetime_too_long");
    expect(await verify({ typs: ["at+jwt"] })).toBe("typ_not_allowed");
    expect(await verify({}, "x".repeat(20_000))).toBe("token_too_large");
    expect(await verify({}, "a.b")).toBe("token_malformed");
    expect(await verify({}, (await issue("ES384")).token)).toBe("alg_not_allowed");
    expect(await verify({}, (await issue("ES256", {}, await aws.createKeyFor("ES256"))).token)).toBe("kid_unknown");
    aheadSeconds = 361;
    expect(await verify({})).toBe("token_expired");
    expect(await verify({ clockSkewSeconds: 0 })).toBe("token_expired");
    aheadSeconds = -120;
    expect(await verify({})).toBe("token_issued_in_future");
    aheadSeconds = 330;
    expect(await verifierFor("ES256", { mode }).verify(token)).toMatchObject({ ok: true });
  });

  test("a token whose header names another algorithm of the same RSA key is refused", async () => {
    const { token } = await issue("PS256");
    const keys = [{ keyId: keyFor("RS256"), alg: "RS256" as const }];
    const verifier = createKmsVerifier({
      ...settings({ mode }),
      keys: [...keys, { keyId: keyFor("ES256"), alg: "ES256" }],
    });
    expect(errorOf(await verifier.verify(token))).toEqual({ code: "alg_not_allowed" });
  });

  test("several keys, of several algorithms, verify side by side", async () => {
    const keys = (["ES256", "EdDSA", "RS512"] as const).map((alg) => ({ keyId: keyFor(alg), alg }));
    const verifier = createKmsVerifier({ ...settings({ mode }), keys });
    for (const { alg } of keys) {
      expect(valueOf(await verifier.verify((await issue(alg)).token)).header.alg).toBe(alg);
    }
  });

  test("a bad token never becomes a fault, and a fault never a bad token", async () => {
    const { token } = await issue("ES256");
    const verifier = verifierFor("ES256", { mode });
    aws.emulator.faults.add({ operation: "*", kind: "access_denied" });
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: "kms_access_denied" });
    aws.emulator.faults.clear();
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
  });

  test("a key disabled while it is known is revoked, and good again when it is enabled", async () => {
    const keyId = await aws.createKeyFor("ES256");
    const { token } = await issue("ES256", { ttlSeconds: 3600 }, keyId);
    const verifier = verifierFor("ES256", { mode }, keyId);
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    await aws.client.send(new DisableKeyCommand({ KeyId: keyId }));
    verifier.clearPublicKeyCache();
    expect(errorOf(await verifier.verify(token))).toEqual({ code: "kid_revoked" });
    await aws.client.send(new EnableKeyCommand({ KeyId: keyId }));
    verifier.clearPublicKeyCache();
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
  });

  test("one withdrawn key among several costs the others nothing", async () => {
    const withdrawn = await aws.createKeyFor("ES256");
    const { token } = await issue("ES256", {}, withdrawn);
    await aws.client.send(new ScheduleKeyDeletionCommand({ KeyId: withdrawn, PendingWindowInDays: 7 }));
    const keys = [withdrawn, keyFor("ES256")].map((keyId) => ({ keyId, alg: "ES256" as const }));
    const verifier = createKmsVerifier({ ...settings({ mode }), keys });
    expect(await verifier.verify((await issue("ES256")).token)).toMatchObject({ ok: true });
    // Never seen before it was withdrawn, so nobody can tell that the kid was its.
    expect(errorOf(await verifier.verify(token))).toEqual({ code: "kid_unknown" });
  });

  test("with no usable key from the start, it is the configuration that fails", async () => {
    const keyId = await aws.createKeyFor("ES256");
    await aws.client.send(new DisableKeyCommand({ KeyId: keyId }));
    const { token } = await issue("ES256");
    await expect(verifierFor("ES256", { mode }, keyId).verify(token)).rejects.toMatchObject({
      code: "kms_key_disabled",
    });
  });
});

describe("public keys", () => {
  test("are asked for once within their time to live, and again after it", async () => {
    const verifier = verifierFor("ES256", { publicKeyTtlSeconds: 60, maxTokenTtlSeconds: 7200 });
    const { token } = await issue("ES256", { ttlSeconds: 3600 });
    const start = aws.emulator.requests.GetPublicKey;
    await Promise.all([verifier.verify(token), verifier.verify(token), verifier.verify(token)]);
    aheadSeconds = 59;
    await verifier.verify(token);
    expect(aws.emulator.requests.GetPublicKey - start).toBe(1);
    aheadSeconds = 60;
    await verifier.verify(token);
    expect(aws.emulator.requests.GetPublicKey - start).toBe(2);
    aheadSeconds = 0;
    await verifier.verify(token);
    expect(aws.emulator.requests.GetPublicKey - start).toBe(3);
  });

  test("are forgotten on demand", async () => {
    const verifier = verifierFor("ES256");
    const { token } = await issue("ES256");
    const start = aws.emulator.requests.GetPublicKey;
    await verifier.verify(token);
    verifier.clearPublicKeyCache();
    await verifier.verify(token);
    expect(aws.emulator.requests.GetPublicKey - start).toBe(2);
  });

  test("that could not be had are asked for again by the next token", async () => {
    const verifier = verifierFor("ES256");
    const { token } = await issue("ES256");
    aws.emulator.faults.add({ operation: "GetPublicKey", kind: "expired_credentials", times: 1 });
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: "kms_credentials_expired" });
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
  });

  test("bound how long a disabled key goes on verifying in local mode", async () => {
    const keyId = await aws.createKeyFor("ES256");
    const { token } = await issue("ES256", { ttlSeconds: 3600 }, keyId);
    const verifier = verifierFor("ES256", { publicKeyTtlSeconds: 60 }, keyId);
    await verifier.verify(token);
    await aws.client.send(new DisableKeyCommand({ KeyId: keyId }));
    aheadSeconds = 59;
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    aheadSeconds = 60;
    expect(errorOf(await verifier.verify(token))).toEqual({ code: "kid_revoked" });
  });

  test("of a key that does not fit the algorithm are refused by name", async () => {
    const { token } = await issue("ES256");
    const verifier = verifierFor("ES256", {}, keyFor("ES384"));
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: "kms_key_unfit" });
  });

  test("of a key that is not for signing are refused by name", async () => {
    const { token } = await issue("RS256");
    const verifier = verifierFor("RS256", {}, await aws.createKey("RSA_2048", "ENCRYPT_DECRYPT"));
    await expect(verifier.verify(token)).rejects.toThrow("RSA_2048 (ENCRYPT_DECRYPT)");
  });

  test("of a key that KMS does not know any more are revoked, and never known ones are an error", async () => {
    const keyId = await aws.createKeyFor("ES256");
    const { token } = await issue("ES256", {}, keyId);
    let deleted = false;
    const kms = {
      ...aws.kms,
      getPublicKey: (name: string) => aws.kms.getPublicKey(deleted ? "alias/gone" : name),
    };
    const verifier = verifierFor("ES256", { kms }, keyId);
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    deleted = true;
    verifier.clearPublicKeyCache();
    expect(errorOf(await verifier.verify(token))).toEqual({ code: "kid_revoked" });
    const stranger = verifierFor("ES256", {}, "alias/gone");
    await expect(stranger.verify(token)).rejects.toMatchObject({ code: "kms_key_not_found" });
  });
});

describe("KMS's own Verify", () => {
  test("is asked for each token, but not for one that fails before its signature", async () => {
    const verifier = verifierFor("ES256", { mode: "kms" });
    const { token } = await issue("ES256");
    const start = aws.emulator.requests.Verify;
    await verifier.verify(token);
    await verifier.verify(token);
    expect(aws.emulator.requests.Verify - start).toBe(2);
    const [header, payload] = token.split(".");
    await verifier.verify(`${header}.${payload}.AAAA`);
    await verifier.verify("a.b.c");
    expect(aws.emulator.requests.Verify - start).toBe(2);
  });

  test("is not asked in local mode", async () => {
    const { token } = await issue("ES256");
    const start = aws.emulator.requests.Verify;
    expect(await verifierFor("ES256").verify(token)).toMatchObject({ ok: true });
    expect(aws.emulator.requests.Verify).toBe(start);
  });

  test("sees a disabled key at once", async () => {
    const keyId = await aws.createKeyFor("ES256");
    const { token } = await issue("ES256", {}, keyId);
    const verifier = verifierFor("ES256", { mode: "kms" }, keyId);
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    await aws.client.send(new DisableKeyCommand({ KeyId: keyId }));
    expect(errorOf(await verifier.verify(token))).toEqual({ code: "kid_revoked" });
  });

  test("cannot have signed more than 4096 bytes with Ed25519, so such a token is refused without asking", async () => {
    const { token } = await issue("EdDSA");
    const [header, , signature] = token.split(".");
    const start = aws.emulator.requests.Verify;
    const verifier = verifierFor("EdDSA", { mode: "kms" });
    const long = `${header}.${"A".repeat(8000)}.${signature}`;
    expect(errorOf(await verifier.verify(long))).toEqual({ code: "signature_invalid" });
    expect(aws.emulator.requests.Verify).toBe(start);
  });
});

describe("a verifier with options that make no sense", () => {
  test("is refused with every problem named at once", () => {
    const make = (): KmsVerifier =>
      verifierFor("ES256", { issuer: "x", audiences: [], publicKeyTtlSeconds: 0, clockSkewSeconds: -1 });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(/issuer must.*; audiences must.*; publicKeyTtlSeconds must.*; clockSkewSeconds must/);
  });

  test.each<Partial<KmsVerifierSettings>>([
    { audiences: ["a b"] },
    { audiences: ["api", ""] },
    { typs: [] },
    { maxTokenTtlSeconds: Number.NaN },
  ])("%j is refused", (changes) => {
    expect(() => verifierFor("ES256", changes)).toThrow(TypeError);
  });

  test("a key without an id, an unknown algorithm or mode, and no key at all are refused", () => {
    expect(() => createKmsVerifier({ ...settings(), keys: [] })).toThrow(TypeError);
    expect(() => createKmsVerifier({ ...settings(), keyId: "", alg: "ES256" })).toThrow(TypeError);
    // @ts-expect-error -- what a caller in JavaScript can do
    expect(() => createKmsVerifier({ ...settings(), keyId: "alias/a", alg: "HS256" })).toThrow(TypeError);
    // @ts-expect-error -- likewise
    expect(() => createKmsVerifier({ ...settings(), keyId: "alias/a", alg: "ES256", mode: "remote" })).toThrow(
      TypeError,
    );
    // @ts-expect-error -- likewise
    expect(() => createKmsVerifier(settings())).toThrow(TypeError);
  });
});
