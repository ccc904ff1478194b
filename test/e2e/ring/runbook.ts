/**
 * Follows a runbook word for word on the local stack: every block of commands as it stands on the page, in its order, each of
 * which has to succeed. A block marked `deploy` prints a line, which is then deployed to the gateway.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { LOCAL_POLICY, startRingStack } from "../../local-stack/ring-stack.ts";
import type { RingStack, RingStackOptions } from "../../local-stack/ring-stack.ts";
import { given } from "../../support/values.ts";
import { createRunningClock } from "../../support/virtual-clock.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

interface Block {
  /** The heading above it, without its number. */
  readonly heading: string;
  readonly isDeployment: boolean;
  readonly commands: string;
}

/**
 * The blocks of a page; those that follow one another without a deployment are one shell's.
 * @param breaks headings before which another shell begins
 */
async function readRunbook(name: string, breaks: readonly string[]): Promise<readonly Block[]> {
  const page = await readFile(join(ROOT, "docs/runbooks", name), "utf8");
  const blocks: Block[] = [];
  let heading = "";
  for (const [, title, mark, commands = ""] of page.matchAll(
    /^#+ (?:\d+\. )?(.+)$|^```sh( deploy)?\n([\s\S]*?)^```$/gm,
  )) {
    heading = title ?? heading;
    if (title !== undefined) continue;
    const isDeployment = mark !== undefined;
    const last = blocks.at(-1);
    const isNew =
      isDeployment || last === undefined || last.isDeployment || (last.heading !== heading && breaks.includes(heading));
    if (isNew) blocks.push({ heading, isDeployment, commands });
    else blocks[blocks.length - 1] = { ...last, commands: `${last.commands}${commands}` };
  }
  return blocks;
}

export interface Shell {
  /** Runs commands, each of which has to succeed. @returns what they have printed, to both streams */
  run(commands: string): Promise<string>;
}

/** A shell as a person has it who has pasted what `npm start` prints. */
export async function openShell(stack: RingStack): Promise<Shell> {
  const folder = await mkdtemp(join(tmpdir(), "sealgate-runbook-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const program = `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, "issuer/cli/main.ts")}" "$@"\n`;
  await writeFile(join(folder, "sealgate"), program, { mode: 0o755 });
  const path = `${folder}:${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`;
  const env = { ...stack.env, GATEWAY: stack.gateway.url, PATH: path, HOME: folder };
  return {
    async run(commands) {
      const child = spawn("bash", ["-c", `set -euo pipefail\nexec 2>&1\n${commands}`], { cwd: folder, env });
      child.stdin.end();
      const [[code], output] = await Promise.all([once(child, "exit"), text(child.stdout)]);
      if (code !== 0) throw new Error(`exit code ${String(code)}\n${commands}\n${output}`);
      return output;
    },
  };
}

/**
 * @param befalls what happens in the world before the first block below a heading
 * @param inShell a shell that the test looks into as well
 * @returns everything that was printed
 */
export async function follow(
  name: string,
  stack: RingStack,
  befalls: Readonly<Record<string, () => Promise<void>>> = {},
  inShell?: Shell,
): Promise<string> {
  const shell = inShell ?? (await openShell(stack));
  let output = "";
  let above = "";
  for (const { heading, isDeployment, commands } of await readRunbook(name, Object.keys(befalls))) {
    if (heading !== above) await befalls[heading]?.();
    above = heading;
    const printed = await shell.run(commands);
    output += printed;
    if (isDeployment) await stack.gateway.deploy(variablesOf(printed));
  }
  return output;
}

function variablesOf(printed: string): Readonly<Record<string, string>> {
  const lines = [...printed.matchAll(/^(RING|TRUST_ANCHORS|BOOTSTRAP_KEY_SET|MIN_REV)='(.*)'$/gm)];
  return Object.fromEntries(lines.map(([, variable, value]) => [given(variable), given(value)]));
}

/** A stack whose ring was created ten minutes ago, so that its standby may sign. */
export async function startRipeStack(options: Pick<RingStackOptions, "revocations"> = {}): Promise<RingStack> {
  const clock = createRunningClock(Date.now() - 600_000);
  const stack = await startRingStack({ ...options, policy: LOCAL_POLICY, nowMs: () => clock.epochMs() });
  onTestFinished(() => stack.close());
  // In between the listing settles: the lead counts from there.
  for (const move of [() => clock.advance(200_000), () => clock.catchUp()]) {
    move();
    await stack.reconcile();
  }
  return stack;
}
