/** `npm start`, as a person uses it: it comes up, its curl works, and Ctrl-C ends it cleanly. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Running {
  readonly process: ChildProcess;
  readonly gatewayUrl: string;
  readonly token: string;
}

async function start(): Promise<Running> {
  const child = spawn("node", ["test/local-stack/start.ts"], { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  await new Promise<void>((resolve, reject) => {
    child.once("exit", () => reject(new Error(`npm start ended:\n${output}`)));
    child.stdout.on("data", (chunk) => {
      output += String(chunk);
      if (output.includes("Ctrl-C stops everything.")) resolve();
    });
  });
  const gatewayUrl = /gateway {3}(\S+)/.exec(output)?.[1] ?? "";
  const token = /Bearer ([\w.-]+)"/.exec(output)?.[1] ?? "";
  return { process: child, gatewayUrl, token };
}

test("two stacks run side by side, answer the printed request, and stop on Ctrl-C with exit code 0", async () => {
  const [one, two] = await Promise.all([start(), start()]);
  expect(one.gatewayUrl).not.toBe(two.gatewayUrl);
  for (const { gatewayUrl, token } of [one, two]) {
    const url = `${gatewayUrl}/api/orders`;
    expect((await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
    expect((await fetch(url)).status).toBe(401);
  }
  // Each has its own ring: the token of one is nothing to the other.
  const foreign = await fetch(`${one.gatewayUrl}/api/orders`, { headers: { authorization: `Bearer ${two.token}` } });
  expect(foreign.status).toBe(401);
  for (const { process: child } of [one, two]) {
    child.kill("SIGINT");
    const [code] = (await once(child, "exit")) as [number | null];
    expect(code).toBe(0);
  }
});
