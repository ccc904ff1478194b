/** What the console knows of taken-back tokens: the list that gateways read, and the table, which is asked seldom. */
import { expect, test } from "vitest";
import { createRevocationsReader } from "../../../../issuer/console/revocations.ts";
import { SealgateError } from "../../../../issuer/errors.ts";
import { deriveState } from "../../../../issuer/key-ring/index.ts";
import type { RingState } from "../../../../issuer/key-ring/index.ts";
import { startRevocationWorld } from "../../../support/revocation-world.ts";
import type { RevocationWorld } from "../../../support/revocation-world.ts";

async function stateOf({ ring }: RevocationWorld): Promise<RingState> {
  return deriveState(await ring.observe(), ring.policy, ring.now(), undefined);
}

test("reads the list each time, and the table after a minute or when there is another list", async () => {
  const world = await startRevocationWorld();
  const { store, publisher, ring, revocations } = world;
  let loads = 0;
  const counting = {
    ...store,
    load: (...issuer: Parameters<typeof store.load>) => ((loads += 1), store.load(...issuer)),
  };
  const read = createRevocationsReader({ revocations: { store: counting, publisher }, clock: ring.now });
  expect(await read(await stateOf(world))).toMatchObject({
    list: { kind: "missing" },
    table: { kind: "read", entries: [] },
  });
  await revocations.revokeToken({ jti: "token-1", expiresAt: ring.now() + 300 });
  await world.run();
  const soon = await read(await stateOf(world));
  expect(soon).toMatchObject({ list: { kind: "read" }, text: world.storedList(), table: { entries: [] } });
  ring.pass(10);
  expect(await read(await stateOf(world))).toMatchObject({ table: { entries: [{ kind: "jti" }] } });
  ring.pass(59);
  await read(await stateOf(world));
  expect(loads).toBe(2);
  ring.pass(1);
  await read(await stateOf(world));
  expect(loads).toBe(3);
});

test("what cannot be read is a fault, and the rest is shown", async () => {
  const world = await startRevocationWorld();
  await world.run();
  const refuse = (): Promise<never> =>
    Promise.reject(new SealgateError("revocation_table_denied", "DynamoDB refuses."));
  const read = createRevocationsReader({
    revocations: { store: { ...world.store, load: refuse }, publisher: world.publisher },
    clock: world.ring.now,
  });
  expect(await read(await stateOf(world))).toMatchObject({
    list: { kind: "read" },
    table: { kind: "failed", code: "revocation_table_denied" },
  });
});

test("there is nothing to show without table, list and floor", async () => {
  const world = await startRevocationWorld();
  const clock = world.ring.now;
  const state = await stateOf(world);
  expect(await createRevocationsReader({ revocations: undefined, clock })(state)).toBeUndefined();
  const empty = { store: undefined, publisher: world.publisher };
  expect(await createRevocationsReader({ revocations: empty, clock })(state)).toBeUndefined();
  await world.run();
  expect(await createRevocationsReader({ revocations: empty, clock })(state)).toMatchObject({ table: undefined });
});
