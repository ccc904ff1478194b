/** What a gateway's health means for a deployment. */
import { expect, test } from "vitest";
import { gatewayRow } from "../../../../../issuer/cli/check/gateway.ts";
import { after, documentOf } from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";

const health = {
  url: "https://api.acme.dev/.well-known/sealgate/health",
  status: "ok",
  rev: 7,
  source: "memory",
  ageSeconds: 1,
  anchors: [],
  problem: undefined,
  revocations: undefined,
} as const;
const policy = ringPolicy();

test("a hostname that does not answer may not be deployed yet, unless it was named", () => {
  const silent = { ...health, status: "unreachable", rev: undefined } as const;
  expect(gatewayRow(silent, false, undefined, policy, after(0)).status).toBe("skipped");
  expect(gatewayRow(silent, true, undefined, policy, after(0)).status).toBe("wrong");
});

test.each([
  [7, 0, "ok", /has the key set that KV holds/],
  [6, 270, "ok", /will have the new key set within S/],
  [6, 271, "wrong", /older key set than it should have/],
  [8, 0, "wrong", /newer key set than KV holds/],
])("rev %i, %i s after the key set with rev 7", (rev, elapsed, status, message) => {
  const row = gatewayRow({ ...health, rev }, true, documentOf([], { rev: 7 }), policy, after(elapsed));
  expect(row).toMatchObject({ status, message: expect.stringMatching(message) as unknown });
});

test("without KV it is not compared", () => {
  expect(gatewayRow(health, true, undefined, policy, after(0)).message).toContain("was not compared");
});
