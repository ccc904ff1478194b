/** The `sealgate` program, started by bin.ts: the one place that reads argv, the environment and the clock, and that ends the process. */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { isatty } from "node:tty";
import { fileURLToPath } from "node:url";
import { isJsonObject } from "../../shared/json.ts";
import { endProgram } from "./end-program.ts";
import { EXIT } from "./exit-codes.ts";
import { wantsColor } from "./io.ts";
import { runCli } from "./program.ts";

const interruption = new AbortController();
process.once("SIGINT", () => interruption.abort());
process.once("SIGTERM", () => interruption.abort());

// The program that reads the answer may have read enough, as in `sealgate ring rotate | head -1`. The command does its work to the end
// all the same, and has its own exit code: a revocation must not stop half-way.
const readerGone = new AbortController();
let outputFault: string | undefined;
process.stdout.on("error", (error) => {
  const fault = "code" in error ? String(error.code) : error.name;
  if (fault === "EPIPE") readerGone.abort();
  else outputFault ??= fault;
});
process.stderr.on("error", () => undefined);

const code = await runCli(process.argv.slice(2), {
  version: readVersion(),
  env: process.env,
  out: (chunk) => void process.stdout.write(chunk),
  err: (chunk) => void process.stderr.write(chunk),
  readStdin: () => text(process.stdin),
  stdinChunks: () => process.stdin.setEncoding("utf8"),
  readLine,
  stdinIsTerminal: isatty(0),
  stdoutIsTerminal: isatty(1),
  stderrIsTerminal: isatty(2),
  color: wantsColor(process.env, isatty(2)),
  nowMs: () => Date.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
  interrupted: interruption.signal,
  readerGone: readerGone.signal,
});
await endProgram(code, [process.stdout, process.stderr], (exitCode) => {
  if (outputFault === undefined) process.exit(exitCode);
  process.stderr.write(`error unexpected: Standard output cannot be written (${outputFault}).\n`);
  process.exit(EXIT.failure);
});

async function readLine(): Promise<string> {
  const lines = createInterface({ input: process.stdin });
  try {
    for await (const line of lines) return line;
    return "";
  } finally {
    lines.close();
  }
}

/** By the package's own name, so that it is found from the sources and from the built program alike. */
function readVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(fileURLToPath(import.meta.resolve("sealgate/package.json")), "utf8"),
  );
  return isJsonObject(manifest) && typeof manifest["version"] === "string" ? manifest["version"] : "unknown";
}
