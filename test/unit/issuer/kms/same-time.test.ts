/** This host's clock against the `Date` of KMS's answers: whole seconds, written between the call's beginning and end. */
import { expect, test } from "vitest";
import { requireSameTime } from "../../../../issuer/kms/same-time.ts";
import { seconds } from "../../../support/key-sets.ts";

const DATE = seconds(1_800_000_000);
const DANGER = "Something would go wrong.";

function compare(startedAt: number, endedAt = startedAt, serverTime: typeof DATE | undefined = DATE): () => void {
  return () => requireSameTime({ serverTime, startedAt: seconds(startedAt), endedAt: seconds(endedAt) }, 60, DANGER);
}

test.each([-61, -60, 0, 60, 61])("%d seconds off may be the rounding of the Date: allowed with 60", (offset) => {
  expect(compare(DATE + offset)).not.toThrow();
});

test.each([
  [62, "This host's clock is 61 s ahead of KMS's; 60 s are allowed. Something would go wrong. Set the clock (NTP)."],
  [-62, "This host's clock is 61 s behind KMS's; 60 s are allowed. Something would go wrong. Set the clock (NTP)."],
])("%d seconds off is refused", (offset, message) => {
  expect(compare(DATE + offset)).toThrow(expect.objectContaining({ code: "kms_clock_skewed", message }));
});

test("a slow answer is not taken for a slow clock", () => {
  expect(compare(DATE - 3600, DATE + 3600)).not.toThrow();
});

test("without a Date there is nothing to compare", () => {
  const timed = { serverTime: undefined, startedAt: seconds(1), endedAt: seconds(1) };
  expect(() => requireSameTime(timed, 60, DANGER)).not.toThrow();
});
