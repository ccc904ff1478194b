/** `npm start`: the local stack with a real ring, kept up until Ctrl-C, with what one needs to play with it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { devNull } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { startConsole } from "../../issuer/console/command.ts";
import { createDecisionLog } from "../../issuer/console/decision-log.ts";
import { readRoutes } from "../../issuer/console/routes-file.ts";
import { createIssuer } from "../../issuer/issuer.ts";
import { createRingMemory } from "../../issuer/key-ring/index.ts";
import { toDecision } from "../../issuer/words/decision.ts";
import { LOCAL_POLICY, startRingStack } from "./ring-stack.ts";
import type { RingStack } from "./ring-stack.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "./stack.ts";

/** The command line, from the sources. */
const PROGRAM = fileURLToPath(new URL("../../issuer/cli/main.ts", import.meta.url));

const stack = await startRingStack({ policy: LOCAL_POLICY, revocations: true });
const stopped = interruption();
const stop = new AbortController();
const decisions = createDecisionLog();
const following = setInterval(followGateway, 250);
const page = await startConsole({
  context: {
    policy: stack.policy,
    ports: stack.ports,
    options: { policy: stack.policy, memory: createRingMemory(), actor: "console" },
  },
  gateways: [new URL(stack.gateway.url)],
  audience: LOCAL_AUDIENCE,
  routes: await readRoutes(fileURLToPath(new URL("../../edge-verifier/routes.ts", import.meta.url))),
  decisions,
  port: 0,
  interrupted: stop.signal,
});
const rotator = startRotator(stack);
try {
  const { gateway, kms, policy } = stack;
  const ttlSeconds = policy.timing.maxTokenTtlSeconds;
  const tokens = createIssuer({ issuer: LOCAL_ISSUER, ring: stack.createSource(), maxTokenTtlSeconds: ttlSeconds });
  const claims = { sub: "user-1", sid: "session-1", scope: "orders" };
  const { token, kid } = await tokens.sign(claims, { audience: LOCAL_AUDIENCE, ttlSeconds });
  print(`sealgate is up on this machine.

  gateway   ${gateway.url}
  JWK Set   ${gateway.url}/.well-known/jwks.json
  health    ${gateway.url}/.well-known/sealgate/health
  console   ${page.url}   (ring, decisions and tokens on a page; works once)
  KMS       ${kms.emulator.url}   (embedded, for development: it is not a KMS)

A token that lives for ${ttlSeconds / 60} minutes (200), none (401), and one that was forged (401). The console says why:

  curl -i ${gateway.url}/api/orders -H "Authorization: Bearer ${token}"
  curl -i ${gateway.url}/api/orders
  curl -i ${gateway.url}/api/orders -H "Authorization: Bearer ${forge(token)}"

More tokens, and the key ring, in another terminal:

${shellLines({ ...stack.env, GATEWAY: gateway.url })
  .map((line) => `  ${line}`)
  .join("\n")}
  sealgate() { ${quote(process.execPath)} ${quote(PROGRAM)} "$@"; }

  sealgate token sign --audience ${LOCAL_AUDIENCE} --claims '{"sub":"user-2","scope":"admin"}'

Where the ring stands, and what this gateway serves:

  sealgate ring status --gateway $GATEWAY

From then on the pending key signs, and no good token is refused (it waits a minute or two):

  sealgate ring rotate --wait

The token above was stolen: take it back (401 within a minute), while other tokens go on.

  sealgate token revoke ${token} --ring

Its key was stolen: all tokens of the key are refused, within a stated bound.

  sealgate ring revoke ${kid}

The rotator (sealgate ring reconcile --watch) runs here; what it does is printed below.
A line TRUST_ANCHORS='…' (or another variable of the Worker) that you paste here is deployed to this gateway.
Ctrl-C stops everything.
`);
  deployPastedLines(stack);
  await stopped;
  print("\nstopping\n");
} finally {
  stop.abort();
  clearInterval(following);
  await page.close();
  await rotator.close();
  await stack.close();
}

/** The service that keeps a ring, and publishes what is taken back: the program itself, in a process of its own. */
function startRotator({ env }: RingStack): { close(): Promise<void> } {
  const argv = [PROGRAM, "ring", "reconcile", "--watch", "--audit", devNull];
  const child = spawn(process.execPath, argv, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => print(`rotator   ${line}\n`));
  }
  return {
    async close() {
      const isRunning = child.exitCode === null && child.signalCode === null;
      if (isRunning && child.kill("SIGINT")) await once(child, "exit");
    },
  };
}

/** Takes what the gateway has logged meanwhile to the console's page. */
function followGateway(): void {
  for (const event of stack.gateway.takeEvents()) {
    const decision = toDecision(event, Date.now());
    if (decision !== undefined) decisions.add(decision);
  }
}

/** Resolves at the first Ctrl-C. wrangler ends the process at once on these signals; here the stack is closed in order. */
async function interruption(): Promise<void> {
  for (const signal of ["SIGINT", "SIGTERM"]) process.removeAllListeners(signal);
  await Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
}

/** What an edit of wrangler.toml and a deployment do elsewhere. */
function deployPastedLines({ gateway }: RingStack): void {
  createInterface({ input: process.stdin }).on("line", (line) => {
    const [, name, value] = /^(TRUST_ANCHORS|BOOTSTRAP_KEY_SET|MIN_REV)='?([^']*)'?$/.exec(line.trim()) ?? [];
    if (name === undefined || value === undefined) return;
    void gateway.deploy({ [name]: value }).then(() => print(`deployed with another ${name}\n`));
  });
}

/** The same token for another subject. Its signature stays, because the private key is in KMS. */
function forge(token: string): string {
  const [header = "", payload = "", signature = ""] = token.split(".");
  const claims = Buffer.from(payload, "base64url").toString().replace('"user-1"', '"admin"');
  return [header, Buffer.from(claims).toString("base64url"), signature].join(".");
}

function print(text: string): void {
  process.stdout.write(text);
}

/**
 * Lines that a shell in any folder can read. An empty variable is unset instead: awscli and boto3 take `AWS_PROFILE=` for a
 * profile without a name, and read the Region from `AWS_DEFAULT_REGION`.
 */
function shellLines(env: Readonly<Record<string, string>>): readonly string[] {
  const names = Object.entries(env);
  const unset = names.filter(([, value]) => value === "").map(([name]) => name);
  const set = names.filter(([, value]) => value !== "").map(([name, value]) => `export ${name}=${quote(value)}`);
  return [`unset AWS_SESSION_TOKEN ${unset.join(" ")}`.trimEnd(), ...set];
}

/** For a shell; what has nothing special in it stays readable. */
function quote(value: string): string {
  return /^[\w:/.@%+=-]*$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
