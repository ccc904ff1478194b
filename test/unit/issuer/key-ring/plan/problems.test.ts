/** What is wrong with a ring: each code, by the observation that shows it. */
import { expect, test } from "vitest";
import { planRing } from "../../../../../issuer/key-ring/index.ts";
import type { ObservedRing } from "../../../../../issuer/key-ring/index.ts";
import type { RingProblemCode } from "../../../../../issuer/key-ring/model/plan.ts";
import {
  after,
  BOTH,
  documentOf,
  entry,
  generation,
  held,
  keyOf,
  noted,
  observedRing,
  root,
} from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";

const RING = observedRing().generations;
const [first = generation(1), second = generation(2)] = RING;

const SHOWN: Readonly<Record<RingProblemCode, Partial<ObservedRing>>> = {
  root_missing: { root: undefined },
  root_unusable: { root: root({ keyState: "Disabled" }) },
  active_missing: { active: undefined },
  active_unresolved: { active: { keyId: "id-9", generation: undefined, updatedAt: after(0) } },
  active_unusable: { generations: [generation(1, { ...noted(), keyState: "Unavailable" }), second] },
  generation_unfit: { generations: [first, generation(2, { tags: { ring: "other", kid: undefined } })] },
  generation_duplicate: { generations: [first, second, generation(3, noted(), keyOf(2))] },
  generation_missing: { document: held(documentOf([...BOTH, entry(4, "pending", after(-1000))])) },
  revoked_key_enabled: { generations: [first, generation(2, { tags: { revokedAt: after(0) } })] },
  document_lost: { document: { kind: "missing" } },
  document_unknown: { document: { kind: "unknown", fault: "publish_timeout", message: "no answer" } },
  clock_skewed: { document: held(documentOf(BOTH, { issuedAt: after(100) })) },
};

test("a ring at rest has no problem", () => {
  expect(planRing(observedRing(), ringPolicy(), after(10)).problems).toEqual([]);
});

test.each(Object.entries(SHOWN))("%s is found, and its message is a sentence", (code, changes) => {
  const { problems } = planRing(observedRing(changes), ringPolicy(), after(10));
  expect(problems.map((problem) => problem.code)).toContain(code);
  for (const { message } of problems) expect(message).toMatch(/^[A-Z`].*\.$/s);
});
