/** A Node verifier with options that make no sense is never made. KMS is not asked. */
import { describe, expect, test } from "vitest";
import { createKmsVerifier } from "../../../issuer/verifier.ts";
import type { KmsVerifier, KmsVerifierSettings } from "../../../issuer/verifier.ts";

const SETTINGS: KmsVerifierSettings = {
  issuer: "https://auth.example.com",
  audiences: ["api"],
  mode: "local",
  publicKeyTtlSeconds: 300,
};

describe("a verifier with options that make no sense", () => {
  test("is refused with every problem named at once", () => {
    const make = (): KmsVerifier =>
      createKmsVerifier({
        ...SETTINGS,
        keyId: "alias/a",
        alg: "ES256",
        issuer: "x",
        audiences: [],
        publicKeyTtlSeconds: 0,
        clockSkewSeconds: -1,
      });
    expect(make).toThrow(TypeError);
    expect(make).toThrow(/issuer must.*; audiences must.*; publicKeyTtlSeconds must.*; clockSkewSeconds must/);
  });

  test.each<Partial<KmsVerifierSettings>>([
    { audiences: ["a b"] },
    { audiences: ["api", ""] },
    { typs: [] },
    { maxTokenTtlSeconds: Number.NaN },
  ])("%j is refused", (changes) => {
    expect(() => createKmsVerifier({ ...SETTINGS, keyId: "alias/a", alg: "ES256", ...changes })).toThrow(TypeError);
  });

  test("a key without an id, an unknown algorithm or mode, and no key at all are refused", () => {
    expect(() => createKmsVerifier({ ...SETTINGS, keys: [] })).toThrow(TypeError);
    expect(() => createKmsVerifier({ ...SETTINGS, keyId: "", alg: "ES256" })).toThrow(TypeError);
    // @ts-expect-error -- what a caller in JavaScript can do
    expect(() => createKmsVerifier({ ...SETTINGS, keyId: "alias/a", alg: "HS256" })).toThrow(TypeError);
    // @ts-expect-error -- likewise
    expect(() => createKmsVerifier({ ...SETTINGS, keyId: "alias/a", alg: "ES256", mode: "remote" })).toThrow(TypeError);
    // @ts-expect-error -- likewise
    expect(() => createKmsVerifier(SETTINGS)).toThrow(TypeError);
  });
});
