/**
 * Verification in Node by the rules of the edge, with the remembered public key and by KMS's own Verify: what is accepted,
 * what is refused, and that a withdrawn key is no fault.
 */
import { DisableKeyCommand, EnableKeyCommand, ScheduleKeyDeletionCommand } from "@aws-sdk/client-kms";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createKmsVerifier } from "../../../issuer/verifier.ts";
import type { KmsVerifierSettings } from "../../../issuer/verifier.ts";
import { ALGS } from "../../../shared/algorithms.ts";
import { errorOf, given, valueOf } from "../../support/values.ts";
import { ISSUER, startVerifierBench } from "./verifier-support.ts";
import type { VerifierBench } from "./verifier-support.ts";

const MODES = ["local", "kms"] as const;

let bench: VerifierBench;
beforeAll(async () => {
  bench = await startVerifierBench();
});
afterAll(() => bench.aws.close());
afterEach(() => {
  bench.aws.emulator.faults.clear();
  bench.aheadSeconds = 0;
});

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
    const { token, kid, expiresAt } = await bench.issue(alg);
    const verifier = bench.verifierFor(alg, { mode });
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
    const { token } = await bench.issue(alg);
    const verifier = bench.verifierFor(alg, { mode });
    const [header, payload, signature = ""] = token.split(".");
    const zero = Buffer.alloc(Buffer.from(signature, "base64url").length);
    const der = Buffer.from([0x30, 6, 2, 1, 1, 2, 1, 1]);
    for (const bad of [zero, der]) {
      const answer = await verifier.verify(`${header}.${payload}.${bad.toString("base64url")}`);
      expect(errorOf(answer)).toEqual({ code: "signature_invalid" });
    }
  });

  test("the edge's rules hold: issuer, audience, time, lifetime, typ, kid, alg, size", async () => {
    const { token } = await bench.issue("ES256");
    const verify = async (changes: Partial<KmsVerifierSettings>, text = token): Promise<string> =>
      errorOf(await bench.verifierFor("ES256", { mode, ...changes }).verify(text)).code;
    expect(await verify({ issuer: "https://other.example.com" })).toBe("issuer_mismatch");
    expect(await verify({ audiences: ["other"] })).toBe("audience_mismatch");
    expect(await verify({ maxTokenTtlSeconds: 299 })).toBe("token_lifetime_too_long");
    expect(await verify({ typs: ["at+jwt"] })).toBe("typ_not_allowed");
    expect(await verify({}, "x".repeat(20_000))).toBe("token_too_large");
    expect(await verify({}, "a.b")).toBe("token_malformed");
    expect(await verify({}, (await bench.issue("ES384")).token)).toBe("alg_not_allowed");
    expect(await verify({}, (await bench.issue("ES256", {}, await bench.aws.createKeyFor("ES256"))).token)).toBe(
      "kid_unknown",
    );
    bench.aheadSeconds = 361;
    expect(await verify({})).toBe("token_expired");
    expect(await verify({ clockSkewSeconds: 0 })).toBe("token_expired");
    bench.aheadSeconds = -120;
    expect(await verify({})).toBe("token_issued_in_future");
    bench.aheadSeconds = 330;
    expect(await bench.verifierFor("ES256", { mode }).verify(token)).toMatchObject({ ok: true });
  });

  test("a token whose header names another algorithm of the same RSA key is refused", async () => {
    const { token } = await bench.issue("PS256");
    const keys = [{ keyId: bench.keyFor("RS256"), alg: "RS256" as const }];
    const verifier = createKmsVerifier({
      ...bench.settings({ mode }),
      keys: [...keys, { keyId: bench.keyFor("ES256"), alg: "ES256" }],
    });
    expect(errorOf(await verifier.verify(token))).toEqual({ code: "alg_not_allowed" });
  });

  test("several keys, of several algorithms, verify side by side", async () => {
    const keys = (["ES256", "EdDSA", "RS512"] as const).map((alg) => ({ keyId: bench.keyFor(alg), alg }));
    const verifier = createKmsVerifier({ ...bench.settings({ mode }), keys });
    for (const { alg } of keys) {
      expect(valueOf(await verifier.verify((await bench.issue(alg)).token)).header.alg).toBe(alg);
    }
  });

  test("a bad token never becomes a fault, and a fault never a bad token", async () => {
    const { token } = await bench.issue("ES256");
    const verifier = bench.verifierFor("ES256", { mode });
    bench.aws.emulator.faults.add({ operation: "*", kind: "access_denied" });
    await expect(verifier.verify(token)).rejects.toMatchObject({ code: "kms_access_denied" });
    bench.aws.emulator.faults.clear();
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
  });

  test("a key disabled while it is known is revoked, and good again when it is enabled", async () => {
    const keyId = await bench.aws.createKeyFor("ES256");
    const { token } = await bench.issue("ES256", { ttlSeconds: 3600 }, keyId);
    const verifier = bench.verifierFor("ES256", { mode }, keyId);
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    await bench.aws.client.send(new DisableKeyCommand({ KeyId: keyId }));
    verifier.clearPublicKeyCache();
    expect(errorOf(await verifier.verify(token))).toEqual({ code: "kid_revoked" });
    await bench.aws.client.send(new EnableKeyCommand({ KeyId: keyId }));
    verifier.clearPublicKeyCache();
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
  });

  test("one withdrawn key among several costs the others nothing", async () => {
    const withdrawn = await bench.aws.createKeyFor("ES256");
    const { token } = await bench.issue("ES256", {}, withdrawn);
    await bench.aws.client.send(new ScheduleKeyDeletionCommand({ KeyId: withdrawn, PendingWindowInDays: 7 }));
    const keys = [withdrawn, bench.keyFor("ES256")].map((keyId) => ({ keyId, alg: "ES256" as const }));
    const verifier = createKmsVerifier({ ...bench.settings({ mode }), keys });
    expect(await verifier.verify((await bench.issue("ES256")).token)).toMatchObject({ ok: true });
    // Never seen before it was withdrawn, so nobody can tell that the kid was its.
    expect(errorOf(await verifier.verify(token))).toMatchObject({ code: "kid_unknown" });
  });

  test("with no usable key from the start, it is the configuration that fails", async () => {
    const keyId = await bench.aws.createKeyFor("ES256");
    await bench.aws.client.send(new DisableKeyCommand({ KeyId: keyId }));
    const { token } = await bench.issue("ES256");
    await expect(bench.verifierFor("ES256", { mode }, keyId).verify(token)).rejects.toMatchObject({
      code: "kms_key_disabled",
    });
  });
});

describe("KMS's own Verify", () => {
  test("is asked for each token, but not for one that fails before its signature", async () => {
    const verifier = bench.verifierFor("ES256", { mode: "kms" });
    const { token } = await bench.issue("ES256");
    const start = bench.aws.emulator.requests.Verify;
    await verifier.verify(token);
    await verifier.verify(token);
    expect(bench.aws.emulator.requests.Verify - start).toBe(2);
    const [header, payload] = token.split(".");
    await verifier.verify(`${header}.${payload}.AAAA`);
    await verifier.verify("a.b.c");
    expect(bench.aws.emulator.requests.Verify - start).toBe(2);
  });

  test("is not asked in local mode", async () => {
    const { token } = await bench.issue("ES256");
    const start = bench.aws.emulator.requests.Verify;
    expect(await bench.verifierFor("ES256").verify(token)).toMatchObject({ ok: true });
    expect(bench.aws.emulator.requests.Verify).toBe(start);
  });

  test("sees a disabled key at once", async () => {
    const keyId = await bench.aws.createKeyFor("ES256");
    const { token } = await bench.issue("ES256", {}, keyId);
    const verifier = bench.verifierFor("ES256", { mode: "kms" }, keyId);
    expect(await verifier.verify(token)).toMatchObject({ ok: true });
    await bench.aws.client.send(new DisableKeyCommand({ KeyId: keyId }));
    expect(errorOf(await verifier.verify(token))).toEqual({ code: "kid_revoked" });
  });

  test("cannot have signed more than 4096 bytes with Ed25519, so such a token is refused without asking", async () => {
    const { token } = await bench.issue("EdDSA");
    const [header, , signature] = token.split(".");
    const start = bench.aws.emulator.requests.Verify;
    const verifier = bench.verifierFor("EdDSA", { mode: "kms" });
    const long = `${header}.${"A".repeat(8000)}.${signature}`;
    expect(errorOf(await verifier.verify(long))).toEqual({ code: "signature_invalid" });
    expect(bench.aws.emulator.requests.Verify).toBe(start);
  });
});
