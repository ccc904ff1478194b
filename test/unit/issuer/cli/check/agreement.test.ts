/** The Worker's rings and anchors, where it takes one ring and where it takes several. */
import { expect, test } from "vitest";
import { agreementRows, anchorsFor, ringsOf } from "../../../../../issuer/cli/check/agreement.ts";
import { ANCHORS, withVars, workerConfig } from "./support.ts";

test.each([
  [undefined, ["main"]],
  ["main", ["main"]],
  ["eu, us", ["eu", "us"]],
])("RING %s names %j", (RING, rings) => {
  expect(ringsOf(workerConfig(withVars({ RING })))).toEqual(rings);
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

test("an issuer of any of the Worker's rings agrees with it; one without variables is skipped", () => {
  const config = workerConfig(withVars({ RING: "eu,us" }));
  expect(agreementRows({ SEALGATE_RING: "us" }, config)).toMatchObject([{ status: "ok" }]);
  expect(agreementRows({ SEALGATE_RING: "" }, config)).toMatchObject([{ status: "skipped" }]);
});
