/** Where the list stands, for a person who looks. */
import { expect, test } from "vitest";
import { SealgateError } from "../../../../../issuer/errors.ts";
import { observeListStatus, reportOf } from "../../../../../issuer/key-ring/revocations/list-status.ts";
import type { ListStatus, StatusPorts } from "../../../../../issuer/key-ring/revocations/list-status.ts";
import { startRevocationWorld } from "../../../../support/revocation-world.ts";
import type { RevocationWorld } from "../../../../support/revocation-world.ts";

async function look(
  world: RevocationWorld,
  revocations: Partial<StatusPorts["revocations"]> = {},
): Promise<ListStatus | undefined> {
  const { policy, now } = world.ring;
  const ports = { revocations: { store: world.store, publisher: world.publisher, ...revocations }, clock: now };
  return observeListStatus(ports, { policy, timing: policy.timing, observed: await world.ring.observe() });
}

const DOWN = new SealgateError("publish_unreachable", "KV does not answer.", { retryable: true });

test("without a table, and a key set that names no list, there is nothing to show", async () => {
  const world = await startRevocationWorld();
  expect(await look(world, { store: undefined })).toBeUndefined();
  expect(reportOf(undefined)).toBeUndefined();
});

test("an expired list may not be required, whenever the first one was", async () => {
  const world = await startRevocationWorld();
  await world.run();
  world.ring.pass(world.ring.policy.revocationLifetimeSeconds - 1);
  expect((await look(world))?.requiredFrom).toBeDefined();
  world.ring.pass(1);
  expect(await look(world)).toMatchObject({ held: { kind: "read" }, due: ["renewal"], requiredFrom: undefined });
});

test("without the table, a key set that names a list says that every edge has it", async () => {
  const world = await startRevocationWorld();
  await world.run();
  world.ring.pass(43_300);
  await world.run();
  const floor = (await world.ring.document()).revocations;
  expect(floor).toBeDefined();
  const status = await look(world, { store: undefined });
  expect(status).toMatchObject({ due: undefined, fault: undefined });
  expect(status?.requiredFrom).toBe((await world.ring.document()).issuedAt);
});

test("KV that does not answer is a fault, and nothing is said of the list", async () => {
  const world = await startRevocationWorld();
  await world.run();
  const publisher = { ...world.publisher, readRevocations: () => Promise.reject(DOWN) };
  const status = await look(world, { publisher });
  expect(status).toMatchObject({
    held: undefined,
    due: undefined,
    requiredFrom: undefined,
    fault: { code: DOWN.code },
  });
  expect(reportOf(status)).toMatchObject({ result: "failed", fault: { code: DOWN.code } });
});

test("what a run would tell that only looks", async () => {
  const world = await startRevocationWorld();
  expect(reportOf(await look(world))).toMatchObject({ result: "waiting", reasons: ["missing"], rev: undefined });
  await world.run();
  expect(reportOf(await look(world))).toMatchObject({ result: "unchanged", reasons: [], rev: expect.any(Number) });
});
