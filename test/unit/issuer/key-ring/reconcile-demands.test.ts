/** What a program in JavaScript may leave out or misspell is refused, and never switches a check off. */
import { expect, test } from "vitest";
import { createRingMemory, createRingPorts, createRingSigner, planRing } from "../../../../issuer/key-ring/index.ts";
import { reconcileRing } from "../../../../issuer/key-ring/index.ts";
import { rotateRing } from "../../../../issuer/key-ring/rotate.ts";
import { observedRing, START } from "../../../support/observed-ring.ts";
import { ringPolicy, startRingWorld } from "../../../support/ring-world.ts";

/** Calls a function as JavaScript does, and answers what it throws. */
async function refusal(call: object, ...args: readonly unknown[]): Promise<unknown> {
  if (typeof call !== "function") throw new Error("the test expected a function");
  try {
    await Reflect.apply(call, undefined, [...args]);
  } catch (error) {
    return error;
  }
  return "accepted";
}

const POLICY = ringPolicy();

test.each([
  ["now", [observedRing(), POLICY]],
  ["now", [observedRing(), POLICY, Number.NaN]],
  ["policy", [observedRing(), { ...POLICY, downstreamCacheSeconds: undefined }, START]],
  ["policy", [observedRing(), { ...POLICY, timing: { ...POLICY.timing, clockSkewSeconds: Number.NaN } }, START]],
  ["request", [observedRing(), POLICY, START, { kind: "rotat" }]],
])("planRing refuses arguments with which a check would not be made: %s", async (name, args) => {
  const error = await refusal(planRing, ...args);
  expect(error).toBeInstanceOf(TypeError);
  expect(error).toMatchObject({ message: expect.stringContaining(name) });
});

test.each([{ retries: 1 }, { request: { kind: "rotate", from: 1 }, form: 1 }])(
  "reconcileRing and rotateRing refuse %j",
  async (changes) => {
    const world = await startRingWorld();
    const options = { policy: POLICY, memory: createRingMemory(), actor: "test", ...changes };
    expect(await refusal(reconcileRing, world.ports, options)).toBeInstanceOf(TypeError);
    expect(await refusal(rotateRing, world.ports, options)).toBeInstanceOf(TypeError);
  },
);

test("no rotator runs by a clock that gives no time", async () => {
  const world = await startRingWorld();
  const options = { policy: POLICY, memory: createRingMemory(), actor: "test" };
  for (const clock of [(): number => Number.NaN, (): undefined => undefined]) {
    for (const run of [reconcileRing, rotateRing]) {
      expect(await refusal(run, { ...world.ports, clock }, options)).toMatchObject({
        message: expect.stringContaining("epoch seconds"),
      });
    }
  }
  expect(world.kms.emulator.requests.ListAliases).toBe(0);
});

test.each([{ clock: 1_800_000_000 }, { audit: undefined }, { random: 0.5 }, { now: () => START }])(
  "createRingPorts refuses %j",
  async (changes) => {
    const { kms, publisher, audit } = (await startRingWorld()).ports;
    expect(await refusal(createRingPorts, { kms, publisher, audit, ...changes })).toBeInstanceOf(TypeError);
  },
);

test.each([{ clock: undefined }, { leadSeconds: undefined }, { maxAgeSeconds: Number.NaN }, { maxAge: 60 }])(
  "createRingSigner refuses %j",
  async (changes) => {
    const options = { ring: "main", kms: {}, published: {}, leadSeconds: 331, clock: () => START, ...changes };
    expect(await refusal(createRingSigner, options)).toBeInstanceOf(TypeError);
  },
);
