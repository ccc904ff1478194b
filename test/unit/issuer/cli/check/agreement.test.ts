/** The Worker's rings and anchors, where it takes one ring and where it takes several. */
import { expect, test } from "vitest";
import { agreementRows, anchorsFor, minRevFor, ringsOf } from "../../../../../issuer/cli/check/agreement.ts";
import { ANCHORS, withVars, workerConfig } from "./support.ts";

test.each([
  [undefined, ["main"]],
  ["main", ["main"]],
  ["eu, us", ["eu", "us"]],
  [
    ["eu", "us"],
    ["eu", "us"],
  ],
])("RING %s names %j", (RING, rings) => {
  expect(ringsOf({ vars: RING === undefined ? {} : { RING } })).toEqual(rings);
});

test.each([
  [ANCHORS, 1],
  [`{"main":${ANCHORS},"us":[]}`, 1],
  ['{"us":[]}', 0],
  ["", 0],
  ["[{", 0],
])("TRUST_ANCHORS %s", (TRUST_ANCHORS, count) => {
  expect(anchorsFor(workerConfig(withVars({ TRUST_ANCHORS })), "main")).toHaveLength(count);
});

test.each([
  [undefined, 1],
  ["1800000000000000", 1_800_000_000_000_000],
  ['{"main":5,"us":7}', 5],
  ["x", 1],
])("MIN_REV %s is %i", (MIN_REV, rev) => {
  expect(minRevFor(workerConfig(withVars({ MIN_REV })), "main")).toBe(rev);
});

test("an issuer of any of the Worker's rings agrees with it; one without variables is skipped", () => {
  const config = workerConfig(withVars({ RING: "eu,us" }));
  expect(agreementRows({ SEALGATE_RING: "us" }, config)).toMatchObject([{ status: "ok" }]);
  expect(agreementRows({ SEALGATE_RING: "us, eu" }, config)).toMatchObject([{ status: "ok" }]);
  expect(agreementRows({ SEALGATE_RING: "us,ap" }, config)).toMatchObject([
    { status: "wrong", variable: "SEALGATE_RING" },
  ]);
  expect(agreementRows({ SEALGATE_RING: "" }, config)).toMatchObject([{ status: "skipped" }]);
});
