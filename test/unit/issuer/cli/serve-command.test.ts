import { connect } from "node:net";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";
import { startKeySetServer } from "../../../support/key-set-server.ts";
import { given, jsonObject } from "../../../support/values.ts";
import { anchorsOf, startTables } from "./revocations/support.ts";
import type { Tables } from "./revocations/support.ts";
import { startRipeRing } from "./ring/support.ts";
import type { CliRing } from "./ring/support.ts";
import { AUDIENCE, ISSUER, sealgate, textOf } from "./support.ts";
import type { CliRun } from "./support.ts";

const SECRET = "a-secret-that-is-too-long-to-guess";

interface Served {
  readonly url: string;
  /** Ctrl-C. */
  stop(): Promise<CliRun>;
}

async function serve(cli: CliRing, options: readonly string[] = [], changes: object = {}): Promise<Served> {
  const ctrlC = new AbortController();
  const { promise: url, resolve } = Promise.withResolvers<string>();
  let out = "";
  const run = cli.sealgate(["serve", "--port", "0", "--json", ...options], {
    env: { ...cli.env, SEALGATE_CALLER_SECRET: SECRET, ...changes },
    interrupted: ctrlC.signal,
    out: (text) => {
      out += text;
      resolve(textOf(jsonObject(text), "url"));
    },
  });
  const ended = run.then((ending) => {
    resolve("");
    return { ...ending, out };
  });
  return {
    url: await url,
    stop: () => {
      ctrlC.abort();
      return ended;
    },
  };
}

describe("serve", () => {
  test("signs with the ring for whoever holds the secret, logs it, and ends in order at Ctrl-C", async () => {
    const cli = await startRipeRing();
    const served = await serve(cli);
    const { hostname } = new URL(served.url);
    expect(hostname).toBe("127.0.0.1");
    const response = await fetch(`${served.url}/tokens`, {
      method: "POST",
      headers: { authorization: `Bearer ${SECRET}` },
      body: JSON.stringify({ claims: { sub: "user-1" }, audience: AUDIENCE }),
    });
    const answer = jsonObject(await response.text());
    expect(answer).toMatchObject({ kid: (await cli.document()).keys[0]?.kid });
    const run = await served.stop();
    expect(run.code).toBe(EXIT.ok);
    expect(run.err).toContain('"status":200,');
    expect(run.err).not.toContain(textOf(answer, "token"));
    const socket = connect(Number(new URL(served.url).port), hostname);
    await expect(once(socket, "connect")).rejects.toThrow("ECONNREFUSED");
  });

  test.for([
    ["without a name, where the environment names no ring", ["--ring"], ""],
    ["without a name, where it names one", ["--ring"], "main"],
    ["with a name", ["--ring", "main"], "other"],
  ] as const)("--ring %s signs with the ring, not with the key of the environment", async ([, options, named]) => {
    const cli = await startRipeRing();
    const served = await serve(cli, options, {
      SEALGATE_RING: named,
      SEALGATE_KEY_ID: "alias/x",
      SEALGATE_ALG: "RS256",
    });
    const response = await fetch(`${served.url}/tokens`, {
      method: "POST",
      headers: { authorization: `Bearer ${SECRET}` },
      body: JSON.stringify({ claims: { sub: "user-1" }, audience: AUDIENCE }),
    });
    expect(jsonObject(await response.text())).toMatchObject({ kid: (await cli.document()).keys[0]?.kid });
    await served.stop();
  });

  test.for([
    ["without a secret", {}, [], "SEALGATE_CALLER_SECRET is missing"],
    ["with one that can be guessed", { SEALGATE_CALLER_SECRET: "hunter2" }, [], "at least 32"],
    ["with one that no header can carry", { SEALGATE_CALLER_SECRET: "ü".repeat(40) }, [], "visible ASCII"],
    [
      "with the alias of a ring, which moves",
      { SEALGATE_CALLER_SECRET: SECRET, SEALGATE_KEY_ID: "alias/sealgate/main/active", SEALGATE_ALG: "ES256" },
      [],
      "Set SEALGATE_RING to main instead",
    ],
    ["on no port", { SEALGATE_CALLER_SECRET: SECRET }, ["--port", "70000"], "--port must be"],
    ["without an issuer", { SEALGATE_CALLER_SECRET: SECRET, SEALGATE_ISSUER: "" }, [], "SEALGATE_ISSUER is missing"],
  ] as const)("%s it does not start: 2", async ([, changes, argv, message]) => {
    const cli = await startRipeRing();
    const run = await cli.sealgate(["serve", ...argv], { env: { ...cli.env, ...changes } });
    expect(run).toMatchObject({ code: EXIT.usage, out: "", err: expect.stringContaining(message) });
    expect(run.err).not.toContain("hunter2");
  });

  test("with a key that cannot sign it does not start", async () => {
    const cli = await startRipeRing();
    const env = { ...cli.env, SEALGATE_CALLER_SECRET: SECRET, SEALGATE_RING: "none" };
    const run = await cli.sealgate(["serve", "--port", "0"], { env });
    expect(run).toMatchObject({ code: EXIT.failure, err: expect.stringContaining("kms_key_not_found") });
  });
});

describe("serve --revoke", () => {
  let tables: Tables;
  beforeAll(async () => {
    tables = await startTables();
  });
  afterAll(() => tables.close());

  const post = (url: string, body?: URLSearchParams): Promise<Response> =>
    fetch(url, { method: "POST", headers: { authorization: `Bearer ${SECRET}` }, ...(body && { body }) });

  test("takes back a token of the ring and a session, and logs both without a token", async () => {
    const cli = await startRipeRing();
    await tables.next();
    const gateway = await startKeySetServer();
    onTestFinished(() => gateway.close());
    gateway.serve(given(cli.stored()));
    const signed = await cli.sealgate(["token", "sign", "--ring", "--audience", AUDIENCE]);
    const token = signed.out.trim();
    const env = { ...tables.env(), TRUST_ANCHORS: await anchorsOf(cli) };
    const served = await serve(cli, ["--ring", "--revoke", "--gateway", gateway.url], env);
    expect((await post(`${served.url}/revoke`, new URLSearchParams({ token }))).status).toBe(200);
    expect((await post(`${served.url}/sessions/session-17/revoke`)).status).toBe(200);
    expect((await tables.entries()).map((entry) => entry.split("#")[1])).toEqual(["sid", "jti"]);
    const run = await served.stop();
    expect(run.err.match(/^\{"revocation":.*"status":200.*\}$/gm)).toHaveLength(2);
    expect(run.err).not.toContain(token);
    expect(run.err).not.toContain("session-17");
  });

  test("takes back a token of a single key, which verifies it", async () => {
    const cli = await startRipeRing();
    await tables.next();
    const key = { SEALGATE_KEY_ID: await cli.kms.createKeyFor("ES256"), SEALGATE_ALG: "ES256", SEALGATE_RING: "" };
    const env = { ...cli.env, ...key };
    const signed = await cli.sealgate(["token", "sign", "--audience", AUDIENCE], { env });
    const served = await serve(cli, ["--revoke"], { ...key, ...tables.env() });
    const body = new URLSearchParams({ token: signed.out.trim() });
    expect((await post(`${served.url}/revoke`, body)).status).toBe(200);
    expect(await tables.entries()).toHaveLength(1);
    await served.stop();
  });

  test.for([
    ["without a table", ["--revoke"], {}, "SEALGATE_REVOCATION_TABLE is missing"],
    ["without a gateway", ["--revoke"], { SEALGATE_REVOCATION_TABLE: "table" }, "SEALGATE_GATEWAY is missing"],
    ["with a gateway for nothing", ["--gateway", "https://api.example.com"], {}, "--gateway belongs to --revoke"],
  ] as const)("%s it does not start: 2", async ([, argv, changes, message]) => {
    const env = { SEALGATE_ISSUER: ISSUER, SEALGATE_CALLER_SECRET: SECRET, ...changes };
    const run = await sealgate(["serve", "--ring", ...argv], { env });
    expect(run).toMatchObject({ code: EXIT.usage, out: "", err: expect.stringContaining(message) });
  });

  // It would be ignored: the key that signs verifies as well.
  test("with a gateway where one key signs it does not start: 2", async () => {
    const key = { SEALGATE_KEY_ID: "alias/one", SEALGATE_ALG: "ES256", SEALGATE_MAX_TOKEN_TTL_SECONDS: "600" };
    const env = { SEALGATE_ISSUER: ISSUER, SEALGATE_CALLER_SECRET: SECRET, SEALGATE_REVOCATION_TABLE: "table", ...key };
    const run = await sealgate(["serve", "--revoke", "--gateway", "https://api.example.com"], { env });
    expect(run).toMatchObject({ code: EXIT.usage, out: "", err: expect.stringContaining("--gateway belongs to") });
  });
});
