/** What the plan makes of an operator's requests to change the root key. */
import { describe, expect, test } from "vitest";
import { planRing } from "../../../../../issuer/key-ring/index.ts";
import type { ObservedRing } from "../../../../../issuer/key-ring/index.ts";
import {
  after,
  documentOf,
  entry,
  held,
  keyOf,
  nextRootKey,
  observedRing,
  root,
  rootKey,
} from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";

const POLICY = ringPolicy();

describe("changing the root key", () => {
  const { keyId, keyArn } = root();
  const numbered = root({ keyId, keyArn }, rootKey, 1);
  const next = root({}, nextRootKey, 2);
  /** Since its first settled document has been noted on it. */
  const settled = root({ tags: { publishedAt: after(9900) } }, nextRootKey, 2);
  const later = after(10_000);
  const roots = [rootKey.kid, nextRootKey.kid, keyOf(8).kid];
  const document = (rootKid = rootKey.kid): ObservedRing["document"] =>
    held(documentOf([entry(1, "active"), entry(2, "pending")], { issuedAt: after(9900), roots }), rootKid);

  test("is named in the document once it is prepared, so that verifiers can say whether they have pinned it", () => {
    const before = held(documentOf([entry(1, "active"), entry(2, "pending")], { issuedAt: after(9900) }));
    const prepared = observedRing({ root: numbered, otherRoots: [next], document: before });
    expect(planRing(prepared, POLICY, later).due).toMatchObject([
      { kind: "publish", reasons: ["root_added"], roots: [rootKey.kid, nextRootKey.kid] },
    ]);
    // One that is not seen, yet or any more, leaves with the next change: where it is seen late, rotators would take turns.
    expect(planRing(observedRing({ root: numbered, document: document() }), POLICY, later).due).toEqual([]);
  });

  test("is prepared by numbering the present one, then creating the next", () => {
    const prepare = { kind: "root_prepare", from: root().keyArn } as const;
    expect(planRing(observedRing({ document: document() }), POLICY, later, prepare).due).toEqual([
      { kind: "claim_alias", role: "numbered_root", number: 1, keyArn: root().keyArn },
    ]);
    expect(planRing(observedRing({ root: numbered, document: document() }), POLICY, later, prepare).due).toMatchObject([
      { kind: "create_key", role: "numbered_root", number: 2, alg: "ES256" },
    ]);
    const prepared = observedRing({ root: numbered, otherRoots: [next], document: document() });
    expect(planRing(prepared, POLICY, later, prepare)).toMatchObject({ due: [], isRequestDone: true });
    // Nothing signs with it until that is asked for.
    expect(planRing(prepared, POLICY, later).due).toEqual([]);
  });

  test("numbers the present one below the next, whichever alias KMS shows first", () => {
    const observed = observedRing({ root: root(), otherRoots: [next], document: document() });
    expect(planRing(observed, POLICY, later, { kind: "root_prepare", from: root().keyArn }).due).toEqual([
      { kind: "claim_alias", role: "numbered_root", number: 1, keyArn: root().keyArn },
    ]);
  });

  test("switches to the next one in order, should several be prepared", () => {
    const third = root({ keyId: "id-third" }, keyOf(8), 3);
    const observed = observedRing({ root: numbered, otherRoots: [third, next], document: document() });
    expect(planRing(observed, POLICY, later, { kind: "root_switch", from: numbered.keyArn }).due).toMatchObject([
      { kind: "move_root", number: 2 },
    ]);
  });

  test("is switched by moving the alias, and only to a key that is prepared", () => {
    const request = { kind: "root_switch", from: numbered.keyArn } as const;
    const prepared = observedRing({ root: numbered, otherRoots: [next], document: document() });
    expect(planRing(prepared, POLICY, later, request).due).toEqual([
      { kind: "move_root", number: 2, keyArn: next.keyArn },
    ]);
    expect(planRing(observedRing({ document: document() }), POLICY, later, request).refusal).toMatchObject({
      code: "root_next_missing",
    });
    const switched = observedRing({ root: next, otherRoots: [numbered], document: document() });
    expect(planRing(switched, POLICY, later, request)).toMatchObject({
      isRequestDone: true,
      due: [{ kind: "publish", reasons: ["root_changed"], rootKeyArn: next.keyArn }],
    });
  });

  test("is not switched to a key that cannot sign yet, and is done when asked again after the switch", () => {
    const from = numbered.keyArn;
    for (const unready of [{ publicKey: undefined }, { keyState: "Unavailable", publicKey: next.publicKey }]) {
      const otherRoots = [root(unready, nextRootKey, 2)];
      const plan = planRing(observedRing({ root: numbered, otherRoots, document: document() }), POLICY, later, {
        kind: "root_switch",
        from,
      });
      expect(plan).toMatchObject({ due: [], refusal: { code: "root_next_missing" } });
    }
    const switched = observedRing({ root: settled, otherRoots: [numbered], document: document(nextRootKey.kid) });
    const again = planRing(switched, POLICY, later, { kind: "root_switch", from: next.keyArn });
    expect(again).toMatchObject({ due: [], isRequestDone: true });
  });

  test.each(["root_prepare", "root_switch"] as const)(
    "is not taken for the next one when carried out late: %s",
    (kind) => {
      const third = root({ keyId: "id-third" }, keyOf(8), 3);
      const otherRoots = [numbered, third];
      const switched = observedRing({ root: settled, otherRoots, document: document(nextRootKey.kid) });
      const late = planRing(switched, POLICY, later, { kind, from: numbered.keyArn });
      expect(late).toMatchObject({ due: [], isRequestDone: true });
    },
  );

  test("retires the previous one only when no edge can hold a document of it", () => {
    const request = { kind: "root_retire" } as const;
    const movedAt = after(9000);
    const switched = { root: next, otherRoots: [numbered], rootUpdatedAt: movedAt };
    const unsigned = observedRing({ ...switched, document: document() });
    expect(planRing(unsigned, POLICY, later, request).refusal).toMatchObject({ code: "root_still_needed" });
    const signedAt = (issuedAt: number): ObservedRing =>
      observedRing({
        ...switched,
        document: held(
          documentOf([entry(1, "active"), entry(2, "pending")], { issuedAt: after(issuedAt), roots }),
          nextRootKey.kid,
        ),
      });
    // KMS consistency 300, S + K + 1 = 331: counted from the move, and S + K + 1 from the document.
    expect(planRing(signedAt(9010), POLICY, after(9630), request).refusal).toMatchObject({ notBefore: after(9631) });
    expect(planRing(signedAt(9600), POLICY, after(9930), request).refusal).toMatchObject({ notBefore: after(9931) });
    // However long ago, as long as the document is the previous one's, or has expired, or the alias is out of sight.
    const byPrevious = document(rootKey.kid);
    for (const [observed, now] of [
      [observedRing({ ...switched, document: byPrevious }), after(80_000)],
      [signedAt(9600), after(9600 + 86_400)],
      [{ ...signedAt(9600), rootUpdatedAt: undefined }, after(80_000)],
    ] as const) {
      expect(planRing(observed, POLICY, now, request).refusal).toMatchObject({ code: "root_still_needed" });
    }
    const alone = observedRing({ root: next, document: document(nextRootKey.kid) });
    expect(planRing(alone, POLICY, later, request)).toMatchObject({ due: [], isRequestDone: true });
    const retire = { kind: "disable_key", keyArn: numbered.keyArn, generation: undefined, reason: "root_retired" };
    expect(planRing(signedAt(9600), POLICY, after(9931), request).due).toContainEqual(retire);
    expect(planRing(signedAt(9600), POLICY, after(9931)).due).not.toContainEqual(retire);
  });

  test("retires the previous one S + K after the first settled document, whatever is published after it", () => {
    const request = { kind: "root_retire" } as const;
    const at = (issuedAt: number, noted: number | undefined, rev?: number): ObservedRing => {
      const tags = { publishedAt: noted === undefined ? undefined : after(noted) };
      const changes = { issuedAt: after(issuedAt), roots, ...(rev === undefined ? {} : { rev }) };
      return observedRing({
        root: root({ tags }, nextRootKey, 2),
        otherRoots: [numbered],
        rootUpdatedAt: after(9000),
        document: held(documentOf([entry(1, "active"), entry(2, "pending")], changes), nextRootKey.kid),
      });
    };
    const tagged = (observed: ObservedRing): unknown =>
      planRing(observed, POLICY, after(11_000)).due.filter(({ kind }) => kind === "tag_key");
    // Noted once, when no rotator can be shown the old alias any more: 300 of KMS, deadlines of 30 and 60, K 60.
    expect(tagged(at(9449, undefined))).toEqual([]);
    expect(tagged(at(9450, undefined))).toEqual([
      { kind: "tag_key", keyArn: next.keyArn, generation: undefined, tags: { publishedAt: after(9450) } },
    ]);
    expect(tagged(at(10_900, 9450))).toEqual([]);
    // A note of an earlier change says nothing about this one.
    expect(tagged(at(10_900, 100))).toMatchObject([{ tags: { publishedAt: after(10_900) } }]);
    const safeFrom = (observed: ObservedRing): unknown =>
      planRing(observed, POLICY, after(11_000), request).refusal?.notBefore;
    expect(safeFrom(at(10_900, undefined))).toBe(after(11_231));
    expect(safeFrom(at(10_900, 9450))).toBeUndefined();
    // A document that has not settled may be refused by an edge that holds a higher rev: 4K + 20 s more.
    const odd = after(10_900) * 1_000_000 + 1;
    expect(safeFrom(at(10_900, undefined, odd))).toBe(after(11_491));
    expect(safeFrom(at(10_900, 9450, odd))).toBeUndefined();
  });

  test("is not prepared while three can sign: a Worker pins no more, and one with four answers 500", () => {
    const request = { kind: "root_prepare", from: next.keyArn } as const;
    const third = root({ keyId: "id-third", keyArn: next.keyArn }, keyOf(8), 3);
    const full = observedRing({ root: third, otherRoots: [numbered, next], document: document(keyOf(8).kid) });
    const { refusal } = planRing(full, POLICY, later, request);
    expect(refusal).toMatchObject({ code: "root_too_many" });
    expect(refusal?.message).toContain("3 root keys can sign");
    const disabled = root({ keyId, keyArn, keyState: "Disabled" }, rootKey, 1);
    expect(planRing({ ...full, otherRoots: [disabled, next] }, POLICY, later, request).refusal).toBeUndefined();
  });
});
