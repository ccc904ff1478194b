/** `sealgate token sign`: where its settings come from, what it prints, and how it fails. */
import { DisableKeyCommand } from "@aws-sdk/client-kms";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";
import { ALGS } from "../../../../shared/algorithms.ts";
import { createKmsVerifier } from "../../../../issuer/verifier.ts";
import { startTestKms } from "../../../support/kms.ts";
import type { TestKms } from "../../../support/kms.ts";
import { valueOf } from "../../../support/values.ts";
import { AUDIENCE, ISSUER, jsonOf, sealgate, stubProcessEnv, textOf } from "./support.ts";

let aws: TestKms;
let key: string;

beforeAll(async () => {
  aws = await startTestKms();
  stubProcessEnv(aws.env);
  key = await aws.createKeyFor("ES256");
});
afterEach(() => aws.emulator.faults.clear());
afterAll(async () => {
  vi.unstubAllEnvs();
  await aws.close();
});

/** `token sign` with everything that it needs, and what the test adds. */
function sign(...more: readonly string[]): Parameters<typeof sealgate>[0] {
  return ["token", "sign", "--key", key, "--alg", "ES256", "--issuer", ISSUER, "--audience", AUDIENCE, ...more];
}

async function claimsOf(token: string, audience = AUDIENCE): Promise<Readonly<Record<string, unknown>>> {
  const settings = { issuer: ISSUER, audiences: [audience], mode: "local", publicKeyTtlSeconds: 60 } as const;
  const verifier = createKmsVerifier({ ...settings, keyId: key, alg: "ES256", kms: aws.kms });
  return valueOf(await verifier.verify(token.trim())).claims;
}

describe("what token sign prints", () => {
  test("the token alone on stdout, and nothing on stderr", async () => {
    const run = await sealgate(sign("--claims", '{"sub":"user-1","scope":"orders"}'));
    expect(run).toMatchObject({ code: EXIT.ok, err: "" });
    expect(run.out).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(await claimsOf(run.out)).toMatchObject({ sub: "user-1", scope: "orders", iss: ISSUER, aud: AUDIENCE });
  });

  test("with --json: token, kid, expiry and jti in one line", async () => {
    const signed = jsonOf(await sealgate(sign("--json", "--ttl", "120")));
    const claims = await claimsOf(textOf(signed, "token"));
    expect(signed).toEqual({
      token: expect.any(String),
      kid: expect.stringMatching(/^[\w-]{43}$/),
      expiresAt: claims["exp"],
      jti: claims["jti"],
    });
    expect(Number(claims["exp"]) - Number(claims["iat"])).toBe(120);
  });

  test.for(ALGS)("%s, with a key by its alias and the rest from the environment", async (alg) => {
    await aws.kms.createAlias(`alias/cli/${alg}`, await aws.createKeyFor(alg));
    const env = { SEALGATE_KEY_ID: `alias/cli/${alg}`, SEALGATE_ALG: alg, SEALGATE_ISSUER: ISSUER };
    const run = await sealgate(["token", "sign", "--audience", AUDIENCE], { env });
    expect(run).toMatchObject({ code: EXIT.ok, err: "" });
    const [header = ""] = run.out.split(".");
    expect(JSON.parse(Buffer.from(header, "base64url").toString())).toMatchObject({ alg, typ: "JWT" });
  });
});

describe("what token sign takes", () => {
  test("an option before its environment variable", async () => {
    const env = { SEALGATE_KEY_ID: "alias/none", SEALGATE_ALG: "RS256", SEALGATE_ISSUER: "https://other.example.com" };
    const run = await sealgate(sign(), { env });
    expect(await claimsOf(run.out)).toMatchObject({ iss: ISSUER });
  });

  test("claims on stdin with --claims -", async () => {
    const run = await sealgate(sign("--claims", "-"), { readStdin: async () => '{"sub":"from stdin"}\n' });
    expect(await claimsOf(run.out)).toMatchObject({ sub: "from stdin" });
  });

  test("more than one audience, and arguments after it", async () => {
    const run = await sealgate(sign("--audience", "https://b.example.com", "--claims", '{"sub":"x"}'));
    expect(await claimsOf(run.out)).toMatchObject({ aud: [AUDIENCE, "https://b.example.com"], sub: "x" });
  });

  test("at+jwt, when the claims are those of RFC 9068", async () => {
    const claims = '{"sub":"user-1","client_id":"app"}';
    const run = await sealgate(sign("--typ", "at+jwt", "--claims", claims));
    const [header = ""] = run.out.split(".");
    expect(JSON.parse(Buffer.from(header, "base64url").toString())).toMatchObject({ typ: "at+jwt" });
    expect(await sealgate(sign("--typ", "at+jwt"))).toMatchObject({ code: EXIT.usage, out: "" });
  });

  test.for([
    { what: "300 seconds by default", argv: [], env: {}, ttl: 300 },
    { what: "the maximum when that is shorter", argv: ["--max-ttl", "90"], env: {}, ttl: 90 },
    { what: "the maximum of the environment", argv: [], env: { SEALGATE_MAX_TOKEN_TTL_SECONDS: "80" }, ttl: 80 },
    { what: "the default of the environment", argv: [], env: { SEALGATE_DEFAULT_TTL_SECONDS: "70" }, ttl: 70 },
    { what: "--ttl before all", argv: ["--ttl", "60"], env: { SEALGATE_DEFAULT_TTL_SECONDS: "70" }, ttl: 60 },
    { what: "an hour at most", argv: ["--ttl", "3600"], env: {}, ttl: 3600 },
  ])("a lifetime: $what", async ({ argv, env, ttl }) => {
    const claims = await claimsOf((await sealgate(sign(...argv), { env })).out);
    expect(Number(claims["exp"]) - Number(claims["iat"])).toBe(ttl);
  });
});

describe("what token sign refuses with exit code 2", () => {
  test("missing settings, all named at once, before KMS is asked", async () => {
    const before = { ...aws.emulator.requests };
    const run = await sealgate(["token", "sign"]);
    expect(run).toMatchObject({ code: EXIT.usage, out: "" });
    for (const name of ["--key", "SEALGATE_KEY_ID", "--alg", "SEALGATE_ALG", "--issuer", "SEALGATE_ISSUER"]) {
      expect(run.err).toContain(name);
    }
    expect(aws.emulator.requests).toEqual(before);
  });

  test.for([
    ["an unknown algorithm", ["--alg", "HS256"], "--alg (or SEALGATE_ALG) must be one of RS256"],
    ["an issuer that is no URL", ["--issuer", "auth"], "--issuer (or SEALGATE_ISSUER) must be an absolute URL"],
    [
      "an issuer over plain http",
      ["--issuer", "http://auth.example.com"],
      "--issuer (or SEALGATE_ISSUER) must use https",
    ],
    ["an empty audience", ["--audience", ""], "--audience must be"],
    ["a lifetime that is no number", ["--ttl", "5x"], "--ttl must be a whole number of seconds, at least 1"],
    ["a lifetime of nothing", ["--ttl", "0"], "--ttl must be a whole number of seconds, at least 1"],
    ["a lifetime with an exponent", ["--ttl", "1e2"], "--ttl must be"],
    ["a maximum of nothing", ["--max-ttl", "0"], "--max-ttl (or SEALGATE_MAX_TOKEN_TTL_SECONDS) must be"],
    ["a lifetime over the maximum", ["--ttl", "3601"], "lifetime_too_long"],
    [
      "a lifetime over --max-ttl, which is what to raise",
      ["--ttl", "86400", "--max-ttl", "7200"],
      "raise --max-ttl (SEALGATE_MAX_TOKEN_TTL_SECONDS), and what the verifiers accept first",
    ],
    [
      "an integer that JSON readers round",
      ["--claims", '{"account":9007199254740993}'],
      "a number with more digits than a JSON number keeps",
    ],
    [
      "the alias of a ring, which moves",
      ["--key", "alias/sealgate/main/active"],
      "Set --ring (or SEALGATE_RING) to main",
    ],
    ["the root key of a ring", ["--key", "alias/sealgate/main/root"], "must not name the root key of a ring"],
    ["another typ", ["--typ", "jwt"], '--typ must be "JWT" or "at+jwt"'],
    ["claims that are no JSON", ["--claims", "sub=me"], "--claims must be a JSON object: syntax"],
    ["claims that are no object", ["--claims", "[]"], "--claims must be a JSON object: not_an_object"],
    ["a claim given twice", ["--claims", '{"a":1,"a":2}'], "--claims must be a JSON object: duplicate_member"],
    ["a claim that is the issuer's", ["--claims", '{"exp":1}'], "claims_refused"],
    ["an audience given twice", ["--claims", '{"aud":"x"}'], "claims_refused"],
  ] as const)("%s", async ([, argv, message]) => {
    const run = await sealgate(sign(...argv));
    expect(run).toMatchObject({ code: EXIT.usage, out: "" });
    expect(run.err).toContain(message);
  });

  test("no audience at all", async () => {
    const run = await sealgate(["token", "sign", "--key", key, "--alg", "ES256", "--issuer", ISSUER]);
    expect(run).toMatchObject({ code: EXIT.usage, out: "" });
    expect(run.err).toContain("claims_refused");
  });
});

describe("what KMS refuses", () => {
  test.for([
    ["access_denied", "kms_access_denied", EXIT.unauthorized],
    ["expired_credentials", "kms_credentials_expired", EXIT.unauthorized],
    ["key_unavailable", "kms_key_unavailable", EXIT.failure],
  ] as const)("%s: %s", async ([kind, code, exitCode]) => {
    aws.emulator.faults.add({ operation: "GetPublicKey", kind });
    const run = await sealgate(sign());
    expect(run).toMatchObject({ code: exitCode, out: "" });
    expect(run.err).toContain(`error ${code}: `);
  });

  test("the service's own words stand behind the advice", async () => {
    aws.emulator.faults.add({ operation: "GetPublicKey", kind: "access_denied" });
    expect((await sealgate(sign())).err).toContain("User is not authorized to perform this operation");
  });

  test("an unknown key, a disabled one, and one of another kind: exit code 1", async () => {
    const disabled = await aws.createKeyFor("ES256");
    await aws.client.send(new DisableKeyCommand({ KeyId: disabled }));
    for (const [keyId, code] of [
      ["alias/none", "kms_key_not_found"],
      [disabled, "kms_key_disabled"],
      [await aws.createKey("ECC_SECG_P256K1"), "kms_key_unfit"],
    ] as const) {
      const run = await sealgate(sign("--key", keyId));
      expect(run).toMatchObject({ code: EXIT.failure, out: "" });
      expect(run.err).toContain(`error ${code}: `);
    }
  });

  test("with --json the fault is one line on stdout as well", async () => {
    const run = await sealgate(sign("--key", "alias/none", "--json"));
    expect(run.code).toBe(EXIT.failure);
    const { error } = jsonOf(run);
    expect(error).toEqual({ code: "kms_key_not_found", message: expect.stringContaining("alias/none") });
    expect(run.err).toContain("kms_key_not_found");
  });

  test("no token is printed when its signature does not hold", async () => {
    aws.emulator.faults.add({ operation: "Sign", kind: "wrong_key" });
    const run = await sealgate(sign());
    expect(run).toMatchObject({ code: EXIT.failure, out: "" });
    expect(run.err).toContain("kms_bad_signature");
  });
});
