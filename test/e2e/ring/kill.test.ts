/**
 * `sealgate ring …` as a process of its own, killed (SIGKILL) after each change that it makes, in KMS and in KV, when it cannot
 * even know that the change was made. The next run has to find its way.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createRingMemory, createRingPorts, observeRing, reconcileRing } from "../../../issuer/key-ring/index.ts";
import type { ObservedRing, RingPolicy, RingPorts } from "../../../issuer/key-ring/index.ts";
import { createCloudflareKvPublisher } from "../../../issuer/publish/cloudflare-kv.ts";
import { createRingPolicy } from "../../../issuer/config/ring-policy.ts";
import { EXIT } from "../../../issuer/cli/exit-codes.ts";
import { runCli } from "../../../issuer/cli/program.ts";
import { epochSecondsFromMs } from "../../../shared/identifiers.ts";
import { LOCAL_NAMESPACE_ID, startGateway } from "../../local-stack/gateway.ts";
import type { Gateway } from "../../local-stack/gateway.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "../../local-stack/stack.ts";
import { createHolder, startHoldingProxy } from "../../support/holding-proxy.ts";
import type { HoldingProxy } from "../../support/holding-proxy.ts";
import { makeRoot } from "../../support/key-sets.ts";
import { startTestKms } from "../../support/kms.ts";
import type { TestKms } from "../../support/kms.ts";
import { given } from "../../support/values.ts";
import { createRunningClock } from "../../support/virtual-clock.ts";

const MAIN = fileURLToPath(new URL("../../../issuer/cli/main.ts", import.meta.url));

const clock = createRunningClock();
const holder = createHolder();
let kms: TestKms;
let gateway: Gateway;
let proxies: readonly HoldingProxy[];
let env: Readonly<Record<string, string>>;
let ports: RingPorts;

beforeAll(async () => {
  kms = await startTestKms({ now: () => clock.epochMs() });
  const { jwk } = await makeRoot();
  // The Worker is not asked anything here: it brings the KV API along.
  const names = { issuer: LOCAL_ISSUER, audience: LOCAL_AUDIENCE, ring: "main" };
  gateway = await startGateway({ ...names, trustAnchors: [jwk] });
  const kmsProxy = await startHoldingProxy(kms.emulator.url, holder, changeInKms);
  const kvProxy = await startHoldingProxy(gateway.kvBaseUrl, holder, changeInKv);
  proxies = [kmsProxy, kvProxy];
  env = {
    ...kms.env,
    AWS_ENDPOINT_URL_KMS: kmsProxy.url,
    SEALGATE_ISSUER: LOCAL_ISSUER,
    SEALGATE_KV_BASE_URL: kvProxy.url,
    SEALGATE_KV_NAMESPACE_ID: LOCAL_NAMESPACE_ID,
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const publisher = createCloudflareKvPublisher({ baseUrl: gateway.kvBaseUrl, namespaceId: LOCAL_NAMESPACE_ID });
  const nothing = (): void => undefined;
  ports = createRingPorts({
    kms: kms.kms,
    publisher,
    audit: nothing,
    clock: () => epochSecondsFromMs(clock.epochMs()),
  });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  for (const proxy of proxies) await proxy.close();
  await gateway.close();
  await kms.close();
});

/** Operations that change something. https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html */
const CHANGES = /^TrentService\.(?<operation>Create|Update|Tag|Disable|Schedule)/;

function changeInKms({ headers }: IncomingMessage): string | undefined {
  const target = String(headers["x-amz-target"]);
  return CHANGES.test(target) ? target.slice("TrentService.".length) : undefined;
}

function changeInKv({ method }: IncomingMessage): string | undefined {
  return method === "PUT" ? "KV" : undefined;
}

function policyOf(ring: string): RingPolicy {
  return createRingPolicy({ ring, issuer: LOCAL_ISSUER });
}

function observe(ring: string): Promise<ObservedRing> {
  return observeRing(ports, policyOf(ring), { memory: createRingMemory() });
}

/** A ring that has been at rest for so long that its standby may sign. */
async function prepare(ring: string): Promise<ObservedRing> {
  clock.advance(-7_200_000);
  const options = { policy: policyOf(ring), memory: createRingMemory(), actor: "test" };
  await reconcileRing(ports, { ...options, request: { kind: "init" } });
  clock.advance(600_000);
  await reconcileRing(ports, options);
  clock.catchUp();
  return (await reconcileRing(ports, options)).observed;
}

function start(argv: readonly string[], ring: string): ChildProcess {
  return spawn(process.execPath, [MAIN, "ring", ...argv], { env: { ...env, SEALGATE_RING: ring }, stdio: "ignore" });
}

/** The next run, by another process that knows nothing of the first one. */
async function resume(argv: readonly string[], ring: string): Promise<number> {
  return runCli(["ring", ...argv], {
    version: "0",
    env: { ...env, SEALGATE_RING: ring },
    out: () => undefined,
    err: () => undefined,
    readStdin: async () => "",
    stdinChunks: async function* none() {},
    readLine: async () => "",
    stdinIsTerminal: false,
    stdoutIsTerminal: false,
    stderrIsTerminal: false,
    color: false,
    nowMs: () => Date.now(),
    sleep: async () => undefined,
    interrupted: new AbortController().signal,
  });
}

interface Scenario {
  readonly name: string;
  /** What is killed. */
  readonly argv: (observed: ObservedRing | undefined) => readonly string[];
  /** What is run afterwards. */
  readonly resume: readonly string[];
  readonly needsRing: boolean;
  /** What must have been cut off at least once. */
  readonly cuts: readonly string[];
  readonly check: (observed: ObservedRing) => void;
}

function kidOf({ generations }: ObservedRing, number: number): string | undefined {
  const generation = generations.find((one) => one.number === number);
  return generation?.publicKey?.kid ?? generation?.tags.kid;
}

const SCENARIOS: readonly Scenario[] = [
  {
    name: "init",
    argv: () => ["init"],
    resume: ["init"],
    needsRing: false,
    cuts: ["CreateKey", "CreateAlias", "TagResource", "KV"],
    check: ({ active, generations }) => {
      expect(active?.generation).toBe(1);
      expect(generations.map(({ number }) => number)).toEqual([1, 2]);
    },
  },
  {
    name: "rotate",
    argv: () => ["rotate"],
    resume: ["reconcile"],
    needsRing: true,
    cuts: ["UpdateAlias", "CreateKey", "CreateAlias", "TagResource", "KV"],
    check: ({ active, generations }) => {
      expect(active?.generation).toBe(2);
      expect(generations.map(({ number }) => number)).toEqual([1, 2, 3]);
    },
  },
  {
    name: "revoke",
    argv: (observed) => ["revoke", given(observed && kidOf(observed, 1)), "--yes"],
    resume: ["reconcile"],
    needsRing: true,
    cuts: ["DisableKey", "UpdateAlias", "CreateKey", "CreateAlias", "TagResource", "KV"],
    check: (observed) => {
      expect(observed.active?.generation).toBe(2);
      expect(observed.generations.map(({ keyState }) => keyState)).toEqual(["Disabled", "Enabled", "Enabled"]);
      const { document } = observed;
      expect(document.kind === "read" && document.document.revoked).toMatchObject([{ kid: kidOf(observed, 1) }]);
    },
  },
];

/**
 * Runs the command until it has made its n-th change, and kills it before it knows.
 * @returns what was cut off; undefined when the command has ended before, successfully
 */
async function killAt(
  n: number,
  { argv }: Scenario,
  before: ObservedRing | undefined,
  ring: string,
): Promise<string | undefined> {
  const held = holder.holdAt(n);
  const child = start(argv(before), ring);
  const ended = once(child, "exit") as Promise<[number | null]>;
  const cut = await Promise.race([held, ended]);
  holder.release();
  if (typeof cut === "string") {
    child.kill("SIGKILL");
    await ended;
    return cut;
  }
  if (cut[0] !== EXIT.ok) throw new Error(`ring ${argv(before).join(" ")} ended with ${String(cut[0])}`);
  return undefined;
}

test.for(SCENARIOS)("ring $name, killed after each change and run again", { timeout: 240_000 }, async (scenario) => {
  const cuts = new Set<string>();
  for (let n = 1; ; n += 1) {
    const ring = `${scenario.name}-${n}`;
    const before = scenario.needsRing ? await prepare(ring) : undefined;
    const cut = await killAt(n, scenario, before, ring);
    if (cut === undefined) break;
    cuts.add(cut);
    const when = `after ${cut}, change ${n}`;
    expect((await observe(ring)).orphans.length, when).toBeLessThanOrEqual(1);
    expect(await resume(scenario.resume, ring), when).toBe(EXIT.ok);
    const after = await observe(ring);
    expect(after.orphans, when).toEqual([]);
    scenario.check(after);
  }
  expect([...cuts].toSorted()).toEqual(scenario.cuts.toSorted());
});
