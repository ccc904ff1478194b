/** Two rotators at once, in many orders of their calls, over a KMS that shows changes late: nothing unsafe, one ring. */
import { describe, expect, test } from "vitest";
import { DisableKeyCommand } from "@aws-sdk/client-kms";
import type { ReconcileReport, RingRequest } from "../../../../issuer/key-ring/index.ts";
import { instrumentPorts } from "../../../support/instrument.ts";
import type { Around } from "../../../support/instrument.ts";
import { publishedStates, startedRing, startRingWorld, TURN_SECONDS } from "../../../support/ring-world.ts";
import type { RingWorld } from "../../../support/ring-world.ts";

/** A small generator of chance that can be replayed (mulberry32). */
function chanceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Waiting {
  readonly process: number;
  readonly go: () => void;
}

/** Lets one call of all processes go on at a time, in an order that chance decides. */
function turns(random: () => number): { readonly around: (process: number) => Around } {
  const waiting: Waiting[] = [];
  let isBusy = false;
  const next = (): void => {
    if (isBusy || waiting.length === 0) return;
    const [chosen] = waiting.splice(Math.floor(random() * waiting.length), 1);
    isBusy = chosen !== undefined;
    chosen?.go();
  };
  const around =
    (process: number): Around =>
    async (_call, run) => {
      await new Promise<void>((go) => {
        waiting.push({ process, go });
        // Whoever is about to ask for a turn has asked by then.
        setImmediate(next);
      });
      try {
        return await run();
      } finally {
        isBusy = false;
        setImmediate(next);
      }
    };
  return { around };
}

async function both(world: RingWorld, seed: number, request?: RingRequest): Promise<readonly ReconcileReport[]> {
  const { around } = turns(chanceOf(seed));
  const options = request === undefined ? {} : { request };
  const ports = [1, 2].map((process) => {
    const instrumented = instrumentPorts({ ...world.ports, random: chanceOf(seed + process) }, around(process));
    return { kms: instrumented.kms, publisher: instrumented.publisher, random: instrumented.random };
  });
  return Promise.all(ports.map((one) => world.run({ ...options, ports: one })));
}

/** Runs, a few minutes apart, until nothing is left to do. */
async function settle(world: RingWorld): Promise<ReconcileReport> {
  for (let run = 0; run < 6; run += 1) {
    world.pass(300);
    await world.run();
  }
  return world.run();
}

const SEEDS = [1, 2, 3, 4, 5];

describe("two rotators", () => {
  test.each(SEEDS)("create one ring, order %s", async (seed) => {
    const world = await startRingWorld();
    await both(world, seed, { kind: "init" });
    const report = await settle(world);
    expect(report).toMatchObject({ isConverged: true, plan: { problems: [] }, observed: { orphans: [] } });
    expect(publishedStates(report.observed)).toEqual(["1 active", "2 pending"]);
  });

  test.each(SEEDS)("rotate once, order %s", async (seed) => {
    const world = await startedRing();
    world.pass(TURN_SECONDS);
    await both(world, seed);
    const report = await settle(world);
    expect(report.observed.active?.generation).toBe(2);
    expect(publishedStates(report.observed)).toEqual(["2 active", "3 pending", "1 retiring"]);
    expect(report.observed.document).toMatchObject({ document: { revoked: [] } });
    expect(report.observed.orphans).toEqual([]);
  });

  test.each(SEEDS)("revoke once, order %s, while KMS shows changes minutes late", async (seed) => {
    const world = await startedRing();
    const { keyId, tags } = await world.generation(1);
    const { faults } = world.kms.emulator;
    faults.aliasVisibilityDelayMs = 240_000;
    faults.keyStateVisibilityDelayMs = 200_000;
    faults.newKeyVisibilityDelayMs = 60_000;
    await world.kms.client.send(new DisableKeyCommand({ KeyId: keyId }));
    await both(world, seed);
    world.pass(220);
    await both(world, seed + 100);
    faults.clear();
    const report = await settle(world);
    expect(report).toMatchObject({ isConverged: true, plan: { problems: [] }, observed: { orphans: [] } });
    expect(report.observed.active?.generation).toBe(2);
    expect(publishedStates(report.observed)).toEqual(["2 active", "3 pending"]);
    expect(report.observed.document).toMatchObject({ document: { revoked: [{ kid: tags.kid }] } });
  });
});

describe("one rotator, while KMS shows changes minutes late", () => {
  test("creates a ring over several runs, without a key too many in the end", async () => {
    const world = await startRingWorld();
    const { faults } = world.kms.emulator;
    faults.aliasVisibilityDelayMs = 100_000;
    faults.newKeyVisibilityDelayMs = 20_000;
    for (let run = 0; run < 30; run += 1) {
      await world.run({ request: { kind: "init" } });
      world.pass(30);
    }
    const report = await world.run();
    expect(publishedStates(report.observed)).toEqual(["1 active", "2 pending"]);
    expect(report.observed.orphans).toEqual([]);
  });

  test("does not do twice in one run what it does not see yet", async () => {
    const world = await startedRing();
    world.pass(TURN_SECONDS);
    world.kms.emulator.faults.aliasVisibilityDelayMs = 240_000;
    const report = await world.run();
    const moves = report.steps.filter(({ step }) => step.kind === "move_active");
    expect(moves).toHaveLength(1);
    expect(report.isConverged).toBe(false);
    world.kms.emulator.faults.clear();
    expect((await settle(world)).isConverged).toBe(true);
    expect(publishedStates(await world.observe())).toEqual(["2 active", "3 pending", "1 retiring"]);
  });
});
