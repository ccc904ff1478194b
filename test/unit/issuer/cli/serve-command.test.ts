import { connect } from "node:net";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";
import { jsonObject } from "../../../support/values.ts";
import { startRipeRing } from "./ring/support.ts";
import type { CliRing } from "./ring/support.ts";
import { AUDIENCE, textOf } from "./support.ts";
import type { CliRun } from "./support.ts";

const SECRET = "a-secret-that-nobody-would-ever-guess";

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
