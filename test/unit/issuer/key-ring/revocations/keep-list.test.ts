/** The rotator's list over DynamoDB's protocol, a fake Cloudflare API and the embedded KMS. */
import { describe, expect, test } from "vitest";
import { createRingMemory, failuresOf } from "../../../../../issuer/key-ring/index.ts";
import { SealgateError } from "../../../../../issuer/errors.ts";
import { leadSeconds } from "../../../../../shared/timing.ts";
import { names, startRevocationWorld } from "../../../../support/revocation-world.ts";
import type { RevocationWorld } from "../../../../support/revocation-world.ts";

const EXPIRES_IN = 3600;

async function revoke(world: RevocationWorld, jti: string): Promise<void> {
  await world.revocations.revokeToken({ jti, expiresAt: world.ring.now() + EXPIRES_IN });
}

describe("the list", () => {
  test("is published, empty, by the run that first sees a table, and then left alone", async () => {
    const world = await startRevocationWorld();
    expect((await world.run()).list).toMatchObject({ result: "published", reasons: ["missing"] });
    expect((await world.list()).counts).toEqual({ jti: 0, sid: 0, sub: 0 });
    expect(await world.run()).toMatchObject({ list: { result: "unchanged" }, isConverged: true });
  });

  test("names what was taken back, and nothing else", async () => {
    const world = await startRevocationWorld();
    await world.run();
    world.ring.pass(10);
    await revoke(world, "stolen");
    await world.revocations.revokeSession("session");
    await world.revocations.revokeSubject("alice");
    expect((await world.run()).list).toMatchObject({ result: "published", reasons: ["revoked"] });
    const list = await world.list();
    expect(list.counts).toEqual({ jti: 1, sid: 1, sub: 1 });
    expect([names(list, "jti", "stolen"), names(list, "sid", "session"), names(list, "sub", "alice")]).toEqual([
      true,
      true,
      true,
    ]);
    expect(names(list, "jti", "session")).toBe(false);
    expect(await world.store.readCounts(list.issuer)).toEqual({ jti: 1, sid: 1, sub: 1 });
  });

  test("is renewed at half of its life, without what has ended", async () => {
    const world = await startRevocationWorld();
    await revoke(world, "stolen");
    await world.run();
    world.ring.pass(EXPIRES_IN + 121);
    expect((await world.run()).list).toMatchObject({ result: "unchanged" });
    world.ring.pass(43_200);
    expect((await world.run()).list).toMatchObject({ result: "published", reasons: ["renewal"] });
    expect((await world.list()).counts.jti).toBe(0);
  });

  test("keeps an entry until no edge accepts its token: exp + 2K by the timing in force", async () => {
    const world = await startRevocationWorld();
    await revoke(world, "stolen");
    world.ring.pass(EXPIRES_IN + 119);
    await world.run();
    expect((await world.list()).counts.jti).toBe(1);
  });

  test("that was put back, or damaged, is replaced", async () => {
    const world = await startRevocationWorld();
    const memory = createRingMemory();
    await world.run({ memory });
    const old = world.storedList() ?? "";
    world.ring.pass(10);
    await revoke(world, "stolen");
    await world.run({ memory });
    const { rev } = await world.list();
    world.ring.pass(10);
    await world.publisher.publishRevocations(world.ring.policy.ring, old, 1);
    expect((await world.run({ memory })).list).toMatchObject({ reasons: ["rolled_back", "revoked"] });
    expect((await world.list()).rev).toBeGreaterThan(rev);
    world.ring.pass(10);
    await world.publisher.publishRevocations(world.ring.policy.ring, `${old.slice(0, -4)}AAAA\n`, 1);
    expect((await world.run()).list).toMatchObject({ result: "published", reasons: ["refused"] });
  });

  test("that is older than the key set asks for is replaced, by a process that remembers nothing too", async () => {
    const world = await startRevocationWorld();
    const { issuer, ring } = world.ring.policy;
    world.ring.pass(40_000);
    await world.run();
    const old = world.storedList() ?? "";
    world.ring.pass(10);
    await world.revocations.revokeToken({ jti: "short", expiresAt: world.ring.now() + 1 });
    await world.run();
    const { rev } = await world.list();
    world.ring.pass(3500);
    await world.run();
    expect((await world.ring.document()).revocations).toEqual({ leastRev: rev });
    // Its entries are those that count by now, and its half-life has not come.
    await world.publisher.publishRevocations(ring, old, 1);
    expect((await world.run()).list).toMatchObject({ result: "published", reasons: ["rolled_back"] });
    expect((await world.list()).rev).toBeGreaterThan(rev);
    expect((await world.store.load(issuer)).entries).toHaveLength(1);
  });

  test("of a table that lost everything has a higher rev all the same", async () => {
    const world = await startRevocationWorld();
    await world.run();
    const { rev } = await world.list();
    world.ring.pass(43_201);
    const lost = {
      ...world.store,
      takeRev: async (_: unknown, propose: (taken: undefined) => number) => propose(undefined),
    };
    await world.run({ ports: { store: lost } });
    expect((await world.list()).rev).toBeGreaterThan(rev);
  });
});

describe("Cloudflare's API is spared", () => {
  test("at most one list in 10 seconds, by any process", async () => {
    const world = await startRevocationWorld();
    await world.run();
    await revoke(world, "stolen");
    const report = await world.run();
    expect(report).toMatchObject({ list: { result: "waiting", reasons: ["revoked"] }, isConverged: false });
    expect(failuresOf(report)).toEqual([]);
    world.ring.pass(10);
    expect((await world.run()).list).toMatchObject({ result: "published" });
  });

  test("and none for 60 seconds after it has refused a call for their number", async () => {
    const world = await startRevocationWorld();
    const memory = createRingMemory();
    const limited = {
      ...world.publisher,
      publishRevocations: () => Promise.reject(new SealgateError("publish_rate_limited", "429", { retryable: true })),
    };
    expect((await world.run({ memory, ports: { publisher: limited } })).list?.fault?.code).toBe("publish_rate_limited");
    world.ring.pass(58);
    expect((await world.run({ memory })).list).toMatchObject({ result: "waiting", reasons: ["missing"] });
    world.ring.pass(2);
    expect((await world.run({ memory })).list).toMatchObject({ result: "published" });
  });
});

// DynamoDB keeps what has ended for a week and more: a table that is used every second would soon take longer to read than lists may.
test("what has ended is not read, by the timing in force", async () => {
  const world = await startRevocationWorld();
  const asked: unknown[] = [];
  const load: typeof world.store.load = (...question) => {
    asked.push(question);
    return world.store.load(...question);
  };
  await world.run({ ports: { store: { ...world.store, load } } });
  const { issuer } = world.ring.policy;
  expect(new Set(asked.map((one) => JSON.stringify(one)))).toEqual(
    new Set([JSON.stringify([issuer, world.ring.now() - (3600 + 3 * 60 + 900)])]),
  );
});

describe("a fault of the table", () => {
  const down = () => Promise.reject(new SealgateError("revocation_table_unreachable", "down", { retryable: true }));

  test("holds up no step of the key set, and fails the run", async () => {
    const world = await startRevocationWorld();
    world.ring.pass(43_201);
    const report = await world.run({ ports: { store: { ...world.store, load: down } } });
    expect(report.steps.map(({ step, outcome }) => [step.kind, outcome?.result])).toContainEqual(["publish", "done"]);
    expect(report).toMatchObject({ list: { result: "failed" }, isConverged: false });
    expect(failuresOf(report)).toMatchObject([{ kind: "fault", code: "revocation_table_unreachable" }]);
  });

  test("that never answers ends a run all the same, after 90 s", async () => {
    const world = await startRevocationWorld();
    const waits: number[] = [];
    const startTimer = (delayMs: number, onTime: () => void): (() => void) => {
      waits.push(delayMs);
      onTime();
      return () => {};
    };
    const load = (): Promise<never> => new Promise(() => {});
    const report = await world.run({ ports: { store: { ...world.store, load }, startTimer } });
    expect([report.list?.result, report.list?.fault?.code, waits.at(-1)]).toEqual([
      "failed",
      "publish_timeout",
      90_000,
    ]);
  });

  test("when counting does not undo what was published", async () => {
    const world = await startRevocationWorld();
    const report = await world.run({ ports: { store: { ...world.store, writeNote: down } } });
    expect(report.list).toMatchObject({ result: "published", fault: { code: "revocation_table_unreachable" } });
    expect((await world.list()).counts.jti).toBe(0);
  });

  test("an entry that cannot be read is an alarm, and the others are published", async () => {
    const world = await startRevocationWorld();
    await revoke(world, "stolen");
    const load: typeof world.store.load = async (...asked) => ({
      ...(await world.store.load(...asked)),
      unreadable: 2,
    });
    const report = await world.run({ ports: { store: { ...world.store, load } } });
    expect((await world.list()).counts.jti).toBe(1);
    expect(failuresOf(report)).toMatchObject([{ code: "revocation_table_failed" }]);
  });
});

describe("the floor in the key set", () => {
  test("names a list that every edge has, when the key set is published anyway, and never decreases", async () => {
    const world = await startRevocationWorld();
    await world.run();
    const { rev } = await world.list();
    expect((await world.ring.document()).revocations).toBeUndefined();
    world.ring.pass(43_201);
    await world.run();
    expect((await world.ring.document()).revocations).toEqual({ leastRev: rev });
    const renewed = await world.list();
    expect(renewed.rev).toBeGreaterThan(rev);
    world.ring.pass(leadSeconds(world.ring.policy.timing) - 1);
    await world.run();
    expect((await world.ring.document()).revocations).toEqual({ leastRev: rev });
    // Now every edge has it. A revocation is no reason to publish the key set.
    world.ring.pass(2);
    const before = world.ring.stored();
    await revoke(world, "stolen");
    await world.run();
    expect(world.ring.stored()).toBe(before);
    // A list that came a moment ago is not named yet: the floor stays where it was.
    world.ring.pass(43_201);
    await world.run({ ports: { publisher: { ...world.publisher, readRevocations: async () => undefined } } });
    expect((await world.ring.document()).revocations).toEqual({ leastRev: rev });
  });
});

describe("giving it up", () => {
  test("publishes one last, empty list that lives twice as long, and the next key set names none", async () => {
    const world = await startRevocationWorld();
    await revoke(world, "stolen");
    await world.run();
    const { rev } = await world.list();
    world.ring.pass(43_201);
    await world.run();
    expect((await world.ring.document()).revocations).toBeDefined();
    world.ring.pass(100);
    const without = { ports: { store: undefined } };
    expect((await world.run(without)).list).toMatchObject({ result: "published", reasons: ["ended"] });
    const last = await world.list();
    expect(last.counts).toEqual({ jti: 0, sid: 0, sub: 0 });
    expect(last.expiresAt - last.issuedAt).toBe(2 * 86_400);
    expect(last.rev).toBeGreaterThan(rev);
    expect((await world.run(without)).list).toMatchObject({ result: "unchanged" });
    world.ring.pass(43_201);
    await world.run(without);
    expect((await world.ring.document()).revocations).toBeUndefined();
    world.ring.pass(10);
    expect((await world.run(without)).list).toBeUndefined();
  });

  test("a ring that never had a list is asked for none", async () => {
    const world = await startRevocationWorld();
    expect((await world.run({ ports: { store: undefined } })).list).toBeUndefined();
  });
});

test("each list is a line of the audit: who, why, how many, and no claim", async () => {
  const world = await startRevocationWorld();
  await revoke(world, "stolen");
  await world.run();
  const entry = world.ring.audit.at(-1);
  expect(entry).toMatchObject({ step: "publish_revocations", reasons: ["missing"], result: "done", after: { jti: 1 } });
  expect(JSON.stringify(entry)).not.toContain("stolen");
});
