/** `npm start`, as a person uses it: it comes up, what it prints can be pasted, and Ctrl-C ends it cleanly. */
import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

interface Running {
  readonly process: ChildProcess;
  readonly gatewayUrl: string;
  /** Works once. */
  readonly consoleUrl: string;
  readonly token: string;
  /** By the printed request. */
  readonly forged: string;
  /** The lines for another terminal: variables, and the function `sealgate`. */
  readonly shellLines: string;
  /** Each as it is pasted there. */
  readonly commands: readonly string[];
}

async function start(): Promise<Running> {
  const child = spawn("node", ["test/local-stack/start.ts"], { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] });
  // As a person ends it: a killed one would leave its workerd behind.
  onTestFinished(async () => {
    if (child.exitCode === null && child.kill("SIGINT")) await once(child, "exit");
  });
  let output = "";
  await new Promise<void>((resolve, reject) => {
    child.once("exit", () => reject(new Error(`npm start ended:\n${output}`)));
    child.stdout.on("data", (chunk) => {
      output += String(chunk);
      if (output.includes("Ctrl-C stops everything.")) resolve();
    });
  });
  const gatewayUrl = /gateway {3}(\S+)/.exec(output)?.[1] ?? "";
  const consoleUrl = /console {3}(\S+)/.exec(output)?.[1] ?? "";
  const [token = "", forged = ""] = [...output.matchAll(/Bearer ([\w.-]+)"/g)].map(([, one]) => one);
  const shellLines = [...output.matchAll(/^ {2}((?:unset|export|sealgate\(\)) .*)$/gm)]
    .map(([, line]) => line)
    .join("\n");
  const commands = [...output.matchAll(/^ {2}(sealgate .*)$/gm)].map(([, line = ""]) => line);
  return { process: child, gatewayUrl, consoleUrl, token, forged, shellLines, commands };
}

/** What the console's page hears of decisions, up to a text. */
async function decisionsUntil(text: string, { consoleUrl }: Running, cookie: string): Promise<string> {
  const { body } = await fetch(new URL("/decisions", consoleUrl), { headers: { cookie } });
  let heard = "";
  for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    heard += chunk;
    if (heard.includes(text)) return heard;
  }
  throw new Error(`the stream ended:\n${heard}`);
}

test("two stacks run side by side, answer the printed request, and stop on Ctrl-C with exit code 0", async () => {
  const [one, two] = await Promise.all([start(), start()]);
  expect(one.gatewayUrl).not.toBe(two.gatewayUrl);
  const cookies: string[] = [];
  for (const { gatewayUrl, token, consoleUrl } of [one, two]) {
    const url = `${gatewayUrl}/api/orders`;
    expect((await fetch(url, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
    expect((await fetch(url)).status).toBe(401);
    const cookie = (await fetch(consoleUrl)).headers.get("set-cookie")?.split(";")[0] ?? "";
    const ring = await fetch(new URL("/ring", consoleUrl), { headers: { cookie } });
    expect(await ring.text()).toContain("Generation 1, now signs.");
    expect((await fetch(consoleUrl)).status).toBe(403);
    cookies.push(cookie);
  }
  // Each has its own ring: the token of one is nothing to the other, and its console shows why.
  const foreign = await fetch(`${one.gatewayUrl}/api/orders`, { headers: { authorization: `Bearer ${two.token}` } });
  expect(foreign.status).toBe(401);
  const forged = await fetch(`${one.gatewayUrl}/api/orders`, { headers: { authorization: `Bearer ${one.forged}` } });
  expect(forged.status).toBe(401);
  const shown = await decisionsUntil('"reason":"signature_invalid"', one, cookies[0] ?? "");
  expect(shown).toContain('"reason":"kid_unknown"');
  expect(shown).toContain('"decision":"forwarded"');
  for (const token of [one.token, one.forged, two.token])
    for (const part of token.split(".")) expect(shown).not.toContain(part);
  for (const { process: child } of [one, two]) {
    child.kill("SIGINT");
    const [code] = (await once(child, "exit")) as [number | null];
    expect(code).toBe(0);
  }
});

test("the printed lines work in any folder, in a shell with an AWS profile of its own, and for other AWS programs; the printed token is taken back", async () => {
  const { gatewayUrl, shellLines, token: stolen, commands } = await start();
  const [sign = "", status = "", rotate, takeBack = "", withdraw] = commands;
  // A rotation takes a minute, and the withdrawal of the key would end both tokens.
  expect([rotate, withdraw]).toEqual([
    "sealgate ring rotate --wait",
    expect.stringMatching(/^sealgate ring revoke [\w-]{43}$/),
  ]);
  expect(commands).toHaveLength(5);
  const script = ["set -e", shellLines, sign, "env", status, takeBack].join("\n");
  const env = {
    ...process.env,
    AWS_PROFILE: "production",
    AWS_USE_FIPS_ENDPOINT: "true",
    AWS_SESSION_TOKEN: "another",
  };
  const { stdout } = await promisify(execFile)("sh", ["-c", script], { cwd: tmpdir(), env });
  const [token = "", ...variables] = stdout.split("\n");
  const send = async (bearer: string): Promise<number> =>
    (await fetch(`${gatewayUrl}/api/orders`, { headers: { authorization: `Bearer ${bearer}` } })).status;
  expect(await send(token)).toBe(200);
  // An empty profile or a missing Region ends awscli and boto3 before they have asked anything.
  expect(variables.filter((line) => /^AWS_\w+=$/.test(line))).toEqual([]);
  for (const name of ["AWS_PROFILE", "AWS_SESSION_TOKEN"]) {
    expect(
      variables.some((line) => line.startsWith(`${name}=`)),
      name,
    ).toBe(false);
  }
  expect(variables).toContain("AWS_DEFAULT_REGION=us-east-1");
  // The token that was taken back is refused by the printed time, by the rotator that runs there, and its neighbour goes on.
  const [, refusedBy = ""] = /^every gateway that reads the list refuses by (\S+)/m.exec(stdout) ?? [];
  const timeout = Date.parse(refusedBy) - Date.now();
  await expect.poll(() => send(stolen), { timeout, interval: 200 }).toBe(401);
  expect(await send(token)).toBe(200);
});
