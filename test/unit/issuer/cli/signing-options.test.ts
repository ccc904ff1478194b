/** `sealgate token sign --ring`: signed with the active key, within the ring's policy. */
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";
import { jsonObject } from "../../../support/values.ts";
import { AUDIENCE, jsonOf } from "./support.ts";
import { messagesOf, startCliRing, startRipeRing } from "./ring/support.ts";

const SIGN = ["token", "sign", "--audience", AUDIENCE];

describe("token sign --ring", () => {
  test.for([[["--ring"]], [["--ring", "main"]], [[]]])("signs with the active key: %j", async ([option = []]) => {
    const cli = await startRipeRing();
    await cli.ring(["rotate"]);
    // The alias has moved; the hold of the key before covers signers that have not noticed.
    cli.pass(60);
    const run = await cli.sealgate([...SIGN, "--json", ...option]);
    expect(run.code).toBe(EXIT.ok);
    const active = (await cli.document()).keys.find(({ state }) => state === "active");
    expect(jsonOf(run)).toMatchObject({ kid: active?.kid, expiresAt: expect.any(Number) });
  });

  test("wins over a key that the environment names", async () => {
    const cli = await startRipeRing();
    const env = { ...cli.env, SEALGATE_KEY_ID: "alias/nowhere", SEALGATE_ALG: "ES256" };
    expect((await cli.sealgate([...SIGN, "--ring"], { env })).code).toBe(EXIT.ok);
    const withKey = await cli.sealgate(SIGN, { env });
    expect(withKey).toMatchObject({ code: EXIT.failure, err: expect.stringContaining("kms_key_not_found") });
  });

  test("the policy limits the lifetime; --max-ttl may only lower it", async () => {
    const cli = await startCliRing({ timing: { maxTokenTtlSeconds: 600 } });
    await cli.ring(["init"]);
    expect((await cli.sealgate([...SIGN, "--ttl", "600"])).code).toBe(EXIT.ok);
    expect((await cli.sealgate([...SIGN, "--ttl", "601"])).code).toBe(EXIT.usage);
    expect((await cli.sealgate([...SIGN, "--ttl", "61", "--max-ttl", "60"])).code).toBe(EXIT.usage);
    expect((await cli.sealgate([...SIGN, "--max-ttl", "601"])).err).toContain(
      "--max-ttl (or SEALGATE_MAX_TOKEN_TTL_SECONDS) must be at most timing",
    );
  });

  test("no token of a key that is not published", async () => {
    const cli = await startCliRing();
    cli.cloudflare.script({ on: "write", times: 99, does: { kind: "answer", status: 503 } });
    await cli.ring(["init"]);
    const run = await cli.sealgate([...SIGN, "--json"]);
    expect(run.code).toBe(EXIT.failure);
    expect(jsonObject(run.out)).toMatchObject({ error: { code: "ring_key_unpublished" } });
  });

  test.for([
    [["--ring", "--key", "alias/x"], "--ring and --key exclude each other"],
    [["--ring", "--alg", "ES256"], "--alg is the ring's to choose"],
    [["--ring", "No-Ring"], "--ring (or SEALGATE_RING) must"],
    [["--ring", "--policy", "/nowhere"], "--policy: the file cannot be read"],
  ] as const)("%j is wrong usage", async ([argv, message]) => {
    const cli = await startCliRing();
    const run = await cli.sealgate([...SIGN, ...argv]);
    expect(run.code).toBe(EXIT.usage);
    expect(messagesOf(run)).toContain(message);
  });
});
