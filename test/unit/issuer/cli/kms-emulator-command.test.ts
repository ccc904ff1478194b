/** `sealgate kms-emulator`: what it prints, that Ctrl-C ends it, and what it keeps in a state file. */
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateKeyCommand, DescribeKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";
import { given, jsonObject } from "../../../support/values.ts";
import { sealgate, textOf } from "./support.ts";
import type { CliRun } from "./support.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealgate-cli-"));
});
afterAll(() => rm(folder, { recursive: true }));

interface RunningEmulator {
  /** The first line on stdout. */
  readonly line: string;
  /** Presses Ctrl-C and waits for the end. */
  stop(): Promise<CliRun>;
}

/** Starts the command and waits until it has printed where it listens. */
async function start(...argv: readonly string[]): Promise<RunningEmulator> {
  const ctrlC = new AbortController();
  const { promise: printed, resolve } = Promise.withResolvers<string>();
  let messages = "";
  const run = sealgate(["kms-emulator", ...argv], {
    interrupted: ctrlC.signal,
    out: resolve,
    err: (text) => void (messages += text),
  });
  onTestFinished(() => ctrlC.abort());
  const line = await Promise.race([printed, run.then(() => `ended: ${messages}`)]);
  return {
    line,
    async stop() {
      ctrlC.abort();
      return { ...(await run), out: line, err: messages };
    },
  };
}

function clientOf(endpoint: string, region = "us-east-1"): KMSClient {
  const client = new KMSClient({ endpoint, region, credentials: { accessKeyId: "x", secretAccessKey: "x" } });
  onTestFinished(() => client.destroy());
  return client;
}

async function createKey(client: KMSClient): Promise<string> {
  const { KeyMetadata } = await client.send(
    new CreateKeyCommand({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY" }),
  );
  return given(KeyMetadata?.Arn);
}

describe("kms-emulator", () => {
  test("prints a line for the environment, serves KMS there, and Ctrl-C ends it with exit code 0", async () => {
    const emulator = await start();
    const url = given(/^AWS_ENDPOINT_URL_KMS=(http:\/\/127\.0\.0\.1:\d+)\n$/.exec(emulator.line)?.[1]);
    expect(await createKey(clientOf(url))).toMatch(/^arn:aws:kms:us-east-1:/);
    const { code, err } = await emulator.stop();
    expect(code).toBe(EXIT.ok);
    expect(err).toContain("NOT a KMS");
    await expect(fetch(url)).rejects.toThrow("fetch failed");
  });

  test("with --json: address and Region in one line", async () => {
    const emulator = await start("--json");
    expect(jsonObject(emulator.line)).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      region: "us-east-1",
    });
    await emulator.stop();
  });

  test("keys in a state file are there again, and nobody else can read them", async () => {
    const path = join(folder, "state.json");
    const first = await start("--json", "--state-file", path);
    const key = await createKey(clientOf(textOf(jsonObject(first.line), "url")));
    await first.stop();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const second = await start("--json", "--state-file", path);
    const client = clientOf(textOf(jsonObject(second.line), "url"));
    expect((await client.send(new DescribeKeyCommand({ KeyId: key }))).KeyMetadata?.Arn).toBe(key);
    await second.stop();
  });

  test("a port that is taken is exit code 1, with its code", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const run = await sealgate(["kms-emulator", "--json", "--port", String(port)]);
    expect(run.code).toBe(EXIT.failure);
    expect(jsonObject(run.out)).toMatchObject({ error: { code: "kms_emulator_port_unavailable" } });
  });

  test("a damaged state file is exit code 1 and says so", async () => {
    const path = join(folder, "damaged.json");
    await writeFile(path, "{", { mode: 0o600 });
    const run = await sealgate(["kms-emulator", "--state-file", path]);
    expect(run).toMatchObject({ code: EXIT.failure, out: "" });
    expect(run.err).toContain("error kms_emulator_state_damaged: ");
  });

  test.for(["65536", "-1", "0x50", "1e3", "http"])("--port=%s is exit code 2", async (port) => {
    const run = await sealgate(["kms-emulator", `--port=${port}`]);
    expect(run).toMatchObject({ code: EXIT.usage, out: "" });
    expect(run.err).toContain("--port must be a number from 0 to 65535");
  });
});
