/** A token under the glass: which check failed, which were not made, and what the token says of itself. */
import { describe, expect, test } from "vitest";
import { algOf, examine } from "../../../../../issuer/console/page/glass.ts";
import type { Examination } from "../../../../../issuer/console/page/glass.ts";
import { trustPasted } from "../../../../../issuer/console/page/trust.ts";
import { parseAudience } from "../../../../../shared/identifiers.ts";
import { openRevocations } from "../../../../../shared/revocations/signed-list.ts";
import { makeKey, makeRoot, seconds, signToken, TEST_ISSUER, TEST_RING } from "../../../../support/key-sets.ts";
import { signRevocations, takenBack } from "../../../../support/revocations.ts";
import { given, valueOf } from "../../../../support/values.ts";

const NOW = seconds(1_800_000_000);
const AUDIENCE = given(parseAudience("https://api.example.com"));
const [key, stranger] = [await makeKey("ES256"), await makeKey("ES256")];
const GOOD = { iss: TEST_ISSUER, aud: AUDIENCE, iat: NOW, exp: NOW + 300, sub: "user-1" };
const trust = valueOf(await trustPasted(JSON.stringify({ keys: [{ ...key.jwk, kid: key.kid }] }), undefined));

function look(token: string): Promise<Examination> {
  return examine(token, { issuer: TEST_ISSUER, audience: AUDIENCE }, trust, NOW);
}

/** How many checks passed, and whether one failed behind them. */
function outlineOf({ checks }: Examination): string {
  return checks.map(({ result }) => ({ passed: "+", failed: "x", "not made": "." })[result]).join("");
}

test("a good token passes every check", async () => {
  const examination = await look(await signToken(GOOD, key));
  expect(outlineOf(examination)).toBe("+++++++++.");
  expect(examination).toMatchObject({ isValid: true, verdict: "Valid: every check has passed." });
  expect(examination.claims).toContainEqual({
    name: "exp",
    value: String(NOW + 300),
    note: "2027-01-15T08:05:00Z, in 5 min",
  });
});

describe("the checks stop at the first that fails", () => {
  test.each<[string, () => Promise<string> | string, string, string]>([
    ["no token", () => "no token", "x.........", "token_malformed"],
    ["alg none", () => "eyJhbGciOiJub25lIn0.e30.AAAA", "+x........", "alg_not_allowed"],
    ["a strange key", () => signToken(GOOD, stranger), "++x.......", "kid_unknown"],
    ["a forged signature", () => signToken(GOOD, stranger, { kid: key.kid }), "+++x......", "signature_invalid"],
    ["another issuer", () => signToken({ ...GOOD, iss: "https://x.example" }, key), "+++++x....", "issuer_mismatch"],
    ["no issuer", () => signToken({ aud: AUDIENCE }, key), "+++++x....", "claim_missing"],
    ["another audience", () => signToken({ ...GOOD, aud: "other" }, key), "++++++x...", "audience_mismatch"],
    ["an old token", () => signToken({ ...GOOD, iat: NOW - 900, exp: NOW - 600 }, key), "+++++++x..", "token_expired"],
    ["no exp", () => signToken({ ...GOOD, exp: undefined }, key), "+++++++x..", "claim_missing"],
    ["a wrong sub", () => signToken({ ...GOOD, sub: 1 }, key), "++++++++x.", "claim_invalid"],
  ])("%s", async (_what, token, outline, code) => {
    const examination = await look(await token());
    expect(outlineOf(examination)).toBe(outline);
    expect(examination.isValid).toBe(false);
    expect(examination.verdict).toMatch(new RegExp(`^Refused, ${code}: .*\\.$`));
  });
});

test("a token of the list is refused last, and without a list that check is not made", async () => {
  const root = await makeRoot();
  const text = await signRevocations([takenBack("jti", "token-1")], NOW, root);
  const rules = { anchors: root.anchors, issuer: TEST_ISSUER, ring: TEST_RING, leastRev: 1 };
  const withList = { ...trust, takenBack: valueOf(await openRevocations(text, rules, NOW)) };
  const lookWith = async (jti: string): Promise<Examination> =>
    examine(await signToken({ ...GOOD, jti }, key), { issuer: TEST_ISSUER, audience: AUDIENCE }, withList, NOW);
  expect(outlineOf(await lookWith("token-2"))).toBe("++++++++++");
  const refused = await lookWith("token-1");
  expect(outlineOf(refused)).toBe("+++++++++x");
  expect(refused.verdict).toBe("Refused, token_revoked: The token was taken back, by its jti.");
});

test("what a token says is shown as text that cannot change how it is read", async () => {
  const claims = { ...GOOD, "\u202ename": "<b>\u202e" };
  const examination = await look(await signToken(claims, key));
  expect(examination.claims.at(-1)).toEqual({ name: "\\u202ename", value: '"<b>\\u202e"', note: "" });
});

test("the header says how a nameless key is used", async () => {
  expect(algOf(await signToken(GOOD, key))).toBe("ES256");
  expect(algOf("eyJhbGciOiJub25lIn0.e30.AAAA")).toBeUndefined();
  expect(algOf("nothing")).toBeUndefined();
});
