/**
 * The signer of a ring in a process that is frozen between two calls, as AWS Lambda does it: the look that a call has begun
 * in the background stands still, and its connection may be gone when the process goes on.
 */
import { describe, expect, test } from "vitest";
import { SealgateError } from "../../../../../issuer/errors.ts";
import { createRingSigner, createTaggedPublishedKeys, leadSeconds } from "../../../../../issuer/key-ring/index.ts";
import type { RingSigner } from "../../../../../issuer/key-ring/index.ts";
import type { Kms, KmsKey } from "../../../../../issuer/kms/port.ts";
import { faultOf } from "../../../../support/published-by.ts";
import { MAIN_RING, startedRing, TURN_SECONDS } from "../../../../support/ring-world.ts";
import type { RingWorld } from "../../../../support/ring-world.ts";
import { given } from "../../../../support/values.ts";

/** KMS over a connection that can stand still. */
interface FreezableKms {
  readonly kms: Kms;
  /** Looks at where `active` points so far, those that stand still included. */
  readonly looks: number;
  /** From now on, looks get no answer until {@link Frozen} says so. */
  freeze(): Frozen;
}

interface Frozen {
  /** Later looks are answered again; those that stand still are not. */
  thaw(): void;
  /** What stands still gets the answer that KMS gave at the time. */
  answer(): void;
  /** What stands still has lost its connection. */
  disconnect(): void;
}

function freezable(kms: Kms): FreezableKms {
  let looks = 0;
  let standsStill: ((key: Promise<KmsKey>) => Promise<KmsKey>) | undefined;
  return {
    kms: {
      ...kms,
      describeKey(keyId) {
        if (!keyId.startsWith("alias/")) return kms.describeKey(keyId);
        looks += 1;
        const key = kms.describeKey(keyId);
        key.catch(() => {});
        return standsStill === undefined ? key : standsStill(key);
      },
    },
    get looks() {
      return looks;
    },
    freeze() {
      const { promise: goesOn, resolve, reject } = Promise.withResolvers<void>();
      standsStill = async (key) => {
        await goesOn;
        return key;
      };
      return {
        thaw: () => (standsStill = undefined),
        answer: () => resolve(),
        disconnect: () => reject(new SealgateError("kms_unreachable", "socket hang up", { retryable: true })),
      };
    },
  };
}

interface Scene {
  readonly world: RingWorld;
  readonly kms: FreezableKms;
  readonly signer: RingSigner;
  readonly kid: string;
  /** The look of the invocation at 40 s, which has its token and is over. */
  readonly frozen: Frozen;
}

/** Invocations at 0 and 40 s; the second one leaves a look behind. */
async function frozenAt40(): Promise<Scene> {
  const world = await startedRing();
  const kms = freezable(world.ports.kms);
  const signer = createRingSigner({
    ring: MAIN_RING,
    kms: kms.kms,
    published: createTaggedPublishedKeys(kms.kms),
    leadSeconds: leadSeconds(world.policy.timing),
    clock: world.now,
  });
  const { kid } = await signer.current();
  world.pass(40);
  const frozen = kms.freeze();
  expect((await signer.current()).kid).toBe(kid);
  expect(kms.looks).toBe(2);
  return { world, kms, signer, kid, frozen };
}

/** Lets everything that is under way go on as far as it can. */
const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe("an invocation at 140 s, after those at 0 and 40 s", () => {
  test("signs although the look of the one before never ends", async () => {
    const { world, kms, signer, kid, frozen } = await frozenAt40();
    world.pass(100);
    frozen.thaw();
    expect((await signer.current()).kid).toBe(kid);
    expect(kms.looks).toBe(3);
    expect(signer.status()).toMatchObject({ confirmedAt: world.now(), fault: undefined });
  });

  test.each(["disconnect", "answer"] as const)(
    "signs when that look ends by %s, before and after its own",
    async (end) => {
      for (const when of ["before", "after"]) {
        const { world, signer, kid, frozen } = await frozenAt40();
        world.pass(100);
        frozen.thaw();
        if (when === "before") frozen[end]();
        expect((await signer.current()).kid).toBe(kid);
        if (when === "after") frozen[end]();
        await settled();
        // What was seen 100 s ago, or not at all, takes nothing back.
        expect(signer.status()).toMatchObject({ confirmedAt: world.now(), fault: undefined });
      }
    },
  );

  test("goes on with the key that is active now when an old look answers with the one before", async () => {
    const { world, signer, kid, frozen } = await frozenAt40();
    world.pass(TURN_SECONDS);
    frozen.thaw();
    await world.run();
    const next = await signer.current();
    expect(next.kid).not.toBe(kid);
    frozen.answer();
    await settled();
    expect((await signer.current()).kid).toBe(next.kid);
  });

  test("reports what its own look fails with", async () => {
    const { world, signer, frozen } = await frozenAt40();
    world.pass(100);
    frozen.thaw();
    world.kms.emulator.faults.add({ operation: "DescribeKey", kind: "access_denied" });
    const asked = faultOf(signer.current());
    frozen.disconnect();
    expect((await asked).code).toBe("kms_access_denied");
  });
});

describe("a look that began less than a second ago", () => {
  test("is shared, and followed by one's own when it brings nothing", async () => {
    const { world, kms, signer, kid, frozen } = await frozenAt40();
    // The key held is too old only because the signer says so: the look is as young as the call.
    world.pass(60);
    const waiting = [signer.current(), signer.current()];
    expect(kms.looks).toBe(3);
    frozen.thaw();
    frozen.disconnect();
    const kids = await Promise.allSettled(waiting);
    // The first one began the look itself and reports it; the second one looks again.
    expect(kids.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
    expect((await signer.current()).kid).toBe(kid);
    expect(kms.looks).toBe(4);
  });
});

describe("1,500 calls at once", () => {
  test.each([
    { when: "at a cold start", coldStart: true },
    { when: "after a freeze", coldStart: false },
  ])("make one look $when", async ({ coldStart }) => {
    const { world, kms, signer, frozen } = await frozenAt40();
    world.pass(100);
    frozen.thaw();
    const ring = coldStart
      ? createRingSigner({
          ring: MAIN_RING,
          kms: kms.kms,
          published: createTaggedPublishedKeys(kms.kms),
          leadSeconds: leadSeconds(world.policy.timing),
          clock: world.now,
        })
      : signer;
    const looks = kms.looks;
    const signers = await Promise.all(Array.from({ length: 1500 }, () => ring.current()));
    expect(new Set(signers.map(({ kid }) => kid))).toEqual(new Set([given((await world.generation(1)).tags.kid)]));
    expect(kms.looks - looks).toBe(1);
  });
});
