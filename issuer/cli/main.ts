#!/usr/bin/env node
/** The `sealgate` program: the one place that reads argv, the environment and the clock, and that ends the process. */
import { text } from "node:stream/consumers";
import { runCli } from "./program.ts";

const interruption = new AbortController();
process.once("SIGINT", () => interruption.abort());
process.once("SIGTERM", () => interruption.abort());

process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  out: (chunk) => void process.stdout.write(chunk),
  err: (chunk) => void process.stderr.write(chunk),
  readStdin: () => text(process.stdin),
  color: process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
  nowMs: () => Date.now(),
  interrupted: interruption.signal,
});
