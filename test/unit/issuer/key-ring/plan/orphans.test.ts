/** What becomes of keys without an alias: what a crash, a lost race or a lost alias leaves. */
import { describe, expect, test } from "vitest";
import { planRing } from "../../../../../issuer/key-ring/index.ts";
import type { ObservedKey, Step } from "../../../../../issuer/key-ring/index.ts";
import {
  after,
  documentOf,
  entry,
  generation,
  held,
  keyOf,
  noted,
  observedKey,
  nextRootKey,
  observedRing,
  root,
  rootKey,
  rsaKey,
  START,
  superseded,
} from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";

const POLICY = ringPolicy();
describe("keys without an alias", () => {
  const leftBehind = { tags: { kid: undefined } };

  test("that were made for the next generation are used for it", () => {
    const orphan = observedKey(keyOf(2), "2", leftBehind);
    const observed = observedRing({
      generations: [generation(1, noted())],
      document: held(documentOf([entry(1, "active")])),
      orphans: [orphan],
    });
    expect(planRing(observed, POLICY, after(10)).due).toMatchObject([
      { kind: "create_key", number: 2, orphan: orphan.keyArn },
    ]);
  });

  test("that were made for the next generation become it, though a pending key is there by now", () => {
    const orphan = observedKey(keyOf(3), "3", leftBehind);
    expect(planRing(observedRing({ orphans: [orphan] }), POLICY, after(10)).due).toEqual([
      { kind: "claim_alias", role: "generation", number: 3, keyArn: orphan.keyArn },
    ]);
  });

  test("that were made for the next generation before the algorithm changed get their alias, since they may have it", () => {
    const orphan = observedKey(rsaKey, "3", { ...leftBehind, createdAt: after(-10) });
    const observed = observedRing({ orphans: [orphan] });
    expect(planRing(observed, POLICY, after(589)).due).toEqual([]);
    expect(planRing(observed, POLICY, after(590)).due).toEqual([
      { kind: "claim_alias", role: "generation", number: 3, keyArn: orphan.keyArn },
    ]);
  });

  test("that the last document lists get theirs back, also once it has expired", () => {
    const orphan = observedKey(keyOf(1), "1", noted());
    const observed = observedRing({ active: undefined, generations: [generation(2, noted())], orphans: [orphan] });
    for (const elapsed of [10, 90_000]) {
      expect(planRing(observed, POLICY, after(elapsed)).due).toContainEqual(
        expect.objectContaining({ kind: "claim_alias", number: 1, keyArn: orphan.keyArn }),
      );
    }
  });

  test("become nothing while it is not known which generation is active", () => {
    const orphan = observedKey(keyOf(3), "3", leftBehind);
    const observed = observedRing({ active: undefined, orphans: [orphan] });
    expect(planRing(observed, POLICY, after(10)).due).toEqual([]);
  });

  test("that a preparation of the next root key has left get their alias, once one from their creation would be seen", () => {
    const orphan = observedKey(keyOf(7), "root-2", { ...leftBehind, createdAt: after(-10) });
    const observed = observedRing({ root: root({}, rootKey, 1), orphans: [orphan] });
    expect(planRing(observed, POLICY, after(589)).due).toEqual([]);
    expect(planRing(observed, POLICY, after(590)).due).toEqual([
      { kind: "claim_alias", role: "numbered_root", number: 2, keyArn: orphan.keyArn },
    ]);
    const taken = observedRing({
      root: root({}, rootKey, 1),
      otherRoots: [root({}, nextRootKey, 2)],
      orphans: [orphan],
    });
    expect(planRing(taken, POLICY, after(590)).due).toContainEqual(
      expect.objectContaining({ kind: "schedule_deletion", keyArn: orphan.keyArn }),
    );
    // A number that the root key has passed by.
    const passed = observedRing({ root: root({}, rootKey, 3), orphans: [orphan] });
    expect(planRing(passed, POLICY, after(590)).due).toEqual([]);
  });

  test("that were made for the number of a root key which has lost its alias do not get it, and are deleted", () => {
    const lost = observedKey(nextRootKey, "root-2");
    const leftOver = observedKey(keyOf(7), "root-2", { ...leftBehind, keyId: "id-x", keyArn: "arn-x" });
    const observed = observedRing({ root: root({}, rootKey, 1), orphans: [leftOver, lost] });
    const { due } = planRing(observed, POLICY, after(590));
    expect(due.filter(({ kind }) => kind === "claim_alias")).toEqual([]);
    expect(due).toContainEqual(expect.objectContaining({ kind: "schedule_deletion", keyArn: leftOver.keyArn }));
  });

  test("that lost the race for the root key are scheduled for deletion, and never the root key", () => {
    const orphan = observedKey(keyOf(7), "root", { ...leftBehind, keyId: "id-x" });
    expect(planRing(observedRing({ orphans: [orphan] }), POLICY, after(10)).due).toMatchObject([
      { kind: "schedule_deletion", keyArn: orphan.keyArn, reason: "orphan" },
    ]);
    const noRoot = observedRing({
      root: undefined,
      rootUpdatedAt: undefined,
      active: undefined,
      generations: [],
      orphans: [orphan],
    });
    expect(planRing(noRoot, POLICY, after(10)).due).toEqual([]);
  });

  test("that lost the race for their generation are scheduled for deletion, however new", () => {
    const orphan = observedKey(keyOf(7), "2", { ...leftBehind, keyId: "id-x", createdAt: after(9) });
    expect(planRing(observedRing({ orphans: [orphan] }), POLICY, after(10)).due).toEqual([
      { kind: "schedule_deletion", keyArn: orphan.keyArn, generation: undefined, reason: "orphan", pendingDays: 7 },
    ]);
  });

  test.each([
    ["somebody else made", { tags: { kid: undefined, managed: false } }],
    ["were in use before", { tags: { kid: keyOf(7).kid } }],
    ["are waiting for their deletion", { keyState: "PendingDeletion", tags: { kid: undefined } }],
  ])("are left alone when they %s", (_what, changes) => {
    const orphan = observedKey(keyOf(7), "2", { ...changes, keyId: "id-x" });
    expect(planRing(observedRing({ orphans: [orphan] }), POLICY, after(10)).due).toEqual([]);
  });

  test("of a generation whose alias is not seen are left alone until it would be", () => {
    const orphan = observedKey(keyOf(7), "3", { ...leftBehind, keyId: "id-x", createdAt: after(-10) });
    const observed = observedRing({
      active: { keyId: "id-1", generation: 1, updatedAt: START },
      generations: [generation(1, noted()), generation(2, noted()), generation(4, noted())],
      document: held(
        documentOf([entry(1, "active"), entry(2, "pending"), entry(4, "pending")], { issuedAt: after(500) }),
      ),
      orphans: [orphan],
    });
    expect(planRing(observed, POLICY, after(589)).due).toEqual([]);
    // An alias that was claimed a moment ago may be hidden still, and the key may be signing: it is not deleted.
    expect(planRing(observed, POLICY, after(590)).due).toEqual([
      { kind: "claim_alias", role: "generation", number: 3, keyArn: orphan.keyArn },
    ]);
  });

  test("that the document lists get their generation's alias back", () => {
    const orphan = observedKey(keyOf(2), "2", noted());
    const observed = observedRing({ generations: [generation(1, noted()), generation(3, noted())], orphans: [orphan] });
    const { due } = planRing(observed, POLICY, after(10));
    expect(due).toContainEqual({ kind: "claim_alias", role: "generation", number: 2, keyArn: orphan.keyArn });
  });

  test.each([
    ["has expired", observedRing().document, 90_000],
    ["is lost", { kind: "missing" } as const, 10],
  ])(
    "and that sign get theirs back before a key set replaces one that %s, which lists them then",
    (_what, document, elapsed) => {
      const orphan = observedKey(keyOf(1), "1", noted());
      const active = { keyId: orphan.keyId, generation: undefined, updatedAt: START };
      const observed = observedRing({ active, generations: [generation(2, noted())], orphans: [orphan], document });
      const { due } = planRing(observed, POLICY, after(elapsed));
      const kinds = due.map(({ kind }) => kind);
      expect(due).toContainEqual({ kind: "claim_alias", role: "generation", number: 1, keyArn: orphan.keyArn });
      expect(kinds.indexOf("claim_alias")).toBeLessThan(kinds.indexOf("publish"));
    },
  );

  /** H + G. */
  const TIME = 4470;
  const claims = { kind: "claim_alias", role: "generation", number: 1 };
  test.each([
    ["whose tokens may be about", superseded(), { kind: "missing" } as const, TIME - 1, [claims]],
    ["that is pending", noted(), { kind: "missing" } as const, TIME, [claims]],
    ["that has lost a tag", { tags: { publishedAt: START } }, { kind: "missing" } as const, TIME, [claims]],
    ["that has had its time", superseded(), { kind: "missing" } as const, TIME, []],
    ["that has retired", { ...superseded(), keyState: "Disabled" }, { kind: "missing" } as const, 10, []],
    ["that was revoked", { tags: { ...noted().tags, revokedAt: START } }, { kind: "missing" } as const, 10, []],
    [
      "that the key set has left out",
      superseded(),
      held(documentOf([entry(2, "active"), entry(3, "pending")])),
      10,
      [],
    ],
    [
      "while the key set cannot be read",
      superseded(),
      { kind: "unknown", fault: "publish_timeout", message: "no answer" } as const,
      10,
      [],
    ],
  ])("and the key set as well: %s", (_what, changes, document, elapsed, expected) => {
    const observed = observedRing({
      active: { keyId: "id-2", generation: 2, updatedAt: START },
      generations: [generation(2, noted()), generation(3, noted())],
      orphans: [observedKey(keyOf(1), "1", changes)],
      document,
    });
    const { due } = planRing(observed, POLICY, after(elapsed));
    expect(due.filter(({ kind }) => kind === "claim_alias")).toMatchObject(expected);
  });

  test.each([
    ["the key set lists it", observedRing({}).document],
    ["the key set cannot be read", { kind: "unknown", fault: "publish_timeout", message: "no answer" } as const],
    ["no key set is there", { kind: "missing" } as const],
  ])("that have been a generation keep their number: %s", (_what, document) => {
    const orphan = observedKey(keyOf(2), "2", noted());
    const observed = observedRing({ generations: [generation(1, noted())], orphans: [orphan], document });
    const { due } = planRing(observed, POLICY, after(10));
    expect(due).toContainEqual(expect.objectContaining({ kind: "create_key", role: "generation", number: 3 }));
  });

  test("that are being adopted keep their number, also before they have its alias", () => {
    const orphan = observedKey(keyOf(5), "2", { tags: { kid: undefined, managed: false } });
    const { due } = planRing(
      observedRing({ generations: [generation(1, noted())], orphans: [orphan] }),
      POLICY,
      after(10),
    );
    expect(due).toContainEqual(expect.objectContaining({ kind: "create_key", role: "generation", number: 3 }));
  });

  test("that were made for a number which a generation without its alias has do not get it, and are deleted", () => {
    const lost = observedKey(keyOf(2), "2", noted());
    const leftOver = observedKey(keyOf(7), "2", { ...leftBehind, keyId: "id-x", keyArn: "arn-x" });
    const generations = [generation(1, noted()), generation(3, noted())];
    for (const orphans of [
      [leftOver, lost],
      [lost, leftOver],
    ]) {
      const { due } = planRing(observedRing({ generations, orphans }), POLICY, after(10));
      expect(due.filter(({ kind }) => kind === "claim_alias")).toMatchObject([{ number: 2, keyArn: lost.keyArn }]);
      expect(due).toContainEqual(expect.objectContaining({ kind: "schedule_deletion", keyArn: leftOver.keyArn }));
    }
  });

  test("are not deleted while `active` points to them, and get their alias back", () => {
    const active = { keyId: "id-x", generation: undefined, updatedAt: START };
    const changes = { keyId: "id-x", keyArn: "arn-x" };
    const planWith = (orphan: ObservedKey): readonly Step[] =>
      planRing(observedRing({ active, orphans: [orphan] }), POLICY, after(10)).due;
    expect(planWith(observedKey(keyOf(7), "2", { ...leftBehind, ...changes }))).toEqual([]);
    const document = held(documentOf([entry(1, "active"), entry(2, "pending")]));
    const observed = observedRing({
      active,
      generations: [generation(2, noted())],
      document,
      orphans: [observedKey(keyOf(1), "1", { ...noted(), ...changes })],
    });
    expect(planRing(observed, POLICY, after(10)).due).toEqual([
      { kind: "claim_alias", role: "generation", number: 1, keyArn: "arn-x" },
    ]);
  });
});
