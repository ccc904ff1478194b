/** The commands that the console shows, and what is said of each. */
import { describe, expect, test } from "vitest";
import { actionsOf } from "../../../../issuer/console/actions.ts";
import { observedRing } from "../../../support/observed-ring.ts";
import { given } from "../../../support/values.ts";
import { readingOf } from "./support.ts";

const ALONE = { gateways: [], canTakeBack: false };

test("a ring that does not exist can be created", () => {
  const { state, plan } = readingOf({ ...observedRing(), root: undefined });
  expect(actionsOf(state, plan, ALONE)).toMatchObject([{ command: "sealgate ring init", refusal: undefined }]);
});

test("what is due comes first, and says what it does", () => {
  const { state, plan } = readingOf({ ...observedRing(), document: { kind: "missing" } });
  expect(actionsOf(state, plan, ALONE)[0]).toMatchObject({
    command: "sealgate ring reconcile",
    effect: expect.stringContaining("publish the key set (missing"),
  });
});

test("a rotation that is not safe yet has its refusal, and a revocation has its bound", () => {
  const { state, plan } = readingOf();
  const actions = actionsOf(state, plan, ALONE);
  const rotate = actions.find(({ command }) => command === "sealgate ring rotate --wait");
  expect(rotate?.refusal).toMatch(/pending key.*Safe from 20\d\d-/);
  const revocations = actions.filter(({ command }) => command.startsWith("sealgate ring revoke "));
  expect(revocations.map(({ title }) => title)).toEqual(["Revoke generation 1", "Revoke generation 2"]);
  expect(revocations[0]?.effect).toContain("within 4 min 30 s");
});

test("another ring than main is named in each command", () => {
  const { state, plan } = readingOf();
  const observed = { ...state.observed, ring: "west" as typeof state.observed.ring };
  expect(actionsOf({ ...state, observed }, plan, ALONE).every(({ command }) => command.endsWith(" --ring west"))).toBe(
    true,
  );
});

test("where there is a table, one token can be taken back", () => {
  const { state, plan } = readingOf();
  const [, action] = actionsOf(state, plan, { ...ALONE, canTakeBack: true });
  expect(action).toMatchObject({
    command: "sealgate token revoke --ring < stolen",
    effect: expect.stringContaining("within 4 min 30 s"),
  });
  expect(JSON.stringify(actionsOf(state, plan, ALONE))).not.toContain("token revoke");
});

describe("the root key is changed in three steps, of which the next one is shown", () => {
  const { state, plan } = readingOf();
  const root = given(state.observed.root);
  const other = { ...root, keyArn: `${root.keyArn}-2`, keyId: "root-2" };
  const stepWith = (numbers: readonly [number, number | undefined]): string => {
    const otherRoots = numbers[1] === undefined ? [] : [{ ...other, number: numbers[1] }];
    const observed = { ...state.observed, root: { ...root, number: numbers[0] }, otherRoots };
    const gateways = ["https://api.example.com"];
    return given(actionsOf({ ...state, observed }, plan, { ...ALONE, gateways }).at(-1)).command;
  };

  test.each([
    [[1, undefined], "sealgate ring anchors --prepare"],
    [[1, 2], "sealgate ring anchors --switch --gateway https://api.example.com"],
    [[2, 1], "sealgate ring anchors --retire"],
  ] as const)("%j", (numbers, command) => {
    expect(stepWith(numbers)).toBe(command);
  });
});
