/** The list of taken-back tokens in words. */
import { expect, test } from "vitest";
import { describeCounts, describeListRun } from "../../../../../issuer/cli/ring/describe-list.ts";
import type { ListReport } from "../../../../../issuer/key-ring/revocations/keep-list.ts";
import { timeOf } from "../../../../support/revocation-store-contract.ts";

const NOW = timeOf(1_800_000_000);
const LIST: ListReport = {
  result: "published",
  reasons: ["revoked"],
  rev: 7,
  issuedAt: NOW,
  expiresAt: timeOf(1_800_086_400),
  counts: { jti: 1, sid: 0, sub: 2 },
  leftOut: { jti: 0, sid: 0, sub: 0 },
  unreadable: 0,
  notBefore: undefined,
  fault: undefined,
};

test("counts have their singular", () => {
  expect(describeCounts({ jti: 1, sid: 2, sub: 0 })).toBe("1 token, 2 sessions, 0 subjects");
});

test.each<[ListReport["result"], string | undefined]>([
  ["published", "publish the list of taken-back tokens (revoked): done, rev 7, 1 token, 0 sessions, 2 subjects"],
  ["superseded", "publish the list of taken-back tokens (revoked): put off: another rotator has published"],
  ["too_late", "publish the list of taken-back tokens (revoked): put off: it took too long"],
  ["waiting", "publish the list of taken-back tokens (revoked): waits 7 s, since another list has just been published"],
  ["unchanged", undefined],
  ["failed", undefined],
])("%s", (result, text) => {
  expect(describeListRun({ ...LIST, result, notBefore: timeOf(1_800_000_006.5) }, NOW)).toBe(text);
});

test("no list is nothing to tell", () => {
  expect(describeListRun(undefined, NOW)).toBeUndefined();
});
