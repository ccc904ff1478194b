/** A rotator that dies before or after any of its calls: the next run, knowing nothing of it, finishes the work. */
import { describe, expect, test } from "vitest";
import type { RingRequest } from "../../../../issuer/key-ring/index.ts";
import { CHANGES, instrumentPorts } from "../../../support/instrument.ts";
import type { Around } from "../../../support/instrument.ts";
import { publishedStates, startedRing, startRingWorld, statesOf, TURN_SECONDS } from "../../../support/ring-world.ts";
import type { RingWorld } from "../../../support/ring-world.ts";
import { given } from "../../../support/values.ts";

class Died extends Error {}

/** Dies once the change number `at` (from 0) is made, without having seen the answer: as before the next one. */
function dyingAfter(at: number): { readonly around: Around; readonly hasDied: () => boolean } {
  let changes = 0;
  let died = false;
  const around: Around = async (call, run) => {
    const value = await run();
    if (!CHANGES.includes(call) || changes++ !== at) return value;
    died = true;
    throw new Died(call);
  };
  return { around, hasDied: () => died };
}

interface Story {
  readonly name: string;
  /** Brings the world to the moment before. */
  readonly begin: () => Promise<RingWorld>;
  readonly request: (world: RingWorld) => Promise<RingRequest | undefined>;
  /** What stands in the document afterwards, however often the rotator died. */
  readonly ends: readonly string[];
  readonly generations: number;
  /** How many changes the whole story takes. */
  readonly changes: number;
}

const STORIES: readonly Story[] = [
  {
    name: "creating a ring",
    begin: () => startRingWorld(),
    request: async () => ({ kind: "init" }),
    ends: ["1 active", "2 pending"],
    generations: 2,
    changes: 16,
  },
  {
    name: "rotating",
    begin: async () => {
      const world = await startedRing();
      world.pass(TURN_SECONDS);
      return world;
    },
    request: async () => undefined,
    ends: ["2 active", "3 pending", "1 retiring"],
    generations: 3,
    changes: 9,
  },
  {
    name: "revoking the active key",
    begin: () => startedRing(),
    request: async (world) => ({ kind: "revoke", kid: given((await world.generation(1)).tags.kid) }),
    ends: ["2 active", "3 pending"],
    generations: 3,
    changes: 10,
  },
  {
    name: "retiring",
    begin: async () => {
      const world = await startedRing();
      world.pass(TURN_SECONDS);
      await world.run();
      world.pass(4500);
      return world;
    },
    request: async () => undefined,
    ends: ["2 active", "3 pending"],
    generations: 3,
    changes: 2,
  },
];

test.each(STORIES)("dying after any change while $name leaves what the next run finishes", async (story) => {
  let deaths = 0;
  for (let at = 0; ; at += 1) {
    const world = await story.begin();
    const asked = await story.request(world);
    const { around, hasDied } = dyingAfter(at);
    const options = asked === undefined ? {} : { request: asked };
    await world.run({ ...options, ports: instrumentPorts(world.ports, around) }).catch((error: unknown) => {
      if (!(error instanceof Died)) throw error;
    });
    const { orphans } = await world.observe();
    expect(orphans.length, `change ${at}`).toBeLessThanOrEqual(1);
    const report = await world.run(options);
    expect(report, `change ${at}`).toMatchObject({ isConverged: true, plan: { problems: [] } });
    expect(publishedStates(report.observed), `change ${at}`).toEqual(story.ends);
    expect(report.observed.orphans, `change ${at}`).toEqual([]);
    // Not one key more than without the crash: the root key and the generations.
    expect(await world.ports.kms.listKeys(), `change ${at}`).toHaveLength(story.generations + 1);
    if (!hasDied()) break;
    deaths += 1;
  }
  expect(deaths).toBe(story.changes);
});

test("a revocation that was begun is finished without being asked for again", async () => {
  const world = await startedRing();
  const { tags } = await world.generation(1);
  const { around } = dyingAfter(0);
  const run = world.run({
    request: { kind: "revoke", kid: given(tags.kid) },
    ports: instrumentPorts(world.ports, around),
  });
  await expect(run).rejects.toThrow(Died);
  await world.run();
  expect(await statesOf(world)).toEqual(["2 active", "3 pending"]);
  expect((await world.document()).revoked).toMatchObject([{ kid: tags.kid }]);
});

describe("a rotator that was held up", () => {
  test("does not carry out what it had planned, but plans again", async () => {
    const world = await startedRing();
    world.pass(TURN_SECONDS);
    let isHeldUp = false;
    const around: Around = async (call, run) => {
      const value = await run();
      // After everything was read, before anything is done: half an hour.
      if (call === "read" && !isHeldUp) {
        isHeldUp = true;
        world.pass(1800);
      }
      return value;
    };
    const report = await world.run({ ports: instrumentPorts(world.ports, around) });
    expect(report.steps[0]).toMatchObject({ outcome: { result: "too_late" } });
    expect(report.isConverged).toBe(true);
    expect(await statesOf(world)).toEqual(["2 active", "3 pending", "1 retiring"]);
  });

  test("between signing a document and writing it does not write it", async () => {
    const world = await startedRing();
    world.pass(43_200);
    let written = 0;
    let isHeldUp = false;
    const around: Around = async (call, run) => {
      const value = await run();
      if (call === "publish") written += 1;
      if (call === "sign" && !isHeldUp) {
        isHeldUp = true;
        world.pass(31);
      }
      return value;
    };
    const report = await world.run({ ports: instrumentPorts(world.ports, around) });
    expect(report.steps[0]).toMatchObject({ step: { kind: "publish" }, outcome: { result: "too_late" } });
    const published = report.steps.filter(({ step, outcome }) => step.kind === "publish" && outcome?.result === "done");
    expect(written).toBe(published.length);
  });

  test("is late though its clock was set back meanwhile", async () => {
    const world = await startedRing();
    world.pass(43_200);
    let monotonicMs = 0;
    const around: Around = async (call, run) => {
      const value = await run();
      if (call === "sign" && monotonicMs === 0) {
        monotonicMs = 31_000;
        world.pass(-60);
      }
      return value;
    };
    const ports = { ...instrumentPorts(world.ports, around), monotonicMs: () => monotonicMs };
    const report = await world.run({ ports });
    expect(report.steps[0]).toMatchObject({ step: { kind: "publish" }, outcome: { result: "too_late" } });
  });

  test("does not overwrite what another one has published meanwhile", async () => {
    const world = await startedRing();
    world.pass(TURN_SECONDS + 4000);
    let isOvertaken = false;
    const around: Around = async (call, run) => {
      const value = await run();
      if (call === "sign" && !isOvertaken) {
        isOvertaken = true;
        await world.run();
      }
      return value;
    };
    const report = await world.run({ ports: instrumentPorts(world.ports, around) });
    expect(report.steps.map(({ outcome }) => outcome?.result)).toContain("superseded");
    expect(report.isConverged).toBe(true);
  });
});
