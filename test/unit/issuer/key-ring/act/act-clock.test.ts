/** Before `active` is moved, this host's clock is compared with KMS's: when a key is ripe is a matter of the clock. */
import { DisableKeyCommand } from "@aws-sdk/client-kms";
import { expect, test } from "vitest";
import { createRingPorts } from "../../../../../issuer/key-ring/index.ts";
import { epochSecondsFromMs } from "../../../../../shared/identifiers.ts";
import { startedRing, stepsOf, TURN_SECONDS } from "../../../../support/ring-world.ts";
import type { RingWorld } from "../../../../support/ring-world.ts";

function clockOff(world: RingWorld, seconds: number): { readonly clock: RingWorld["now"] } {
  return { clock: () => epochSecondsFromMs(world.clock.epochMs() + seconds * 1000) };
}

async function activeOf(world: RingWorld): Promise<number | undefined> {
  return (await world.observe()).active?.generation;
}

test.each([-90, 90])("%d seconds off: a due and a requested move are refused", async (seconds) => {
  const world = await startedRing();
  world.pass(TURN_SECONDS - 1000);
  const ports = clockOff(world, seconds);
  const requested = await world.run({ ports, request: { kind: "rotate", from: 1 } });
  expect(stepsOf(requested)).toContain("move_active kms_clock_skewed");
  world.pass(1000 + 90);
  expect(stepsOf(await world.run({ ports }))).toContain("move_active kms_clock_skewed");
  expect(await activeOf(world)).toBe(1);
});

test.each([-60, 60])("%d seconds off, which the policy allows: it is moved", async (seconds) => {
  const world = await startedRing();
  world.pass(TURN_SECONDS + 60);
  expect(stepsOf(await world.run({ ports: clockOff(world, seconds) }))).toContain("move_active done");
});

test("an emergency does not wait for the clock to be set", async () => {
  const world = await startedRing();
  world.pass(1000);
  const { keyId } = await world.generation(1);
  await world.kms.client.send(new DisableKeyCommand({ KeyId: keyId }));
  expect(stepsOf(await world.run({ ports: clockOff(world, 90) }))).toContain("move_active done");
  expect(await activeOf(world)).toBe(2);
});

test.each([
  [100, 120, "publish done"],
  [100, 90, "publish kms_clock_skewed"],
  [30, 10, "publish kms_clock_skewed"],
])("%d seconds off, with a K of %d: %s", async (seconds, clockSkewSeconds, step) => {
  const world = await startedRing({ timing: { clockSkewSeconds } });
  await world.overwrite("");
  const { kms, publisher, audit } = world.ports;
  const ports = createRingPorts({ kms, publisher, audit, ...clockOff(world, seconds) });
  expect(stepsOf(await world.run({ ports }))).toContain(step);
});
