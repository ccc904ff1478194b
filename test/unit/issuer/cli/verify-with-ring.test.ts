/** `sealgate token verify --ring`: by the key set in KV, with the root keys of KMS or pinned ones, and without KV by KMS alone. */
import { beforeEach, describe, expect, test } from "vitest";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";
import { given } from "../../../support/values.ts";
import { startRipeRing } from "./ring/support.ts";
import type { CliRing } from "./ring/support.ts";
import { AUDIENCE, jsonOf } from "./support.ts";
import type { CliRun } from "./support.ts";

let cli: CliRing;
let token: string;
beforeEach(async () => {
  cli = await startRipeRing();
  token = await sign();
});

async function sign(): Promise<string> {
  const run = await cli.sealgate(["token", "sign", "--ring", "--audience", AUDIENCE]);
  expect(run.code).toBe(EXIT.ok);
  return run.out.trim();
}

function verify(
  argv: readonly string[] = ["--ring"],
  env: Readonly<Record<string, string>> = cli.env,
): Promise<CliRun> {
  return cli.sealgate(["token", "verify", "--audience", AUDIENCE, ...argv, "--", token], { env });
}

/** The ring's variables without those of KV. */
function withoutKv(): Readonly<Record<string, string>> {
  const { SEALGATE_KV_BASE_URL: _url, SEALGATE_KV_NAMESPACE_ID: _id, ...env } = cli.env as Record<string, string>;
  return env;
}

async function kidOfToken(): Promise<string> {
  const { header } = jsonOf(await cli.sealgate(["token", "inspect", "--json", token])) as { header: { kid: string } };
  return header.kid;
}

async function anchorsOf(): Promise<string> {
  return given(/^TRUST_ANCHORS='(.*)'$/m.exec((await cli.ring(["anchors"])).out)?.[1]);
}

describe("with the variables of KV", () => {
  test("says that the key set in KV has decided, and which one", async () => {
    const run = await verify();
    expect(run.code).toBe(EXIT.ok);
    expect(run.err).toMatch(/^valid: ES256, kid [\w-]{43} \(by the key set in KV, rev \d{16}\)\n$/);
    expect(jsonOf(await verify(["--ring", "main", "--json"]))).toMatchObject({
      valid: true,
      keysOf: expect.stringMatching(/^the key set in KV, rev \d+$/) as unknown,
    });
  });

  test("a ring that the environment names, and no key, needs no option", async () => {
    expect((await verify([])).err).toContain("(by the key set in KV");
  });

  test("with pinned root keys nothing is asked of AWS", async () => {
    const anchors = await anchorsOf();
    const before = { ...cli.kms.emulator.requests };
    expect((await verify(["--ring", "--anchors", anchors])).code).toBe(EXIT.ok);
    expect((await verify(["--ring"], { ...cli.env, TRUST_ANCHORS: anchors })).code).toBe(EXIT.ok);
    expect(cli.kms.emulator.requests).toEqual(before);
  });

  test("a revoked key's token is refused with exit code 3", async () => {
    await cli.ring(["revoke", "--yes", await kidOfToken()]);
    const run = await verify();
    expect([run.code, run.out, run.err]).toEqual([
      EXIT.tokenInvalid,
      "",
      "invalid kid_revoked: The key that has signed the token was revoked.\n",
    ]);
  });

  test("text that is no key set, and no key set, say nothing about the token", async () => {
    const anchors = await anchorsOf();
    await cli.overwrite("something else");
    for (const argv of [["--ring"], ["--ring", "--anchors", anchors]]) {
      const run = await verify(argv);
      expect([run.code, run.out]).toEqual([EXIT.failure, ""]);
      expect(run.err).toContain("the key set cannot be used (key_set_malformed); the token was not looked at");
    }
    expect((await verify(["--ring", "west", "--anchors", anchors])).err).toContain("(key_set_missing)");
    const other = await verify(["--ring", "west"]);
    expect(other).toMatchObject({
      code: EXIT.usage,
      err: expect.stringContaining("no root key that can sign") as unknown,
    });
  });

  test("a KV that cannot be asked is a fault with its own code, with pinned root keys and without", async () => {
    const env = { ...cli.env, SEALGATE_KV_BASE_URL: "http://127.0.0.1:1" };
    for (const argv of [["--ring"], ["--ring", "--anchors", await anchorsOf()]]) {
      const run = await verify(argv, env);
      expect([run.code, run.out]).toEqual([EXIT.failure, ""]);
      expect(run.err).toContain("publish_unreachable");
    }
  });
});

describe("without the variables of KV", () => {
  test("says that the ring in KMS has decided", async () => {
    const run = await verify(["--ring"], withoutKv());
    expect(run.code).toBe(EXIT.ok);
    expect(run.err).toMatch(/\(by the ring in KMS\)\n$/);
  });

  test("verifies by each key of the ring that is enabled, and by none that was revoked", async () => {
    await cli.ring(["rotate"]);
    expect((await verify(["--ring"], withoutKv())).code).toBe(EXIT.ok);
    token = await sign();
    expect((await verify(["--ring"], withoutKv())).code).toBe(EXIT.ok);
    await cli.ring(["revoke", "--yes", await kidOfToken()]);
    expect((await verify(["--ring"], withoutKv())).err).toBe(
      "invalid kid_revoked: The key that has signed the token was revoked.\n",
    );
  });

  test("refuses what the policy does not allow", async () => {
    expect((await verify(["--ring", "--issuer", "https://elsewhere.example.com"], withoutKv())).err).toContain(
      "issuer_mismatch",
    );
    cli.pass(400);
    expect((await verify(["--ring"], withoutKv())).err).toContain("token_expired");
  });

  test("root keys are of no use there, and that is told", async () => {
    const run = await verify(["--ring", "--anchors", "[]"], withoutKv());
    expect([run.code, run.err]).toEqual([EXIT.usage, expect.stringContaining("--anchors") as unknown]);
  });
});

test.each([
  [["--ring", "--key", "alias/x"], "--key has no effect with --ring"],
  [["--ring", "--mode", "kms"], "--mode has no effect with --ring"],
  [["--ring", "--clock-skew", "0"], "--clock-skew has no effect with --ring"],
  [["--ring", "West"], "--ring (or SEALGATE_RING) must be"],
  [["--ring", "--anchors", "{}"], "must be an array of JWKs"],
  [["--ring", "--policy", "nowhere.json"], "--policy: the file cannot be read"],
  [["--key", "alias/x", "--alg", "ES256", "--anchors", "[]"], "--anchors belongs to --gateway or --ring"],
  [["--key", "alias/x", "--alg", "ES256", "--policy", "p.json"], "--policy belongs to --ring"],
])("wrong usage %j is told, with exit code 2", async (argv, problem) => {
  const run = await verify(argv);
  expect(run.code).toBe(EXIT.usage);
  expect(run.err).toContain(problem);
});
