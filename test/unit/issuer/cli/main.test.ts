/** The program as a process: what becomes of it when its streams are not what it expects. */
import { spawn } from "node:child_process";
import type { StdioOptions } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";

const MAIN = fileURLToPath(new URL("../../../../issuer/cli/main.ts", import.meta.url));

async function run(argv: readonly string[], stdio: StdioOptions): Promise<{ code: unknown; err: string }> {
  const child = spawn(process.execPath, [MAIN, ...argv], { stdio });
  // The reader has read enough before anything is written.
  child.stdout?.destroy();
  const [err, [code]] = await Promise.all([child.stderr === null ? "" : text(child.stderr), once(child, "close")]);
  return { code, err };
}

test("the exit code is the command's own, although nothing reads its answer", async () => {
  const { code, err } = await run(["token", "inspect", "--json", "x.y.z"], ["ignore", "pipe", "pipe"]);
  expect(err).not.toMatch(/^ {4}at /m);
  expect(code).toBe(EXIT.tokenInvalid);
});

test.skipIf(process.platform !== "linux")("an answer that cannot be written is a failure, in one line", async () => {
  const { code, err } = await run(["--version"], ["ignore", openSync("/dev/full", "w"), "pipe"]);
  expect(err).toBe("error unexpected: Standard output cannot be written (ENOSPC).\n");
  expect(code).toBe(EXIT.failure);
});
