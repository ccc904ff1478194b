/** `sealgate token verify --gateway`: with the gateway's key set and the pinned root keys, and no AWS. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";
import { startKeySetServer } from "../../../support/key-set-server.ts";
import type { KeySetServer } from "../../../support/key-set-server.ts";
import { makeDocument, makeKey, makeRoot, seconds, signKeySet, signToken } from "../../../support/key-sets.ts";
import { AUDIENCE, ISSUER, jsonOf, sealgate } from "./support.ts";
import type { CliRun } from "./support.ts";

const NOW = 1_800_000_000;

let server: KeySetServer;
let anchors: string;
let token: string;
let expired: string;
beforeAll(async () => {
  server = await startKeySetServer();
  const [root, key] = await Promise.all([makeRoot(), makeKey("ES256")]);
  server.serve(await signKeySet(makeDocument([key], seconds(NOW - 10)), root));
  anchors = JSON.stringify([root.jwk]);
  const claims = { iss: ISSUER, aud: AUDIENCE, sub: "user-1" };
  token = await signToken({ ...claims, iat: NOW, exp: NOW + 300 }, key);
  expired = await signToken({ ...claims, iat: NOW - 600, exp: NOW - 300 }, key);
});
afterAll(() => server.close());

function verify(argv: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliRun> {
  const all = ["token", "verify", "--gateway", server.url, "--issuer", ISSUER, "--audience", AUDIENCE, ...argv];
  return sealgate(all, { env, nowMs: () => NOW * 1000 });
}

test("prints the claims of a good token, with anchors as an option or from the environment", async () => {
  expect(jsonOf(await verify([token, "--anchors", anchors, "--json"]))).toMatchObject({
    valid: true,
    claims: { sub: "user-1" },
  });
  expect((await verify([token], { TRUST_ANCHORS: anchors })).code).toBe(EXIT.ok);
});

test("refuses a bad token with exit code 3 and the reason", async () => {
  const run = await verify([expired, "--anchors", anchors]);
  expect(run.code).toBe(EXIT.tokenInvalid);
  expect(run.err).toContain("token_expired");
});

test("a key set that cannot be used says nothing about the token", async () => {
  const stranger = await makeRoot();
  for (const [argv, problem] of [
    [["--anchors", JSON.stringify([stranger.jwk])], "key_set_unknown_root"],
    [["--anchors", anchors, "--ring", "west"], "key_set_wrong_ring"],
  ] as const) {
    const run = await verify([token, ...argv]);
    expect([run.code, run.out]).toEqual([EXIT.failure, ""]);
    expect(run.err).toContain(problem);
  }
});

test.each([
  [[], "--anchors (or TRUST_ANCHORS) is missing"],
  [["--anchors", "{}"], "must be an array of JWKs"],
  [["--anchors", "[{}]"], "anchors[0]"],
  [["--anchors", "[{}]", "--ring", "West"], "ring must be"],
  [["--anchors", "[]", "--key", "alias/x"], "--key has no effect"],
  [["--anchors", "[]", "--mode", "kms"], "--mode has no effect"],
  [["--anchors", "[]", "--clock-skew", "0"], "--clock-skew has no effect"],
])("wrong usage %j is told, with exit code 2", async (argv, problem) => {
  const run = await verify([token, ...argv]);
  expect(run.code).toBe(EXIT.usage);
  expect(run.err).toContain(problem);
});

test("takes the root keys of a Worker with several rings: of the ring that is named, or of all", async () => {
  const stranger = await makeRoot();
  const byRing = JSON.stringify({ main: JSON.parse(anchors), west: [stranger.jwk] });
  expect((await verify([token, "--anchors", byRing, "--ring", "main"])).code).toBe(EXIT.ok);
  expect((await verify([token, "--anchors", byRing])).code).toBe(EXIT.ok);
  expect((await verify([token], { TRUST_ANCHORS: byRing, SEALGATE_RING: "main" })).code).toBe(EXIT.ok);
  const other = await verify([token, "--anchors", byRing, "--ring", "east"]);
  expect([other.code, other.err]).toEqual([EXIT.usage, expect.stringContaining("an array for the ring") as unknown]);
});

test("a gateway that is not https is wrong usage", async () => {
  const argv = ["token", "verify", token, "--gateway", "http://api.example.com", "--issuer", ISSUER];
  const run = await sealgate([...argv, "--audience", AUDIENCE, "--anchors", anchors]);
  expect([run.code, run.err]).toEqual([EXIT.usage, expect.stringContaining("https") as unknown]);
});
