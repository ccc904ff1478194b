/** When a run of the rotator is a failed one. */
import { expect, test } from "vitest";
import { failuresOf, isConverged, planRing } from "../../../../issuer/key-ring/index.ts";
import { PROBLEM_EFFECTS } from "../../../../issuer/key-ring/model/plan.ts";
import { after, observedRing } from "../../../support/observed-ring.ts";
import { ringPolicy } from "../../../support/ring-world.ts";
import { given } from "../../../support/values.ts";

const atRest = planRing(observedRing(), ringPolicy(), after(10));
const lost = observedRing({ document: { kind: "missing" } });
const publish = given(planRing(lost, ringPolicy(), after(10)).due.find(({ kind }) => kind === "publish"));
const observed = { document: { kind: "missing" } } as const;
const tooLate = { step: publish, outcome: { result: "too_late" }, fault: undefined };
const failed = { step: publish, outcome: undefined, fault: { code: "publish_timeout", message: "m" } } as const;

test("no problem of any kind stands beside a converged ring", () => {
  expect(isConverged({ ...atRest, due: [], problems: [] })).toBe(true);
  for (const code of Object.keys(PROBLEM_EFFECTS) as (keyof typeof PROBLEM_EFFECTS)[]) {
    const plan = { ...atRest, due: [], problems: [{ code, message: "m", generation: undefined }] };
    expect(isConverged(plan), code).toBe(false);
    expect(failuresOf({ steps: [], observed, plan }).length > 0, code).toBe(PROBLEM_EFFECTS[code] === "fails");
  }
});

test("what KMS or KV does not show yet is no failure", () => {
  expect(failuresOf({ steps: [], observed, plan: { ...atRest, due: [publish] } })).toEqual([]);
});

test("a key set that came too late in every attempt was not published", () => {
  const plan = { ...atRest, due: [publish] };
  expect(failuresOf({ steps: [tooLate, tooLate], observed, plan })).toMatchObject([{ code: "publish_timeout" }]);
  const done = { ...tooLate, outcome: { result: "done" } };
  expect(failuresOf({ steps: [tooLate, done], observed, plan })).toEqual([]);
});

test("a step that failed and was made up for in the same run is no failure", () => {
  expect(failuresOf({ steps: [failed], observed, plan: { ...atRest, due: [publish] } })).toHaveLength(1);
  expect(failuresOf({ steps: [failed], observed, plan: { ...atRest, due: [], problems: [] } })).toEqual([]);
});
