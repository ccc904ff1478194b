/** The life of a ring over the embedded KMS and the fake Cloudflare API, on a virtual clock: everything real but time. */
import { describe, expect, test } from "vitest";
import { rootAnchorsOf } from "../../../../issuer/key-ring/index.ts";
import { importTrustAnchors, openKeySet } from "../../../../shared/signed-key-set.ts";
import { TEST_ISSUER, TEST_RING } from "../../../support/key-sets.ts";
import {
  ringPolicy,
  startedRing,
  startRingWorld,
  statesOf,
  stepsOf,
  TURN_SECONDS,
} from "../../../support/ring-world.ts";
import { given, valueOf } from "../../../support/values.ts";

const DAY = 86_400;

describe("a new ring", () => {
  test("comes to rest in one run: root key, active generation, pending key, document", async () => {
    const world = await startRingWorld();
    const report = await world.run({ request: { kind: "init" } });
    expect(report).toMatchObject({ isConverged: true, plan: { problems: [], isRequestDone: true } });
    expect(await statesOf(world)).toEqual(["1 active", "2 pending"]);
    expect(report.observed.generations.map(({ tags }) => tags.managed)).toEqual([true, true]);
    const again = await world.run({ request: { kind: "init" } });
    expect(again.steps).toEqual([]);
  });

  test("has a document that an edge with the ring's anchor accepts", async () => {
    const world = await startedRing();
    const anchors = rootAnchorsOf(await world.observe());
    expect(anchors.map(({ role }) => role)).toEqual(["current"]);
    const imported = valueOf(await importTrustAnchors(anchors.map(({ jwk }) => jwk)));
    const opened = await openKeySet(
      given(world.stored()),
      { anchors: imported, issuer: TEST_ISSUER, ring: TEST_RING, leastRev: 1 },
      world.now(),
    );
    expect(opened.ok).toBe(true);
  });

  test("settles: the rev runs ahead of the clock once, and not any more", async () => {
    const world = await startRingWorld();
    await world.run({ request: { kind: "init" } });
    const first = await world.document();
    expect(first.rev).toBeGreaterThan((first.issuedAt + 100) * 1_000_000);
    world.pass(400);
    // Then both keys are noted to have settled, and on the root key how long the document lives.
    expect(stepsOf(await world.run())).toEqual(["publish done", "tag_key done", "tag_key done", "tag_key done"]);
    const second = await world.document();
    expect(second.rev).toBeGreaterThan(first.rev);
    expect(second.rev).toBeLessThan((second.issuedAt + 2) * 1_000_000);
    world.pass(400);
    expect((await world.run()).steps).toEqual([]);
  });

  test("with RSA keys says in a tag which of the six algorithms is meant", async () => {
    const world = await startRingWorld({ alg: "PS384" });
    const report = await world.run({ request: { kind: "init" } });
    expect(report.observed.generations.map(({ tags, keySpec }) => [tags.alg, keySpec])).toEqual([
      ["PS384", "RSA_2048"],
      ["PS384", "RSA_2048"],
    ]);
    const other = await world.observe(ringPolicy({ alg: "RS256" }));
    expect(other.generations.map(({ alg }) => alg)).toEqual(["PS384", "PS384"]);
  });
});

describe("a ring over time", () => {
  test("rotates, retires, and keeps a pending key", async () => {
    const world = await startedRing();
    world.pass(TURN_SECONDS);
    await world.run();
    expect(await statesOf(world)).toEqual(["2 active", "3 pending", "1 retiring"]);
    world.pass(4080 + 390 - 10);
    await world.run();
    expect(await statesOf(world)).toEqual(["2 active", "3 pending", "1 retiring"]);
    world.pass(20);
    await world.run();
    expect(await statesOf(world)).toEqual(["2 active", "3 pending"]);
    expect((await world.generation(1)).keyState).toBe("Enabled");
    world.pass(240);
    expect(stepsOf(await world.run())).toContain("disable_key done");
    expect((await world.generation(1)).keyState).toBe("Disabled");
    // A retired key is no revoked one.
    expect((await world.document()).revoked).toEqual([]);
    world.pass(TURN_SECONDS);
    await world.run();
    expect(await statesOf(world)).toEqual(["3 active", "4 pending", "2 retiring"]);
  });

  test("deletes retired keys only on request, and only its own", async () => {
    const world = await startedRing({ deleteAfterDays: 10 });
    world.pass(TURN_SECONDS);
    await world.run();
    world.pass(4500);
    await world.run();
    world.pass(250);
    await world.run();
    const retired = await world.generation(1);
    expect(retired.keyState).toBe("PendingDeletion");
    expect(given(retired.deletionAt) - world.now()).toBeCloseTo(10 * DAY, -1);
    world.pass(11 * DAY);
    const report = await world.run();
    expect(report.observed.generations.map(({ number }) => number)).toEqual([2, 3]);
    expect(report).toMatchObject({ isConverged: true, plan: { problems: [] } });
  });

  test("changes its algorithm by rotating to a key of another spec", async () => {
    const world = await startedRing();
    const policy = ringPolicy({ alg: "RS256", rotateEverySeconds: TURN_SECONDS });
    await world.run({ policy });
    expect(await statesOf(world)).toEqual(["1 active", "2 pending", "3 pending"]);
    world.pass(400);
    await world.run({ policy });
    world.pass(TURN_SECONDS);
    await world.run({ policy });
    world.pass(10);
    await world.run({ policy });
    expect(await statesOf(world)).toEqual(["3 active", "4 pending", "1 retiring", "2 retiring"]);
    expect((await world.document()).keys.map(({ jwk }) => jwk.alg)).toEqual(["RS256", "RS256", "ES256", "ES256"]);
  });

  test("renews its document at half of its life", async () => {
    const world = await startedRing({ rotateEverySeconds: 30 * DAY });
    const before = await world.document();
    world.pass(DAY / 2);
    const report = await world.run();
    expect(report.steps.map(({ step }) => (step.kind === "publish" ? step.reasons : step.kind))).toEqual([
      ["renewal"],
      "tag_key",
    ]);
    const after = await world.document();
    expect(after.keys).toEqual(before.keys);
    expect(after.rev).toBeGreaterThan(before.rev);
  });

  test("lowers the token lifetime only after tokens of the old one have run out", async () => {
    const world = await startedRing();
    const policy = ringPolicy({ timing: { maxTokenTtlSeconds: 600 } });
    const shown = async (): Promise<number> => (await world.document()).timing.maxTokenTtlSeconds;
    await world.run({ policy });
    expect(await shown()).toBe(3600);
    world.pass(4079);
    await world.run({ policy });
    expect(await shown()).toBe(3600);
    world.pass(1);
    await world.run({ policy });
    expect(await shown()).toBe(600);
    world.pass(400);
    expect(stepsOf(await world.run({ policy }))).toEqual(["publish done", "tag_key done"]);
    // Counted from the document that has settled.
    world.pass(331);
    expect(stepsOf(await world.run({ policy }))).toEqual(["tag_key done"]);
    world.pass(10);
    expect((await world.run({ policy })).steps).toEqual([]);
  });
});
