/** Environment to the configuration of an issuer: defaults, and every problem reported at once without a value. */
import { describe, expect, test } from "vitest";
import { SealgateError } from "../../../../issuer/errors.ts";
import { readSignConfig } from "../../../../issuer/config/signing.ts";

const ENV = {
  SEALGATE_ISSUER: "https://auth.example.com",
  SEALGATE_KEY_ID: "alias/example",
  SEALGATE_ALG: "ES256",
};

function problemsOf(env: Readonly<Record<string, string | undefined>>): string {
  try {
    readSignConfig(env);
  } catch (error) {
    if (error instanceof SealgateError && error.code === "config_invalid") return error.message;
    throw error;
  }
  throw new Error("the test expected a refusal");
}

describe("the configuration for signing", () => {
  test("is complete with three variables; the rest has defaults", () => {
    expect(readSignConfig(ENV)).toEqual({
      issuer: "https://auth.example.com",
      signWith: { kind: "key", keyId: "alias/example", alg: "ES256" },
      maxTokenTtlSeconds: 3600,
      defaultTtlSeconds: undefined,
    });
  });

  test("takes durations in whole seconds", () => {
    const env = { ...ENV, SEALGATE_MAX_TOKEN_TTL_SECONDS: "900", SEALGATE_DEFAULT_TTL_SECONDS: "60" };
    expect(readSignConfig(env)).toMatchObject({ maxTokenTtlSeconds: 900, defaultTtlSeconds: 60 });
  });

  test("takes both names of Ed25519", () => {
    for (const alg of ["EdDSA", "Ed25519"]) {
      expect(readSignConfig({ ...ENV, SEALGATE_ALG: alg }).signWith).toMatchObject({ alg: "EdDSA" });
    }
  });

  test("reports everything that is missing at once, empty variables included", () => {
    expect(problemsOf({ SEALGATE_KEY_ID: "" })).toMatch(
      /SEALGATE_ISSUER is missing; SEALGATE_KEY_ID is missing.*; SEALGATE_ALG/,
    );
  });

  test("reports everything that is wrong at once, and no value", () => {
    const message = problemsOf({
      SEALGATE_ISSUER: "http://canary.example.com",
      SEALGATE_KEY_ID: "alias/a",
      SEALGATE_ALG: "canary",
      SEALGATE_MAX_TOKEN_TTL_SECONDS: "1e3",
      SEALGATE_DEFAULT_TTL_SECONDS: "-1",
    });
    for (const name of ["ISSUER", "ALG", "MAX_TOKEN_TTL_SECONDS", "DEFAULT_TTL_SECONDS"]) {
      expect(message).toContain(`SEALGATE_${name} must`);
    }
    expect(message).not.toMatch(/canary|KEY_ID|1e3/);
  });

  test("refuses the alias of a ring, which moves, and says what to set instead", () => {
    const arn = "arn:aws:kms:eu-central-1:111122223333:alias/sealgate/eu-2/active";
    expect(problemsOf({ ...ENV, SEALGATE_KEY_ID: "alias/sealgate/main/active" })).toMatch(
      /SEALGATE_KEY_ID must not be the alias .* Set SEALGATE_RING to main instead/,
    );
    expect(problemsOf({ ...ENV, SEALGATE_KEY_ID: arn })).toContain("Set SEALGATE_RING to eu-2 instead");
    expect(problemsOf({ ...ENV, SEALGATE_KEY_ID: "alias/sealgate/main/root" })).toContain("root key of a ring");
  });

  test.each(["0", "1.5", " 60", "0x10", "1e3", "9999999999", "-5", "sixty"])("takes no %j for seconds", (text) => {
    expect(problemsOf({ ...ENV, SEALGATE_MAX_TOKEN_TTL_SECONDS: text })).toContain("SEALGATE_MAX_TOKEN_TTL_SECONDS");
  });

  test("takes no default lifetime over the maximum", () => {
    const env = { ...ENV, SEALGATE_MAX_TOKEN_TTL_SECONDS: "60", SEALGATE_DEFAULT_TTL_SECONDS: "61" };
    expect(problemsOf(env)).toContain("SEALGATE_DEFAULT_TTL_SECONDS must be at most");
  });
});

describe("with a ring", () => {
  const RING = { SEALGATE_ISSUER: "https://auth.example.com", SEALGATE_RING: "main" };

  test("the policy says how long a token may live", () => {
    const policy = JSON.stringify({ alg: "ES384", timing: { maxTokenTtlSeconds: 900 } });
    const config = readSignConfig({ ...RING, SEALGATE_POLICY: policy, SEALGATE_KEY_ID: "" });
    expect(config).toMatchObject({ issuer: "https://auth.example.com", maxTokenTtlSeconds: 900 });
    expect(config.signWith).toMatchObject({ kind: "rings", rings: [{ policy: { ring: "main", alg: "ES384" } }] });
  });

  test("is passed over for a key that is named", () => {
    expect(readSignConfig({ ...ENV, SEALGATE_RING: "main" }).signWith.kind).toBe("key");
  });

  test("tokens may live shorter than the policy says, and never longer", () => {
    expect(readSignConfig({ ...RING, SEALGATE_MAX_TOKEN_TTL_SECONDS: "3600" }).maxTokenTtlSeconds).toBe(3600);
    expect(readSignConfig({ ...RING, SEALGATE_MAX_TOKEN_TTL_SECONDS: "60" }).maxTokenTtlSeconds).toBe(60);
    expect(problemsOf({ ...RING, SEALGATE_MAX_TOKEN_TTL_SECONDS: "3601" })).toMatch(
      /SEALGATE_MAX_TOKEN_TTL_SECONDS must be at most .*3600/,
    );
    expect(problemsOf({ ...RING, SEALGATE_MAX_TOKEN_TTL_SECONDS: "60", SEALGATE_DEFAULT_TTL_SECONDS: "61" })).toContain(
      "SEALGATE_DEFAULT_TTL_SECONDS must be at most",
    );
  });

  test("several are taken, home first, with the Region of each other one and the shortest of their lifetimes", () => {
    const env = {
      ...RING,
      SEALGATE_RING: "main, eu-west",
      SEALGATE_REGION_EU_WEST: "eu-west-1",
      SEALGATE_POLICY: '{"alg":"ES384"}',
      SEALGATE_POLICY_EU_WEST: '{"timing":{"maxTokenTtlSeconds":900}}',
    };
    const { signWith, maxTokenTtlSeconds } = readSignConfig(env);
    expect(maxTokenTtlSeconds).toBe(900);
    expect(signWith).toMatchObject({
      kind: "rings",
      rings: [
        { policy: { ring: "main", alg: "ES384" }, kms: {} },
        { policy: { ring: "eu-west", alg: "ES256" }, kms: { region: "eu-west-1" } },
      ],
    });
    const local = { SEALGATE_REGION_EU_WEST: "", SEALGATE_KMS_ENDPOINT_EU_WEST: "http://127.0.0.1:4000" };
    expect(readSignConfig({ ...env, ...local }).signWith).toMatchObject({
      rings: [{}, { kms: { endpoint: "http://127.0.0.1:4000" } }],
    });
  });

  test("several that make no sense are refused, each variable by its name", () => {
    const problem = (env: Readonly<Record<string, string>>): string => problemsOf({ ...RING, ...env });
    expect(problem({ SEALGATE_RING: "main,west" })).toMatch(/SEALGATE_REGION_WEST is missing: .* ring west/);
    expect(problem({ SEALGATE_RING: "main,main" })).toMatch(/SEALGATE_RING must be one or more names .*, each once/);
    expect(problem({ SEALGATE_RING: "main," })).toMatch(/SEALGATE_RING must be one or more names .*, each once/);
    expect(problem({ SEALGATE_RING: "main,west", SEALGATE_REGION_WEST: "Ireland" })).toMatch(
      /SEALGATE_REGION_WEST must be/,
    );
    expect(problem({ SEALGATE_REGION_MAIN: "x" })).toMatch(/SEALGATE_REGION_MAIN must be/);
    expect(problem({ SEALGATE_KMS_ENDPOINT_MAIN: "kms" })).toMatch(/SEALGATE_KMS_ENDPOINT_MAIN must be a URL/);
    expect(problem({ SEALGATE_POLICY_MAIN: "[]" })).toContain("SEALGATE_POLICY_MAIN is not a JSON object");
  });

  test("what is wrong with its names or its policy is reported, all of one kind at once", () => {
    expect(problemsOf({ SEALGATE_RING: "Main" })).toMatch(/SEALGATE_RING must .*; SEALGATE_ISSUER is missing/);
    const policy = JSON.stringify({ alg: 256, rotateEvery: 1, timing: { maxTokenTtl: 1, clockSkewSeconds: "60" } });
    const message = problemsOf({ ...RING, SEALGATE_POLICY: policy });
    expect(message).toMatch(/alg must be a string; "rotateEvery" is not a member/);
    expect(message).toMatch(
      /timing\."maxTokenTtl" is not a member of a policy; timing\.clockSkewSeconds must be a number/,
    );
    expect(problemsOf({ ...RING, SEALGATE_POLICY: '{"rotateEverySeconds":60}' })).toContain("must be at least 8961");
    expect(problemsOf({ ...RING, SEALGATE_POLICY: "[]" })).toContain("not a JSON object");
    expect(problemsOf({ ...RING, SEALGATE_POLICY: '{"timing":7}' })).toContain("timing must be an object");
  });
});
