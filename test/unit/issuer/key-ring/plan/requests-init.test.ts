/** What the plan does when a ring is to be created: where it begins, where it goes on, and what it looks at first. */
import { describe, expect, test } from "vitest";
import { planRing } from "../../../../../issuer/key-ring/index.ts";
import type { ObservedRing } from "../../../../../issuer/key-ring/index.ts";
import {
  after,
  documentOf,
  entry,
  generation,
  keyOf,
  observedKey,
  observedRing,
  root,
  rootKey,
  START,
  held,
  noted,
  superseded,
} from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";

const POLICY = ringPolicy();
const NOTHING: Partial<ObservedRing> = {
  root: undefined,
  rootUpdatedAt: undefined,
  active: undefined,
  generations: [],
  document: { kind: "missing" },
};

describe("creating a ring", () => {
  const init = { kind: "init" } as const;

  test("begins with the root key", () => {
    expect(planRing(observedRing(NOTHING), POLICY, START, init).due).toEqual([
      { kind: "create_key", role: "root", alg: "ES256", keySpec: "ECC_NIST_P256", orphan: undefined },
    ]);
  });

  test("goes on with generation 1, which then is the active one at once", () => {
    const withRoot = observedRing({ ...NOTHING, root: root() });
    expect(planRing(withRoot, POLICY, START, init).due).toMatchObject([
      { kind: "create_key", role: "generation", number: 1 },
    ]);
    const withGeneration = { ...withRoot, generations: [generation(1)] };
    expect(planRing(withGeneration, POLICY, START, init).due).toMatchObject([
      { kind: "create_active", generation: 1, keyArn: generation(1).keyArn },
    ]);
  });

  test("uses the keys that an earlier attempt has left", () => {
    const orphanedRoot = observedKey(rootKey, "root", { tags: { kid: undefined } });
    const orphan = observedKey(keyOf(1), "1", { tags: { kid: undefined } });
    const orphans = [orphanedRoot, orphan];
    expect(planRing(observedRing({ ...NOTHING, orphans }), POLICY, START, init).due).toMatchObject([
      { kind: "create_key", role: "root", orphan: orphanedRoot.keyArn },
    ]);
    const next = observedRing({ ...NOTHING, root: root(), orphans: [orphan] });
    expect(planRing(next, POLICY, START, init).due).toMatchObject([{ kind: "create_key", orphan: orphan.keyArn }]);
  });

  test("takes an adopted key as generation 1", () => {
    const candidate = observedKey(keyOf(5), "5", { tags: { ring: undefined, generation: undefined, kid: undefined } });
    const observed = observedRing({ ...NOTHING, root: root(), candidate });
    expect(planRing(observed, POLICY, START, init).due).toEqual([
      { kind: "claim_alias", role: "generation", number: 1, keyArn: candidate.keyArn },
    ]);
  });

  test("is never done by itself", () => {
    expect(planRing(observedRing(NOTHING), POLICY, START).due).toEqual([]);
    const begun = observedRing({ ...NOTHING, root: root() });
    expect(planRing(begun, POLICY, START).due).toEqual([]);
    const withGeneration = { ...begun, generations: [generation(1, noted())] };
    expect(planRing(withGeneration, POLICY, START).due).toEqual([]);
    expect(planRing(withGeneration, POLICY, START).problems).toMatchObject([{ code: "active_missing" }]);
  });

  test("never makes a second root key for a ring that has generations", () => {
    const { active, generations } = observedRing();
    for (const found of [{ active, generations }, { active }, { generations }]) {
      const plan = planRing(observedRing({ ...NOTHING, ...found }), POLICY, START, init);
      expect(plan.due).toEqual([]);
      expect(plan.refusal).toMatchObject({ code: "root_missing" });
    }
  });

  test("is what a request for anything else has to wait for", () => {
    const rotate = { kind: "rotate", from: 1 } as const;
    expect(planRing(observedRing({ root: undefined }), POLICY, START, rotate).refusal?.code).toBe("root_missing");
  });

  test("brings a lost alias `active` back to the generation that the document names", () => {
    const observed = observedRing({
      active: undefined,
      document: held(documentOf([entry(2, "active"), entry(1, "retiring")])),
    });
    expect(planRing(observed, POLICY, after(10), init).due).toMatchObject([{ kind: "create_active", generation: 2 }]);
  });

  test.for([
    ["the last document that this process knows", { newer: documentOf([entry(2, "active"), entry(3, "pending")]) }, {}],
    ["the tags: listed, and not handed over", {}, noted()],
    ["the tags that are left: settled, and not handed over", {}, { tags: { publishedAt: START } }],
  ] as const)("and, if the document is lost too, to the one that signed by %s", ([, changes, tags]) => {
    const generations = [generation(1, superseded()), generation(2, tags), generation(3, tags)];
    for (const document of [{ kind: "missing" }, { kind: "refused", problem: "key_set_malformed" }] as const) {
      const observed = observedRing({ active: undefined, generations, document, ...changes });
      expect(planRing(observed, POLICY, after(10), init).due).toMatchObject([{ kind: "create_active", generation: 2 }]);
    }
  });

  test("is done when the ring is there", () => {
    expect(planRing(observedRing(), POLICY, after(10), init)).toMatchObject({ due: [], isRequestDone: true });
  });
});

describe("creating a ring looks at KV before it creates keys that cost money", () => {
  const init = { kind: "init" } as const;
  const unread = {
    kind: "unknown",
    fault: "publish_unauthorized",
    message: "the Cloudflare API answered 403",
  } as const;

  test.for([
    ["with nothing there yet", NOTHING],
    ["with the root key there", { ...NOTHING, root: root() }],
    ["with a generation there", { ...NOTHING, root: root(), generations: [generation(1)] }],
  ] as const)("%s", ([, changes]) => {
    const plan = planRing(observedRing({ ...changes, document: unread }), POLICY, START, init);
    expect(plan).toMatchObject({ due: [], refusal: { code: "document_unknown" } });
    expect(plan.refusal?.message).toContain("the Cloudflare API answered 403");
  });

  test("and finds there that the ring exists under another root key: another account or Region, say", () => {
    const document = { kind: "refused", problem: "key_set_unknown_root" } as const;
    const plan = planRing(observedRing({ ...NOTHING, document }), POLICY, START, init);
    expect(plan).toMatchObject({ due: [], refusal: { code: "document_foreign" } });
    const overwritten = { kind: "refused", problem: "key_set_malformed" } as const;
    expect(planRing(observedRing({ ...NOTHING, document: overwritten }), POLICY, START, init).due).toHaveLength(1);
  });
});
