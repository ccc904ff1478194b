/** Which tokens a list takes back, and which it leaves alone. */
import { expect, test } from "vitest";
import type { JsonObject } from "../../../../shared/json.ts";
import { checkClaims } from "../../../../shared/claims.ts";
import { composeBody, parseBody } from "../../../../shared/revocations/sections.ts";
import type { RevocationEntry } from "../../../../shared/revocations/sections.ts";
import { createRevocationSearch } from "../../../../shared/revocations/search.ts";
import type { RevocationList } from "../../../../shared/revocations/signed-list.ts";
import type { VerifiedToken } from "../../../../shared/verify-token.ts";
import { seconds, TEST_ISSUER, TEST_RING } from "../../../support/key-sets.ts";
import { takenBack } from "../../../support/revocations.ts";
import { audienceOf, given, valueOf } from "../../../support/values.ts";

const NOW = seconds(1_800_000_000);

function listOf(...entries: readonly RevocationEntry[]): RevocationList {
  const { body, counts } = composeBody(entries);
  const sections = given(parseBody(body, counts));
  const expiresAt = seconds(NOW + 60);
  return { issuer: TEST_ISSUER, ring: TEST_RING, rev: 1, issuedAt: NOW, expiresAt, counts, sha256: "", sections };
}

function tokenWith(changes: JsonObject): VerifiedToken {
  const claims = {
    iss: TEST_ISSUER,
    aud: "api",
    exp: NOW + 600,
    iat: NOW,
    jti: "one",
    sid: "session",
    sub: "alice",
    ...changes,
  };
  const rules = { issuer: TEST_ISSUER, audiences: [audienceOf("api")], clockSkewSeconds: 60, maxTokenTtlSeconds: 3600 };
  const checked = valueOf(checkClaims(claims, rules, NOW));
  return { header: { alg: "ES256", kid: "k", typ: "jwt" }, claims: checked };
}

function find(lists: readonly RevocationList[], changes: JsonObject = {}): unknown {
  return createRevocationSearch().find(tokenWith(changes), lists);
}

test.each([
  ["jti", "one"],
  ["sid", "session"],
] as const)("a token is taken back by its %s", (kind, value) => {
  const lists = [listOf(takenBack(kind, value))];
  expect(find(lists)).toEqual({ code: "token_revoked", by: kind });
  expect(find(lists, { [kind]: `${value}2` })).toBeUndefined();
});

test("a subject's tokens are taken back up to the cut, fractions included, and later ones are good", () => {
  const lists = [listOf(takenBack("sub", "alice", NOW - 10))];
  for (const iat of [NOW - 1000, NOW - 11, NOW - 10.5]) {
    expect(find(lists, { iat })).toEqual({ code: "token_revoked", by: "sub" });
    expect(find(lists, { iat, sub: "bob" })).toBeUndefined();
  }
  for (const iat of [NOW - 10, NOW - 9.5, NOW]) expect(find(lists, { iat })).toBeUndefined();
});

test("an entry of another kind or issuer takes nothing back", () => {
  const strange = takenBack("jti", "one", 0, "https://other.example.com");
  expect(
    find([listOf(takenBack("jti", "alice"), takenBack("sid", "one"), takenBack("sub", "session", NOW), strange)]),
  ).toBeUndefined();
});

test("an entry counts whichever of the lists holds it", () => {
  const [empty, named] = [listOf(), listOf(takenBack("jti", "one"))];
  for (const lists of [
    [empty, named],
    [named, empty],
  ]) {
    expect(find(lists)).toEqual({ code: "token_revoked", by: "jti" });
  }
});

test.each([
  ["jti", undefined, { code: "claim_missing", claim: "jti" }],
  ["jti", "", { code: "claim_missing", claim: "jti" }],
  ["sid", "", { code: "claim_invalid", claim: "sid" }],
  ["iat", undefined, { code: "claim_missing", claim: "iat" }],
  ["sid", 7, { code: "claim_invalid", claim: "sid" }],
  ["sid", null, { code: "claim_invalid", claim: "sid" }],
  ["sid", undefined, undefined],
  ["sub", undefined, undefined],
] as const)("a token whose %s is %j, with an empty list: %j", (claim, value, expected) => {
  expect(find([listOf()], { [claim]: value })).toEqual(expected);
});

test("a token that is remembered is searched for in each new list, and found again without a search", () => {
  const search = createRevocationSearch();
  const token = tokenWith({});
  const lists = [listOf()];
  expect(search.find(token, lists)).toBeUndefined();
  expect(search.find(token, lists)).toBeUndefined();
  const next = [listOf(takenBack("sub", "alice", NOW + 61))];
  expect(search.find(token, next)).toEqual({ code: "token_revoked", by: "sub" });
  expect(search.find(token, next)).toEqual({ code: "token_revoked", by: "sub" });
  expect(search.find(token, [listOf(takenBack("jti", "two"))])).toBeUndefined();
});

test("a search of lists that are the same touches nothing of them", () => {
  const search = createRevocationSearch();
  const token = tokenWith({});
  let reads = 0;
  const list = listOf(takenBack("jti", "two"));
  const watched: RevocationList = {
    ...list,
    get sections() {
      reads += 1;
      return list.sections;
    },
  };
  const lists = [watched];
  for (let turn = 0; turn < 3; turn += 1) search.find(token, lists);
  expect(reads).toBe(1);
});

test("an empty section costs no hash, and one that is filled later is searched", () => {
  const search = createRevocationSearch();
  // Hashing would read it as a text.
  const token = tokenWith({});
  expect(search.find(token, [listOf(takenBack("jti", "x"))])).toBeUndefined();
  expect(search.find(token, [listOf(takenBack("sid", "session"))])).toEqual({ code: "token_revoked", by: "sid" });
});
