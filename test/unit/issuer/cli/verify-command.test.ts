/** `sealgate token verify`: both modes, every algorithm, and the verdict as text, JSON and exit code. */
import { DisableKeyCommand } from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";
import { ALGS } from "../../../../shared/algorithms.ts";
import type { Alg } from "../../../../shared/algorithms.ts";
import { startTestKms } from "../../../support/kms.ts";
import type { TestKms } from "../../../support/kms.ts";
import { AUDIENCE, ISSUER, jsonOf, sealgate, signedToken, stubProcessEnv } from "./support.ts";
import type { CliRun } from "./support.ts";

let aws: TestKms;
let key: string;
let token: string;

beforeAll(async () => {
  aws = await startTestKms();
  stubProcessEnv(aws.env);
  key = await aws.createKeyFor("ES256");
  token = await tokenOf(key);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await aws.close();
});

function tokenOf(keyId: string, alg: Alg = "ES256", ...more: readonly string[]): Promise<string> {
  return signedToken(["--key", keyId, "--alg", alg, "--claims", '{"sub":"user-1"}', ...more]);
}

function verify(argv: readonly string[], io: Parameters<typeof sealgate>[1] = {}): Promise<CliRun> {
  return sealgate(["token", "verify", "--audience", AUDIENCE, "--issuer", ISSUER, ...argv], io);
}

/** Options that name the key. */
function keyOf(keyId: string = key, alg: Alg = "ES256"): readonly string[] {
  return ["--key", keyId, "--alg", alg];
}

describe.for(["local", "kms"])("token verify --mode %s", (mode) => {
  test.for(ALGS)("accepts %s", async (alg) => {
    const keyId = await aws.createKeyFor(alg);
    const run = await verify([...keyOf(keyId, alg), "--mode", mode, await tokenOf(keyId, alg)]);
    expect(run.code).toBe(EXIT.ok);
    expect(JSON.parse(run.out)).toMatchObject({ sub: "user-1", iss: ISSUER });
    expect(run.err).toMatch(new RegExp(`^valid: ${alg}, kid [\\w-]{43}\\n$`));
  });

  test("refuses a changed signature, a token of another key, and garbage, with exit code 3", async () => {
    const dot = token.lastIndexOf(".");
    const changed = `${token.slice(0, dot)}.${Buffer.alloc(64, 7).toString("base64url")}`;
    for (const [text, code] of [
      [changed, "signature_invalid"],
      [await tokenOf(await aws.createKeyFor("ES256")), "kid_unknown"],
      ["garbage", "token_malformed"],
      ["", "token_malformed"],
    ] as const) {
      const run = await verify([...keyOf(), "--mode", mode, text]);
      expect(run).toMatchObject({ code: EXIT.tokenInvalid, out: "" });
      expect(run.err).toContain(`invalid ${code}: `);
    }
  });
});

describe("what token verify takes and prints", () => {
  test("the token behind --audience, which may be repeated", async () => {
    const run = await verify([...keyOf(), "--audience", "https://b.example.com", token]);
    expect(run.code).toBe(EXIT.ok);
  });

  test.for([[[]], [["-"]]] as const)("a token on stdin, with white space around it: %j", async ([argv]) => {
    const run = await verify([...keyOf(), ...argv], { readStdin: async () => `\n ${token}\n` });
    expect(run.code).toBe(EXIT.ok);
  });

  test("nothing at a terminal: says so instead of waiting", async () => {
    const run = await verify(keyOf(), { stdinIsTerminal: true });
    expect(run).toMatchObject({ code: EXIT.usage, out: "" });
    expect(run.err).toContain("needs a token");
  });

  test("key, algorithm and issuer from the environment", async () => {
    const env = { SEALGATE_KEY_ID: key, SEALGATE_ALG: "ES256", SEALGATE_ISSUER: ISSUER };
    expect((await sealgate(["token", "verify", "--audience", AUDIENCE, token], { env })).code).toBe(EXIT.ok);
  });

  test("with --json: the verdict in one line, whichever it is", async () => {
    expect(jsonOf(await verify([...keyOf(), "--json", token]))).toEqual({
      valid: true,
      header: { alg: "ES256", kid: expect.any(String), typ: "jwt" },
      claims: expect.objectContaining({ sub: "user-1" }),
    });
    const refused = await verify([...keyOf(), "--json", "--audience", AUDIENCE, "a.b.c"]);
    expect(refused.code).toBe(EXIT.tokenInvalid);
    expect(jsonOf(refused)).toMatchObject({ valid: false, rejection: { code: expect.any(String) } });
  });

  test.for([
    [
      "another audience",
      ["--audience", "https://other.example.com"],
      `audience_mismatch: The token is for another audience, ${AUDIENCE}.`,
    ],
    [
      "a lower maximum",
      ["--max-ttl", "1m"],
      "token_lifetime_too_long: The token lives for 5 min, and at most 1 min are accepted.",
    ],
  ] as const)("the reason, with its evidence: %s", async ([, argv, message]) => {
    const run = await sealgate(["token", "verify", ...keyOf(), "--issuer", ISSUER, ...withAudience(argv), token]);
    expect(run).toMatchObject({ code: EXIT.tokenInvalid, out: "" });
    expect(run.err).toMatch(/^invalid .*\n$/);
    expect(run.err).toContain(`invalid ${message}`);
  });

  test("an expired token, unless the leeway covers it", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      vi.setSystemTime(Date.now() + 310_000);
      expect(await verify([...keyOf(), token])).toMatchObject({ code: EXIT.ok });
      const run = await verify([...keyOf(), "--clock-skew", "5", token]);
      expect(run.code).toBe(EXIT.tokenInvalid);
      expect(run.err).toMatch(/^invalid token_expired: The token has expired .* ago\.\n$/);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe("what token verify refuses with exit code 2", () => {
  test.for([
    ["an unknown mode", ["--mode", "remote"], "--mode must be"],
    ["a negative leeway", ["--clock-skew=-1"], "--clock-skew must be"],
    ["an unknown algorithm", ["--alg", "none"], "--alg (or SEALGATE_ALG) must be one of"],
  ] as const)("%s", async ([, argv, message]) => {
    const run = await verify([...keyOf(), ...argv, token]);
    expect(run).toMatchObject({ code: EXIT.usage, out: "" });
    expect(run.err).toContain(message);
  });

  test("no audience: leaving it out does not switch the check off", async () => {
    const run = await sealgate(["token", "verify", ...keyOf(), "--issuer", ISSUER, token]);
    expect(run).toMatchObject({ code: EXIT.usage, out: "" });
    expect(run.err).toContain("--audience is missing");
  });
});

test("a key that cannot be had is no verdict on the token: exit code 1", async () => {
  const disabled = await aws.createKeyFor("ES256");
  await aws.client.send(new DisableKeyCommand({ KeyId: disabled }));
  for (const [keyId, code] of [
    ["alias/none", "kms_key_not_found"],
    [disabled, "kms_key_disabled"],
  ] as const) {
    const run = await verify([...keyOf(keyId), "--json", token]);
    expect(run.code).toBe(EXIT.failure);
    expect(jsonOf(run)).toMatchObject({ error: { code } });
  }
});

function withAudience(argv: readonly string[]): readonly string[] {
  return argv.includes("--audience") ? argv : [...argv, "--audience", AUDIENCE];
}
