/** Runs that a revocation causes: what is added during the pause between two lists is published by the same invocation. */
import { expect, test } from "vitest";
import { createRingMemory } from "../../../../issuer/key-ring/index.ts";
import type { ReconcileReport } from "../../../../issuer/key-ring/index.ts";
import { LIST_INTERVAL_SECONDS } from "../../../../issuer/key-ring/revocations/plan-list.ts";
import { runUntilListed } from "../../../../issuer/key-ring/until-listed.ts";
import { names, startRevocationWorld } from "../../../support/revocation-world.ts";
import type { RevocationWorld } from "../../../support/revocation-world.ts";

interface Invocation {
  readonly report: ReconcileReport;
  readonly sleepsMs: readonly number[];
  readonly results: readonly unknown[];
}

/** One invocation of a container, which has this much time. */
async function invoke(world: RevocationWorld, leftMs: number, memory = createRingMemory()): Promise<Invocation> {
  const [sleepsMs, results]: [number[], unknown[]] = [[], []];
  const endsAtMs = world.ring.clock.monotonicMs() + leftMs;
  const report = await runUntilListed({
    run: async () => {
      const run = await world.run({ memory });
      results.push(run.list?.result);
      return run;
    },
    clock: world.ring.now,
    sleep: async (ms) => {
      sleepsMs.push(ms);
      world.ring.clock.advance(ms);
    },
    leftMs: () => endsAtMs - world.ring.clock.monotonicMs(),
  });
  return { report, sleepsMs, results };
}

async function revoke(world: RevocationWorld, jti: string): Promise<void> {
  await world.revocations.revokeToken({ jti, expiresAt: world.ring.now() + 3600 });
}

test("a revocation during the pause is published when the pause is over, and not before", async () => {
  const world = await startRevocationWorld();
  await revoke(world, "first");
  await invoke(world, 240_000);
  const before = await world.list();
  world.ring.pass(3);
  await revoke(world, "second");
  const { results, sleepsMs } = await invoke(world, 240_000);
  expect(results).toEqual(["waiting", "published"]);
  expect(sleepsMs).toEqual([7000]);
  const after = await world.list();
  expect(names(after, "jti", "second")).toBe(true);
  expect(after.issuedAt - before.issuedAt).toBe(LIST_INTERVAL_SECONDS);
});

test("so are twelve batches one after the other, with at most one list in ten seconds", async () => {
  const world = await startRevocationWorld();
  const memory = createRingMemory();
  const lists: number[] = [];
  for (let batch = 0; batch < 12; batch += 1) {
    await revoke(world, `token ${batch}`);
    await invoke(world, 240_000, memory);
    lists.push((await world.list()).issuedAt);
    world.ring.pass(1);
  }
  expect(names(await world.list(), "jti", "token 11")).toBe(true);
  const gaps = lists.slice(1).map((at, index) => at - (lists[index] ?? 0));
  expect(gaps.filter((gap) => gap < LIST_INTERVAL_SECONDS)).toEqual([]);
});

test("with too little time to wait, the caller is told that the list is behind", async () => {
  const world = await startRevocationWorld();
  await revoke(world, "first");
  await invoke(world, 240_000);
  await revoke(world, "second");
  const { report, sleepsMs } = await invoke(world, 20_000);
  expect(report.list).toMatchObject({ result: "waiting", reasons: ["revoked"] });
  expect(sleepsMs).toEqual([]);
});

test("a list that another rotator has overtaken is made again", async () => {
  const world = await startRevocationWorld();
  await world.run();
  world.ring.pass(20);
  await revoke(world, "stolen");
  let isFirst = true;
  const stored = world.storedList() ?? "";
  const readRevocations: typeof world.publisher.readRevocations = async (ring) => {
    // Between looking and writing, another one has published.
    const text = await world.publisher.readRevocations(ring);
    if (!isFirst || text !== stored) return text;
    isFirst = false;
    return `${stored} `;
  };
  const results: unknown[] = [];
  await runUntilListed({
    run: async () => {
      const run = await world.run({ ports: { publisher: { ...world.publisher, readRevocations } } });
      results.push(run.list?.result);
      return run;
    },
    clock: world.ring.now,
    sleep: async (ms) => world.ring.clock.advance(ms),
    leftMs: () => 240_000,
  });
  expect(results.at(-1)).toBe("published");
  expect(names(await world.list(), "jti", "stolen")).toBe(true);
});
