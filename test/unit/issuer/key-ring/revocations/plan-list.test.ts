import { describe, expect, test } from "vitest";
import {
  listReasons,
  nextListRev,
  secondsToNextTry,
  secondsToWait,
} from "../../../../../issuer/key-ring/revocations/plan-list.ts";
import type { ListState, ObservedList } from "../../../../../issuer/key-ring/revocations/plan-list.ts";
import { composeBody, parseBody } from "../../../../../shared/revocations/sections.ts";
import type { RevocationEntry } from "../../../../../shared/revocations/sections.ts";
import { seconds, TEST_ISSUER, TEST_RING } from "../../../../support/key-sets.ts";
import { takenBack } from "../../../../support/revocations.ts";
import { given } from "../../../../support/values.ts";

const NOW = seconds(1_800_000_000);

function held(entries: readonly RevocationEntry[], issuedAt = NOW, sha256 = "held"): ObservedList {
  const { body, counts } = composeBody(entries);
  const sections = given(parseBody(body, counts));
  const head = {
    issuer: TEST_ISSUER,
    ring: TEST_RING,
    rev: 5,
    issuedAt,
    expiresAt: seconds(issuedAt + 86_400),
    sha256,
  };
  return { kind: "read", rootKid: "root", list: { ...head, counts, sections } };
}

function stateOf(entries: readonly RevocationEntry[], changes: Partial<ListState> = {}): ListState {
  const composed = { ...composeBody(entries), sha256: "wanted" };
  return { held: held([]), entries, composed, rootKid: "root", highestRev: 5, now: NOW, ...changes };
}

describe("a list is replaced", () => {
  test.each([
    ["that says what it should: no", stateOf([]), []],
    ["that is not there", stateOf([], { held: { kind: "missing" } }), ["missing"]],
    ["of another root key", stateOf([], { rootKid: "next" }), ["root_changed"]],
    ["older than one that was seen", stateOf([], { highestRev: 6 }), ["rolled_back"]],
    ["that lacks a token", stateOf([takenBack("jti", "a")]), ["revoked"]],
    [
      "with an earlier cut",
      stateOf([takenBack("sub", "a", 20)], { held: held([takenBack("sub", "a", 10)]) }),
      ["revoked"],
    ],
    ["with a later cut: no", stateOf([takenBack("sub", "a", 10)], { held: held([takenBack("sub", "a", 20)]) }), []],
    ["with an entry that has ended: no", stateOf([], { held: held([takenBack("jti", "a")]) }), []],
    ["at half of its life", stateOf([], { now: seconds(NOW + 43_200) }), ["renewal"]],
    ["before half of its life: no", stateOf([], { now: seconds(NOW + 43_199) }), []],
  ] as const)("%s", (_what, state, reasons) => {
    expect(listReasons(state)).toEqual(reasons);
  });

  test("when it has no room for all and another choice is to be made", () => {
    const composed = { ...composeBody([]), leftOut: { jti: 1, sid: 0, sub: 0 }, sha256: "wanted" };
    expect(listReasons(stateOf([], { composed }))).toEqual(["revoked"]);
    expect(listReasons(stateOf([], { composed, held: held([], NOW, "wanted") }))).toEqual([]);
  });
});

test.each([
  [0, 10],
  [9.5, 0.5],
  [10, 0],
  // Of a host whose clock is ahead, or an attack: no reason to wait for ever.
  [-30, 0],
])("a list that is %s s old is replaced after %s s", (age, wait) => {
  expect(secondsToWait(held([]), seconds(NOW + age))).toBe(wait);
});

describe("a rev", () => {
  const choice = { taken: 7, others: [undefined], clockSkewSeconds: 60 };
  test("is the clock's", () => expect(nextListRev(choice, NOW)).toBe(1_800_000_000_000_000));
  test("exceeds the one that was taken, also under a clock that went back", () => {
    expect(nextListRev({ ...choice, taken: 1_900_000_000_000_000 }, NOW)).toBe(1_900_000_000_000_001);
  });
  test("exceeds the lists that were seen, and the floor", () => {
    expect(nextListRev({ ...choice, others: [undefined, 1_900_000_000_000_000] }, NOW)).toBe(1_900_000_000_000_001);
  });
  test("has a lead over every other clock when the table does not know one", () => {
    expect(nextListRev({ ...choice, taken: undefined }, NOW)).toBe(1_800_000_130_000_000);
  });
});

test.each([
  [undefined, undefined],
  ["published", undefined],
  ["unchanged", undefined],
  ["waiting", 7],
  ["superseded", 10],
  ["too_late", 10],
  ["failed", 60],
] as const)("after a list that is %s, the rotator should run again in %s s", (result, expected) => {
  const list = result && { result, notBefore: seconds(NOW + 7) };
  expect(secondsToNextTry(list, NOW)).toBe(expected);
});
