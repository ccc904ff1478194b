/** Runs `sealgate` in the test's own process, with streams that can be read afterwards. */
import { vi } from "vitest";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";
import type { ExitCode } from "../../../../issuer/cli/exit-codes.ts";
import type { CliIo } from "../../../../issuer/cli/io.ts";
import { runCli } from "../../../../issuer/cli/program.ts";
import type { JsonObject } from "../../../../shared/json.ts";
import { jsonObject } from "../../../support/values.ts";

export const ISSUER = "https://auth.example.com";
export const AUDIENCE = "https://api.example.com";

export interface CliRun {
  readonly code: ExitCode;
  readonly out: string;
  readonly err: string;
}

/** Variables of the SDK's default chain that lead nowhere: what a run without AWS must never need. */
const NO_AWS = { AWS_ENDPOINT_URL_KMS: "http://127.0.0.1:1", AWS_CONFIG_FILE: "/dev/null" };

/** What a command is given unless a test says otherwise: nothing to read, and nowhere to write. */
export function testIo(changes: Partial<CliIo> = {}): CliIo {
  return {
    version: "1.2.3",
    env: NO_AWS,
    out: () => undefined,
    err: () => undefined,
    readStdin: () => Promise.reject(new Error("nothing was said of reading stdin")),
    stdinChunks: () => {
      throw new Error("nothing was said of reading stdin");
    },
    readLine: () => Promise.reject(new Error("nothing was said of reading a line")),
    stdinIsTerminal: false,
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    color: false,
    nowMs: () => Date.now(),
    sleep: () => Promise.reject(new Error("nothing was said of waiting")),
    interrupted: new AbortController().signal,
    ...changes,
  };
}

/** Runs a command line to its end. */
export async function sealgate(argv: readonly string[], changes: Partial<CliIo> = {}): Promise<CliRun> {
  let [out, err] = ["", ""];
  const streams = { out: (text: string) => void (out += text), err: (text: string) => void (err += text) };
  const code = await runCli(argv, testIo({ ...streams, ...changes }));
  return { code, out, err };
}

/** The one line of JSON on stdout. */
export function jsonOf({ out }: CliRun): JsonObject {
  if (!/^[^\n]+\n$/.test(out)) throw new Error(`expected one line on stdout, not ${JSON.stringify(out)}`);
  return jsonObject(out);
}

/** A member that is a text. */
export function textOf(object: JsonObject, member: string): string {
  const value = object[member];
  if (typeof value !== "string") throw new TypeError(`expected a text as ${member}`);
  return value;
}

/** The AWS SDK reads its variables from the process, wherever the command gets its own from. */
export function stubProcessEnv(env: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
}

/** Signs a token and returns it. */
export async function signedToken(argv: readonly string[]): Promise<string> {
  const run = await sealgate(["token", "sign", "--issuer", ISSUER, "--audience", AUDIENCE, ...argv]);
  if (run.code !== EXIT.ok) throw new Error(run.err);
  return run.out.trim();
}
