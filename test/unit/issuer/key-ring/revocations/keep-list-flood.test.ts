/** Users who log in and out in a loop: they fill the table, and hold up neither the list nor the withdrawal of a key. */
import { DisableKeyCommand } from "@aws-sdk/client-kms";
import { expect, test } from "vitest";
import { SealgateError } from "../../../../../issuer/errors.ts";
import { failuresOf } from "../../../../../issuer/key-ring/index.ts";
import type { StoredRevocation } from "../../../../../issuer/revocations/entry.ts";
import { names, startRevocationWorld } from "../../../../support/revocation-world.ts";
import type { RevocationWorld } from "../../../../support/revocation-world.ts";
import { given } from "../../../../support/values.ts";

/** More sessions than a list holds. */
const SESSIONS = 57_000;

/** The world's table, with sessions beside what the test writes. */
function flooded(world: RevocationWorld, isPartial = false): RevocationWorld["store"] {
  const sessions: readonly StoredRevocation[] = Array.from({ length: SESSIONS }, (_, index) => ({
    kind: "sid",
    prefix: Uint32Array.of(index, 1, 2, 3),
    revokedAt: world.ring.now(),
  }));
  return {
    ...world.store,
    async load(...question) {
      const { entries, unreadable } = await world.store.load(...question);
      return { entries: [...entries, ...sessions], unreadable, isPartial };
    },
  };
}

test("a compromised account and a withdrawn key are refused all the same, and the run says what has no room", async () => {
  const world = await startRevocationWorld();
  const store = flooded(world);
  await world.run({ ports: { store } });
  expect((await world.list()).counts).toEqual({ jti: 0, sid: 56_000, sub: 0 });
  world.ring.pass(10);
  // By the rotator's count, which says that there is no room for another session.
  await expect(world.revocations.revokeSession("another")).rejects.toMatchObject({ code: "revocations_full" });
  await world.revocations.revokeSubject("alice");
  const { keyArn, publicKey } = await world.ring.generation(1);
  await world.ring.kms.client.send(new DisableKeyCommand({ KeyId: keyArn }));
  const report = await world.run({ ports: { store } });
  const revoked = (await world.ring.document()).revoked.map(({ kid }) => kid);
  expect(revoked).toEqual([given(publicKey).kid]);
  const list = await world.list();
  expect([names(list, "sub", "alice"), list.counts.sub, list.counts.sid]).toEqual([true, 1, 55_998]);
  expect(failuresOf(report)).toMatchObject([{ kind: "fault", code: "revocations_full" }]);
});

test("a table with more than is read is published as far as it was read, counted, and told", async () => {
  const world = await startRevocationWorld();
  const report = await world.run({ ports: { store: flooded(world, true) } });
  expect(report.list).toMatchObject({ result: "published", fault: { code: "revocations_full" } });
  expect((await world.list()).counts.sid).toBe(56_000);
  expect(await world.store.readCounts(world.ring.policy.issuer)).toEqual({ jti: 0, sid: SESSIONS, sub: 0 });
  expect(failuresOf(report).map(({ code }) => code)).toContain("revocations_full");
});

test("what has ended makes room for what is taken back next, without another list", async () => {
  const world = await startRevocationWorld();
  await world.run({ ports: { store: flooded(world) } });
  world.ring.pass(10);
  await expect(world.revocations.revokeSession("another")).rejects.toMatchObject({ code: "revocations_full" });
  world.ring.pass(5000);
  expect((await world.run()).list).toMatchObject({ result: "unchanged", fault: undefined });
  expect(await world.store.readCounts(world.ring.policy.issuer)).toEqual({ jti: 0, sid: 0, sub: 0 });
  await world.revocations.revokeSession("another");
  // Nothing has changed since: nothing is written.
  const before = world.dynamodb.calls.length;
  await world.run({ ports: { store: { ...world.store, load: async () => ({ entries: [], unreadable: 0 }) } } });
  expect(world.dynamodb.calls.slice(before)).toEqual(["GetItem"]);
});

test("a count that could not be written is written by the next run", async () => {
  const world = await startRevocationWorld();
  const { issuer, ring } = world.ring.policy;
  const writeNote = (): Promise<never> => Promise.reject(new SealgateError("revocation_table_failed", "broken"));
  const report = await world.run({ ports: { store: { ...world.store, writeNote } } });
  expect(report.list).toMatchObject({ result: "published", fault: { code: "revocation_table_failed" } });
  world.ring.pass(10);
  await world.run();
  expect(await world.store.readNote(issuer, ring)).toMatchObject({ counts: { jti: 0, sid: 0, sub: 0 } });
});
