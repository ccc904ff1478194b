/** Two rotators and a revoker at once, each race by holding one call back. */
import { describe, expect, test } from "vitest";
import { failuresOf } from "../../../../../issuer/key-ring/index.ts";
import { addSeconds } from "../../../../../shared/identifiers.ts";
import { names, startRevocationWorld } from "../../../../support/revocation-world.ts";
import type { RevocationWorld } from "../../../../support/revocation-world.ts";

async function revoke(world: RevocationWorld, jti: string): Promise<void> {
  await world.revocations.revokeToken({ jti, expiresAt: world.ring.now() + 3600 });
}

describe("two rotators", () => {
  /** A store or publisher whose call of that name waits until the test lets it go on. */
  function held<Port extends object>(
    port: Port,
    call: keyof Port,
    nth = 1,
    when: "before" | "after" = "before",
  ): { port: Port; reached: Promise<void>; go: () => void } {
    const reached = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    let calls = 0;
    const proxy = new Proxy(port, {
      get(target, name): unknown {
        const value: unknown = Reflect.get(target, name);
        if (name !== call || typeof value !== "function") return value;
        return async (...args: unknown[]): Promise<unknown> => {
          calls += 1;
          const isHeld = calls === nth;
          const wait = (): Promise<void> => {
            reached.resolve();
            return go.promise;
          };
          if (isHeld && when === "before") await wait();
          const answer: unknown = await Reflect.apply(value, target, args);
          if (isHeld && when === "after") await wait();
          return answer;
        };
      },
    });
    return { port: proxy, reached: reached.promise, go: () => go.resolve() };
  }

  // The slow one's clock is K ahead, so that a rev by the clock alone would outrank the other's.
  test.each([
    ["before it takes its rev", "takeRev", 1],
    ["before it reads the table for good", "load", 2],
  ] as const)("one that is slow %s never outranks a list with a later revocation", async (_when, call, nth) => {
    const world = await startRevocationWorld();
    await revoke(world, "first");
    const slow = held(world.store, call, nth);
    const ahead = { clock: () => addSeconds(world.ring.now(), 60) };
    const slowRun = world.run({ ports: { store: slow.port, ...ahead } });
    await slow.reached;
    await revoke(world, "stolen");
    await world.run();
    const fast = await world.list();
    expect(names(fast, "jti", "stolen")).toBe(true);
    slow.go();
    await slowRun;
    const last = await world.list();
    expect(last.rev < fast.rev || names(last, "jti", "stolen")).toBe(true);
  });

  // Neither sees the other in KV: only the order of the revs tells edges which list knows more.
  test("of two that write at once, the one that read the table later has the higher rev", async () => {
    const world = await startRevocationWorld();
    await revoke(world, "first");
    const slow = held(world.store, "load", 2, "after");
    const slowRun = world.run({ ports: { store: slow.port } });
    await slow.reached;
    await revoke(world, "stolen");
    const fast = held(world.publisher, "publishRevocations");
    const fastRun = world.run({ ports: { publisher: fast.port } });
    await fast.reached;
    slow.go();
    expect((await slowRun).list?.result).toBe("published");
    const without = await world.list();
    world.ring.pass(2);
    fast.go();
    await fastRun;
    const last = await world.list();
    expect([names(without, "jti", "stolen"), names(last, "jti", "stolen")]).toEqual([false, true]);
    expect(last.rev).toBeGreaterThan(without.rev);
  });

  test("one that is slow to write is outranked, and the next run repairs what it left", async () => {
    const world = await startRevocationWorld();
    await revoke(world, "first");
    const slow = held(world.publisher, "publishRevocations");
    const slowRun = world.run({ ports: { publisher: slow.port, clock: () => addSeconds(world.ring.now(), 60) } });
    await slow.reached;
    await revoke(world, "stolen");
    await world.run();
    const fast = await world.list();
    world.ring.pass(2);
    slow.go();
    await slowRun;
    const late = await world.list();
    expect(names(late, "jti", "stolen")).toBe(false);
    expect(late.rev).toBeLessThan(fast.rev);
    world.ring.pass(70);
    await world.run();
    const repaired = await world.list();
    expect(names(repaired, "jti", "stolen")).toBe(true);
    expect(repaired.rev).toBeGreaterThan(fast.rev);
  });

  test("one that was overtaken after reading KV writes nothing", async () => {
    const world = await startRevocationWorld();
    await revoke(world, "first");
    const slow = held(world.store, "takeRev");
    const slowRun = world.run({ ports: { store: slow.port } });
    await slow.reached;
    await world.run();
    slow.go();
    expect((await slowRun).list).toMatchObject({ result: "superseded" });
  });

  test("one that was held up for longer than the compose deadline writes nothing", async () => {
    const world = await startRevocationWorld();
    await revoke(world, "first");
    const slow = held(world.store, "takeRev");
    const slowRun = world.run({ ports: { store: slow.port } });
    await slow.reached;
    world.ring.pass(31);
    slow.go();
    const report = await slowRun;
    expect(report.list).toMatchObject({ result: "too_late" });
    expect(failuresOf(report)).toMatchObject([{ code: "publish_timeout" }]);
    expect(world.storedList()).toBeUndefined();
  });
});
