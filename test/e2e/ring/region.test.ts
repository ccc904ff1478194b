/**
 * A Region's outage: one embedded KMS and its rotator are shut down under traffic, and come back. And its runbook, followed word for
 * word, with the Region down where the page says so. Longer outages: test/simulation/regions.ts, in virtual time.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { RingSigner } from "../../../issuer/key-ring/index.ts";
import { startKmsEmulator } from "../../../issuer/kms-emulator/index.ts";
import { LOCAL_POLICY, startRingStack } from "../../local-stack/ring-stack.ts";
import type { RingStack } from "../../local-stack/ring-stack.ts";
import { createRunningClock } from "../../support/virtual-clock.ts";
import { gatewayAt } from "./consumers.ts";
import { follow } from "./runbook.ts";
import { startTraffic } from "./traffic.ts";

const SLOW = { timeout: 120_000 };

interface TwoRegions {
  readonly main: RingStack;
  readonly west: RingStack;
  /** Home first, each over a client of its own. */
  readonly sources: readonly [RingSigner, RingSigner];
  /** Home's KMS answers no more. */
  readonly shut: () => Promise<void>;
  /** It does again, with the same keys at the same address. */
  readonly restart: () => Promise<void>;
}

/** Two rings that were created ten minutes ago, so that every edge knows their keys and documents. */
async function startTwoRegions(): Promise<TwoRegions> {
  const folder = await mkdtemp(join(tmpdir(), "sealgate-region-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const kmsStateFile = join(folder, "kms.json");
  const clock = createRunningClock(Date.now() - 600_000);
  const nowMs = (): number => clock.epochMs();
  const main = await startRingStack({ policy: LOCAL_POLICY, nowMs, kmsStateFile });
  onTestFinished(() => main.close());
  const west = await startRingStack({ policy: LOCAL_POLICY, nowMs, ring: "west", gateway: main.gateway });
  onTestFinished(() => west.close());
  for (const move of [() => clock.advance(200_000), () => clock.catchUp()]) {
    move();
    for (const stack of [main, west]) await stack.reconcile();
  }
  const { port } = main.kms.emulator;
  return {
    main,
    west,
    sources: [main.createSource(), west.createSource()],
    shut: () => main.kms.emulator.close(),
    async restart() {
      const emulator = await startKmsEmulator({ port, stateFile: kmsStateFile, now: nowMs });
      onTestFinished(() => emulator.close());
    },
  };
}

async function deployBoth({ main, west }: TwoRegions): Promise<void> {
  const anchors = { main: main.trustAnchors, west: west.trustAnchors };
  await main.gateway.deploy({ RING: "main,west", TRUST_ANCHORS: JSON.stringify(anchors) });
}

test(
  "home's KMS and rotator are shut down under traffic, and come back: no token is refused, no sign() fails",
  SLOW,
  async () => {
    const regions = await startTwoRegions();
    await deployBoth(regions);
    const { main, west, sources } = regions;
    const kidOf = async (stack: RingStack): Promise<string | undefined> =>
      (await stack.reconcile()).observed.generations[0]?.publicKey?.kid;
    const [homeKid, westKid] = [await kidOf(main), await kidOf(west)];
    const traffic = startTraffic({
      consumers: [gatewayAt(main.gateway.url)],
      source: sources,
      ttlSeconds: 3,
      everyMs: 50,
    });
    const signedBy = (): string | undefined => traffic.lastKid;
    await expect.poll(signedBy, { timeout: 20_000 }).toBe(homeKid);
    await regions.shut();
    await expect.poll(signedBy, { timeout: 20_000 }).toBe(westKid);
    await regions.restart();
    await expect.poll(signedBy, { timeout: 30_000 }).toBe(homeKid);
    await traffic.stop();
    expect(traffic.faults).toEqual([]);
    expect(traffic.answers.filter(({ status }) => status !== 200)).toEqual([]);
    expect(traffic.kids).toEqual(new Set([homeKid, westKid]));
  },
);

test("the runbook: each of its commands succeeds, and the ring that can sign does", SLOW, async () => {
  const regions = await startTwoRegions();
  const { main, west } = regions;
  const env = { ...main.env, AWS_ENDPOINT_URL_KMS: "", SEALGATE_KMS_ENDPOINT_MAIN: main.kms.emulator.url };
  const stack = { ...main, env: { ...env, SEALGATE_KMS_ENDPOINT_WEST: west.kms.emulator.url } };
  const output = await follow("a-region-is-down.md", stack, {
    "While the Region is down": regions.shut,
    "When the Region is back": regions.restart,
  });
  const westKid = (await west.reconcile()).observed.generations[0]?.publicKey?.kid;
  expect(output).toContain(`${westKid}`);
  expect(output.match(/"path":"\/api\/orders"/g)).toHaveLength(5);
});
