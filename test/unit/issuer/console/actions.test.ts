/** The commands that the console shows, and what is said of each. */
import { expect, test } from "vitest";
import { actionsOf } from "../../../../issuer/console/actions.ts";
import { observedRing } from "../../../support/observed-ring.ts";
import { readingOf } from "./support.ts";

test("a ring that does not exist can be created", () => {
  const { state, plan } = readingOf({ ...observedRing(), root: undefined });
  expect(actionsOf(state, plan)).toMatchObject([{ command: "sealgate ring init", refusal: undefined }]);
});

test("what is due comes first, and says what it does", () => {
  const { state, plan } = readingOf({ ...observedRing(), document: { kind: "missing" } });
  expect(actionsOf(state, plan)[0]).toMatchObject({
    command: "sealgate ring reconcile",
    effect: expect.stringContaining("publish the key set (missing"),
  });
});

test("a rotation that is not safe yet has its refusal, and a revocation has its bound", () => {
  const { state, plan } = readingOf();
  const actions = actionsOf(state, plan);
  const rotate = actions.find(({ command }) => command === "sealgate ring rotate --wait");
  expect(rotate?.refusal).toMatch(/pending key.*Safe from 20\d\d-/);
  const revocations = actions.filter(({ command }) => command.startsWith("sealgate ring revoke "));
  expect(revocations.map(({ title }) => title)).toEqual(["Revoke generation 1", "Revoke generation 2"]);
  expect(revocations[0]?.effect).toContain("within 4 min 30 s");
});

test("another ring than main is named in each command", () => {
  const { state, plan } = readingOf();
  const observed = { ...state.observed, ring: "west" as typeof state.observed.ring };
  expect(actionsOf({ ...state, observed }, plan).every(({ command }) => command.endsWith(" --ring west"))).toBe(true);
});
