/** The view of taken-back tokens: what the list holds, what gateways ask of it, and when each entry ends. */
import { expect, test } from "vitest";
import type { RevocationsReading } from "../../../../issuer/console/revocations.ts";
import { renderRevocations } from "../../../../issuer/console/revocations-view.ts";
import type { GatewayStatus } from "../../../../issuer/cli/ring/status-text.ts";
import { prefixToText, revocationPrefix } from "../../../../shared/revocations/prefix.ts";
import { openRevocations } from "../../../../shared/revocations/signed-list.ts";
import { importTrustAnchors } from "../../../../shared/signed-key-set.ts";
import { after } from "../../../support/observed-ring.ts";
import { makeKey, seconds, TEST_ISSUER, TEST_RING } from "../../../support/key-sets.ts";
import { signRevocations, takenBack } from "../../../support/revocations.ts";
import { valueOf } from "../../../support/values.ts";
import { readingOf } from "./support.ts";

const NOW = after(10);

const GATEWAY: GatewayStatus = {
  url: "https://api.example.com/.well-known/sealgate/health",
  status: "ok",
  rev: 7,
  source: "memory",
  ageSeconds: 1,
  anchors: [],
  problem: undefined,
  revocations: { rev: 8, ageSeconds: 65, problem: undefined },
  published: "same",
};

async function listed(): Promise<RevocationsReading> {
  const root = await makeKey("ES256");
  const entries = [takenBack("jti", "listed"), takenBack("sub", "user-1", NOW - 5)];
  const text = await signRevocations(entries, NOW, root, { rev: 9 });
  const anchors = valueOf(await importTrustAnchors([{ ...root.jwk, kid: root.kid }]));
  const rules = { anchors, issuer: TEST_ISSUER, ring: TEST_RING, leastRev: 1 };
  const list = valueOf(await openRevocations(text, rules, NOW));
  return { list: { kind: "read", list, rootKid: undefined }, text, leastRev: 9, table: undefined };
}

async function viewOf(changes: Partial<RevocationsReading> = {}, gateways = [GATEWAY]): Promise<string> {
  return String(await renderRevocations({ ...(await listed()), ...changes }, readingOf().state, gateways));
}

test("the list alone: its entries, without an end, and what gateways do", async () => {
  const page = await viewOf();
  expect(page).toMatch(/KV holds<\/dt>\s*<dd>rev 9, 1 token, 0 sessions, 1 subject, 0 s old, expires in 1 d<\/dd>/);
  expect(page).toContain("a list of rev 9 or later");
  expect(page).toContain("refuses by rev 8, 1 min 5 s old");
  expect(page).toContain(`<code>${prefixToText(revocationPrefix("jti", TEST_ISSUER, "listed"))}</code>`);
  expect(page).toContain("tokens of a subject (sub) issued before 20");
  expect(page).toContain("not said by the list");
});

test("with the table: what is not in the list yet, and when each entry ends; what has ended is left out", async () => {
  const prefix = (value: string): Uint32Array => revocationPrefix("jti", TEST_ISSUER, value);
  const entries = [
    { kind: "jti", prefix: prefix("listed"), expiresAt: seconds(NOW + 300) },
    { kind: "jti", prefix: prefix("new"), expiresAt: seconds(NOW + 60) },
    { kind: "jti", prefix: prefix("over"), expiresAt: seconds(NOW - 3600) },
  ] as const;
  const page = await viewOf({ table: { kind: "read", entries, unreadable: 0 } });
  const rows = page.match(/<code>[^]*?<\/tr>/g) ?? [];
  expect(rows).toHaveLength(2);
  expect(rows[0]).toMatch(/<td>yes<\/td>\s*<td>\s*\S+ \(in 7 min\)\s*<\/td>/);
  expect(rows[1]).toMatch(/<td>not yet<\/td>\s*<td>\s*\S+ \(in 3 min\)\s*<\/td>/);
});

// The list refuses tokens from before its own cut, and those in between go on until the next list.
test("a subject that was taken back again is not in the list yet, by its later cut", async () => {
  const prefix = revocationPrefix("sub", TEST_ISSUER, "user-1");
  const again = { kind: "sub", prefix, cut: seconds(NOW + 61) } as const;
  const entries = [again, { kind: "sub", prefix, cut: seconds(NOW - 5) }] as const;
  const rows = (await viewOf({ table: { kind: "read", entries, unreadable: 0 } })).match(/<code>[^]*?<\/tr>/g) ?? [];
  expect(rows.map((row) => /<td>(yes|not yet)<\/td>/.exec(row)?.[1])).toEqual(["not yet", "yes"]);
});

test("of many entries the last to end are shown, and the others counted", async () => {
  const entries = Array.from({ length: 150 }, (_, index) => ({
    kind: "jti" as const,
    prefix: revocationPrefix("jti", TEST_ISSUER, String(index)),
    expiresAt: seconds(NOW + index),
  }));
  const page = await viewOf({ table: { kind: "read", entries, unreadable: 0 } });
  expect(page.match(/<code>/g)).toHaveLength(100);
  expect(page).toContain("50 more are not shown");
});

test.each([
  [{ list: { kind: "missing" } }, "<dd>none</dd>"],
  [
    { list: { kind: "refused", problem: "revocations_wrong_ring" } },
    "nothing that edges would use (revocations_wrong_ring)",
  ],
  [{ list: { kind: "failed", code: "publish_failed", message: "<b>" } }, "publish_failed: &lt;b&gt;"],
  [
    { table: { kind: "failed", code: "revocation_table_denied", message: "<b>" } },
    "<b>revocation_table_denied</b>: &lt;b&gt;",
  ],
  [{ leastRev: undefined }, "the key set names no least rev yet"],
] as const)("says so where something is missing: %j", async (changes, words) => {
  expect(await viewOf(changes)).toContain(words);
});

test("a gateway that looks at no list says nothing of one", async () => {
  expect(await viewOf({}, [{ ...GATEWAY, revocations: undefined }])).toContain("says nothing of a list");
  const none = { rev: undefined, ageSeconds: undefined, problem: "revocations_missing" };
  expect(await viewOf({}, [{ ...GATEWAY, revocations: none }])).toContain(
    "has no list that it may use (revocations_missing)",
  );
});
