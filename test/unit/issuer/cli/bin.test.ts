/** `sealgate` as a process of its own: streams, signals and exit codes as a shell sees them. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";
import { startTestKms } from "../../../support/kms.ts";
import type { TestKms } from "../../../support/kms.ts";
import { jsonObject } from "../../../support/values.ts";
import { AUDIENCE, ISSUER } from "./support.ts";

const MAIN = fileURLToPath(new URL("../../../../issuer/cli/main.ts", import.meta.url));

let aws: TestKms;
let env: Readonly<Record<string, string>>;
/** Called when the emulator has seen a request. */
let onRequest: () => void = () => undefined;

beforeAll(async () => {
  aws = await startTestKms({ onRequest: () => onRequest() });
  const key = await aws.createKeyFor("ES256");
  env = { ...aws.env, SEALGATE_KEY_ID: key, SEALGATE_ALG: "ES256", SEALGATE_ISSUER: ISSUER };
});
afterAll(() => aws.close());

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly stdout: NodeJS.ReadableStream;
  readonly ended: Promise<Ended>;
}

/** @param input what stands on stdin; undefined keeps it open */
function start(argv: readonly string[], variables: Readonly<Record<string, string>>, input?: string): Running {
  const child = spawn(process.execPath, [MAIN, ...argv], { env: { ...variables }, stdio: "pipe" });
  onTestFinished(() => void child.kill("SIGKILL"));
  if (input !== undefined) child.stdin.end(input);
  const end = async (): Promise<Ended> => {
    const [[code, signal], out, err] = await Promise.all([once(child, "exit"), text(child.stdout), text(child.stderr)]);
    return { code, signal, out, err };
  };
  return { child, stdout: child.stdout, ended: end() };
}

function run(argv: readonly string[], input = "", variables = env): Promise<Ended> {
  return start(argv, variables, input).ended;
}

describe("sealgate as a process", () => {
  test("a token goes from one command to the next through a pipe", async () => {
    const signed = await run(["token", "sign", "--audience", AUDIENCE, "--claims", "-"], '{"sub":"user-1"}');
    expect(signed).toMatchObject({ code: EXIT.ok, err: "" });
    const verified = await run(["token", "verify", "--audience", AUDIENCE], signed.out);
    expect(verified.code).toBe(EXIT.ok);
    expect(jsonObject(verified.out)).toMatchObject({ sub: "user-1", aud: AUDIENCE });
    expect(verified.err).toMatch(/^valid: ES256, kid /);
    const inspected = await run(["token", "inspect", "--json"], signed.out);
    expect(jsonObject(inspected.out)).toMatchObject({ claims: { sub: "user-1" } });
  });

  test("a token that does not verify is exit code 3", async () => {
    expect(await run(["token", "verify", "--audience", AUDIENCE], "garbage")).toMatchObject({
      code: EXIT.tokenInvalid,
      out: "",
      err: "invalid token_malformed: The token is not three parts with dots between them.\n",
    });
  });

  test("missing credentials are exit code 5, and no address of an instance is asked for them", async () => {
    const { AWS_ACCESS_KEY_ID: _id, AWS_SECRET_ACCESS_KEY: _secret, ...without } = env;
    const ended = await run(["token", "sign", "--audience", AUDIENCE], "", without);
    expect(ended).toMatchObject({ code: EXIT.unauthorized, out: "" });
    expect(ended.err).toContain("error kms_credentials_missing: ");
  });

  test("a KMS that nobody listens for is exit code 1, with the address", async () => {
    const nowhere = { ...env, AWS_ENDPOINT_URL_KMS: "http://127.0.0.1:1" };
    const ended = await run(["key", "public", "alias/x"], "", nowhere);
    expect(ended).toMatchObject({ code: EXIT.failure, out: "" });
    expect(ended.err).toMatch(/error kms_unreachable: .*127\.0\.0\.1:1/);
  });

  test.for(["SIGINT", "SIGTERM"] as const)("%s leaves a command that waits for KMS, at once: 130", async (signal) => {
    aws.emulator.faults.add({ operation: "GetPublicKey", kind: "hang", times: 1 });
    onTestFinished(() => aws.emulator.faults.clear());
    const asked = new Promise<void>((resolve) => {
      onRequest = resolve;
    });
    const { child, ended } = start(["token", "sign", "--audience", AUDIENCE], env);
    await asked;
    child.kill(signal);
    expect(await ended).toMatchObject({ code: EXIT.interrupted, signal: null, out: "" });
  });

  test.for(["SIGINT", "SIGTERM"] as const)("%s ends the emulator in order: 0", async (signal) => {
    const { child, stdout, ended } = start(["kms-emulator", "--json"], {});
    await once(stdout, "data");
    child.kill(signal);
    expect(await ended).toMatchObject({ code: EXIT.ok, signal: null });
  });

  test("no colour when nobody watches", async () => {
    expect((await run(["token", "verify"], "", {})).err).not.toContain("\u001b");
  });
});
