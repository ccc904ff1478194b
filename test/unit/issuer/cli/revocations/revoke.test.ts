/** `sealgate token revoke`: by a token that is verified first, a jti, a session or a subject, on DynamoDB's protocol. */
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { decodeBase64url } from "../../../../../shared/base64url.ts";
import { startKeySetServer } from "../../../../support/key-set-server.ts";
import { given, jsonObject } from "../../../../support/values.ts";
import { AUDIENCE, jsonOf } from "../support.ts";
import { anchorsOf, NOW, startRevokingRing, startTables } from "./support.ts";
import type { RevokingRing, Tables } from "./support.ts";

let tables: Tables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.close());

describe("a token from stdin", () => {
  let cli: RevokingRing;
  beforeEach(async () => {
    cli = await startRevokingRing(tables);
  });

  /** Pipes a token in. */
  const revoke = (token: string, argv: readonly string[] = ["--ring"]): ReturnType<RevokingRing["run"]> =>
    cli.run(["token", "revoke", ...argv], { readStdin: async () => `${token}\n` });

  test("is verified by the ring and taken back by its jti, with the bound", async () => {
    const token = await cli.sign();
    const run = await revoke(token);
    const { exp } = jsonObject(new TextDecoder().decode(decodeBase64url(given(token.split(".")[1]))));
    expect(await tables.entries()).toEqual([expect.stringMatching(new RegExp(`^${Number(exp)}#jti#[\\w-]{11}$`))]);
    expect(run).toMatchObject({ code: EXIT.ok, err: "" });
    expect(run.out).toMatch(
      /^taken back: one token\nentry \d+#jti#\S+ in revocations-\d+, until \S+Z\nevery gateway that reads the list refuses by \S+Z \(in 4 min 40 s\): 10 s for the next list, 270 s for KV and its caches\nif the rotator runs on a schedule alone, by \S+Z \(in 9 min 30 s\): up to 5 min for the next list\n$/,
    );
    expect(run.out).not.toContain(token.slice(0, 20));
  });

  test("of any audience is taken back, and again without another entry", async () => {
    const token = await cli.sign("https://other.example.com");
    expect((await revoke(token)).code).toBe(EXIT.ok);
    expect((await revoke(token, ["-", "--ring"])).code).toBe(EXIT.ok);
    expect(await tables.entries()).toHaveLength(1);
  });

  test("that is forged revokes nothing: 3", async () => {
    const [header, payload] = (await cli.sign()).split(".");
    expect(await revoke(`${given(header)}.${given(payload)}.${"A".repeat(86)}`)).toEqual({
      code: EXIT.tokenInvalid,
      out: "",
      err: "Nothing was taken back: no gateway accepts this token.\ninvalid signature_invalid: The token's signature does not hold.\n",
    });
    expect(await tables.entries()).toEqual([]);
  });

  test("that has expired needs nothing: 3, and its code with --json", async () => {
    const token = await cli.sign();
    cli.ring.pass(3600);
    const run = await revoke(token, ["--ring", "--json"]);
    expect(run.code).toBe(EXIT.tokenInvalid);
    expect(jsonOf(run)).toMatchObject({ valid: false, rejection: { code: "token_expired" } });
    expect(await tables.entries()).toEqual([]);
  });

  test("that cannot be verified is neither good nor bad: nothing is written, and the command fails", async () => {
    const anchors = await anchorsOf(cli.ring);
    const run = await revoke(await cli.sign(), ["--gateway", "http://127.0.0.1:1", "--anchors", anchors]);
    expect(run).toMatchObject({ code: EXIT.failure, out: "", err: expect.stringContaining("revocation_unverified") });
    expect(await tables.entries()).toEqual([]);
  });

  test("is verified by the gateway of the environment, where no option says otherwise", async () => {
    const env = { ...cli.ring.env, ...tables.env(), TRUST_ANCHORS: await anchorsOf(cli.ring) };
    const gateway = await startKeySetServer();
    onTestFinished(() => gateway.close());
    gateway.serve(given(cli.ring.stored()));
    const io = { readStdin: () => cli.sign(), env: { ...env, SEALGATE_GATEWAY: gateway.url } };
    expect((await cli.run(["token", "revoke"], io)).code).toBe(EXIT.ok);
    expect(gateway.requests).toHaveLength(1);
    expect((await cli.run(["token", "revoke", "--ring", "main"], { ...io, env })).code).toBe(EXIT.ok);
    expect(gateway.requests).toHaveLength(1);
  });

  test("of a single key is verified by that key", async () => {
    const key = ["--key", await cli.ring.kms.createKeyFor("ES256"), "--alg", "ES256"];
    const { out } = await cli.run(["token", "sign", ...key, "--audience", AUDIENCE]);
    expect((await revoke(out.trim(), key)).code).toBe(EXIT.ok);
    expect(await tables.entries()).toHaveLength(1);
  });
});

describe("without a token", () => {
  beforeEach(() => tables.next());

  test("by its jti, until the time that is told", async () => {
    const run = await tables.run(["token", "revoke", "--jti", "-one", "--expires-at", String(NOW + 600), "--json"]);
    expect(jsonOf(run)).toEqual({
      kind: "jti",
      entry: (await tables.entries())[0],
      until: NOW + 600 + 120,
      stored: [tables.env()["SEALGATE_REVOCATION_TABLE"]],
      failed: [],
      refusedBy: NOW + 280,
      refusedByOnSchedule: NOW + 570,
      bound: { listSeconds: 10, reconcileSeconds: 300, stalenessSeconds: 270 },
    });
  });

  test("by its jti, while an edge whose clock is behind accepts the token still: until exp + 2K", async () => {
    const run = await tables.run(["token", "revoke", "--jti", "one", "--expires-at", String(NOW - 119)]);
    expect([run.code, run.err]).toEqual([EXIT.ok, ""]);
    const late = await tables.run(["token", "revoke", "--jti", "two", "--expires-at", String(NOW - 120)]);
    expect(late.err).toContain("--expires-at has passed");
    expect(await tables.entries()).toHaveLength(1);
  });

  test("by its jti alone, for as long as any token may live", async () => {
    await tables.run(["token", "revoke", "--jti", "one"]);
    expect(await tables.entries()).toEqual([expect.stringMatching(new RegExp(`^${NOW}#jti#[\\w-]{11}#r$`))]);
  });

  test("by session", async () => {
    const run = await tables.run(["token", "revoke", "--session", "a session, by any name"]);
    expect(run).toMatchObject({ code: EXIT.ok, out: expect.stringContaining("taken back: all tokens of the session") });
    expect(await tables.entries()).toEqual([expect.stringMatching(/^\d{10}#sid#.*#r$/)]);
    expect(run.out).not.toContain("by any name");
  });

  test("by subject, and says what that costs: a new login within 2K + 1 s may be refused", async () => {
    const run = await tables.run(["token", "revoke", "--subject", "alice"]);
    expect(run.out).toContain("all tokens of the subject with an iat before ");
    expect(run.err).toContain("A new login within 121 s may be refused");
    expect(run.err).toContain("block the user in your own store first");
    expect(await tables.entries()).toEqual([expect.stringMatching(new RegExp(`^${NOW + 61}#sub#[\\w-]{22}$`))]);
  });

  test("by subject, those issued before a time of the past", async () => {
    const before = new Date((NOW - 3000) * 1000).toISOString();
    const run = await tables.run(["token", "revoke", "--subject", "alice", "--issued-before", before]);
    expect(run).toMatchObject({ code: EXIT.ok, err: "" });
    expect(await tables.entries()).toEqual([expect.stringMatching(new RegExp(`^${NOW - 3000 + 61}#sub#`))]);
  });

  test("never by a time of the future", async () => {
    const run = await tables.run(["token", "revoke", "--subject", "alice", "--issued-before", String(NOW + 1)]);
    expect(run).toMatchObject({ code: EXIT.usage, err: expect.stringContaining("not in the future") });
    expect(await tables.entries()).toEqual([]);
  });
});

describe("several tables", () => {
  test("all are written", async () => {
    const [one, two] = [await tables.next(), await tables.next()];
    const run = await tables.run(["token", "revoke", "--session", "s", "--table", one, "--table", two]);
    expect(run.out).toContain(`in ${one}, ${two}, until`);
    expect(await tables.entries(one)).toEqual(await tables.entries(two));
  });

  test("one that fails is told, with exit code 4, and the others have the entry", async () => {
    const env = { ...tables.env(), SEALGATE_REVOCATION_TABLE: `missing,${await tables.next()}` };
    const run = await tables.run(["token", "revoke", "--session", "s"], { env });
    expect(run.code).toBe(EXIT.notConverged);
    expect(run.err).toMatch(/^not stored in missing, revocation_table_missing: .*Run the same command again\.\n$/);
    expect(await tables.entries()).toHaveLength(1);
  });

  test("when none has stored it, nothing was taken back", async () => {
    const run = await tables.run(["token", "revoke", "--session", "s", "--table", "missing"]);
    expect(run).toMatchObject({
      code: EXIT.failure,
      out: "",
      err: expect.stringContaining("revocation_table_missing"),
    });
  });
});

test.each([
  [["--jti", "a", "--session", "b"], "take back one at a time"],
  [["--subject", "a", "--", "token"], "take back one at a time"],
  [["--expires-at", "1800000000"], "--expires-at belongs to --jti"],
  [["--issued-before", "1800000000"], "--issued-before belongs to --subject"],
  [["--jti", "a", "--expires-at", "soon"], "--expires-at must be epoch seconds"],
  [["--jti", "a", "--expires-at", "1000"], "--expires-at has passed"],
  [["--subject", "a", "--issued-before", "1000"], "--issued-before is too early"],
  [["--session", ""], "--session is empty"],
  [["--session", "a", "--gateway", "https://api.example.com"], "--gateway is for a token that is verified"],
  [["--session", "a", "--key", "alias/x"], "--key is for a token that is verified"],
  [["--session", "a", "--table", "a b"], "--table (or SEALGATE_REVOCATION_TABLE) must be the name"],
  [["--session", "a", "--policy", "nowhere.json"], "--policy: the file cannot be read"],
])("wrong usage %j is told, with exit code 2", async (argv, message) => {
  await tables.next();
  const run = await tables.run(["token", "revoke", ...argv]);
  expect(run).toMatchObject({ code: EXIT.usage, out: "", err: expect.stringContaining(message) });
  expect(await tables.entries()).toEqual([]);
});
