/** Opening a list: one that the root key has not signed, another ring's, and another body are refused. */
import { beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../../../shared/json.ts";
import { parseJsonObjectText } from "../../../../shared/json.ts";
import { composeBody, findEntry } from "../../../../shared/revocations/sections.ts";
import { digestOf, MAX_REVOCATIONS_CHARACTERS, openRevocations } from "../../../../shared/revocations/signed-list.ts";
import type { RevocationsRules } from "../../../../shared/revocations/signed-list.ts";
import {
  makeDocument,
  makeKey,
  makeRoot,
  ringName,
  seconds,
  signKeySet,
  TEST_ISSUER,
  TEST_RING,
} from "../../../support/key-sets.ts";
import type { TestRoot } from "../../../support/key-sets.ts";
import { signRevocations, signRevocationsPayload, takenBack } from "../../../support/revocations.ts";
import { valueOf } from "../../../support/values.ts";

const NOW = seconds(1_800_000_000);

let root: TestRoot;
let stranger: TestRoot;
let rules: RevocationsRules;

beforeAll(async () => {
  root = await makeRoot();
  stranger = await makeRoot();
  rules = { anchors: root.anchors, issuer: TEST_ISSUER, ring: TEST_RING, leastRev: 1 };
});

async function open(text: string, changes: Partial<RevocationsRules> = {}, now = NOW): Promise<unknown> {
  const opened = await openRevocations(text, { ...rules, ...changes }, now);
  return opened.ok ? "opened" : opened.error;
}

/** A list of two tokens, with another payload or header, signed by the root key. */
async function withPayload(changes: JsonObject, header: JsonObject = {}): Promise<string> {
  const { body, counts } = composeBody([takenBack("jti", "one"), takenBack("jti", "two")]);
  const payload = {
    iss: TEST_ISSUER,
    ring: TEST_RING,
    rev: 7,
    iat: NOW,
    exp: NOW + 60,
    counts: { ...counts },
    sha256: await digestOf(body),
  };
  return signRevocationsPayload({ ...payload, ...changes }, body, root, header);
}

describe("a list signed by the root key", () => {
  test("is opened, and its entries are found", async () => {
    const entries = [takenBack("jti", "one"), takenBack("sub", "alice", NOW)];
    const list = valueOf(await openRevocations(await signRevocations(entries, NOW, root), rules, NOW));
    expect(list).toMatchObject({ issuer: TEST_ISSUER, ring: TEST_RING, rev: NOW, issuedAt: NOW });
    expect(list.counts).toEqual({ jti: 1, sid: 0, sub: 1 });
    for (const { kind, prefix } of entries) expect(findEntry(list.sections, kind, prefix)).toBeDefined();
  });

  test.each(["RS256", "PS384", "ES512", "EdDSA"] as const)("is opened with a root key for %s", async (alg) => {
    const other = await makeRoot(alg);
    expect(await open(await signRevocations([], NOW, other), { anchors: other.anchors })).toBe("opened");
  });

  test("may hold 100,000 tokens in a value of at most 1.2 MB", async () => {
    const entries = Array.from({ length: 100_000 }, (_, index) => takenBack("jti", String(index)));
    const text = await signRevocations(entries, NOW, root);
    expect(text.length).toBeLessThan(1_080_000);
    expect(await open(text)).toBe("opened");
  });

  test("is opened when its iat is ahead of this clock", async () => {
    expect(await open(await signRevocations([], seconds(NOW + 500), root))).toBe("opened");
  });

  test("may have members that are not known", async () => {
    expect(await open(await withPayload({ future: { a: 1 } }))).toBe("opened");
  });
});

describe("a list is refused", () => {
  test("when a stranger signed it", async () => {
    expect(await open(await signRevocations([], NOW, stranger))).toEqual({ code: "revocations_unknown_root" });
    const posing = { ...stranger, kid: root.kid };
    expect(await open(await signRevocations([], NOW, posing))).toEqual({ code: "revocations_signature_invalid" });
  });

  test("when it is a key set, and a key set is not a list", async () => {
    const keySet = await signKeySet(makeDocument([await makeKey("EdDSA")], NOW), root);
    expect(await open(`${keySet}\n`)).toEqual({ code: "revocations_wrong_typ" });
    expect(await open(await withPayload({}, { typ: "REVOCATIONS+JWT" }))).toEqual({ code: "revocations_wrong_typ" });
  });

  test("from its exp on, without leeway", async () => {
    const text = await withPayload({});
    expect(await open(text, {}, seconds(NOW + 59))).toBe("opened");
    expect(await open(text, {}, seconds(NOW + 60))).toEqual({ code: "revocations_expired", expiredForSeconds: 0 });
  });

  test("when its rev is below the floor", async () => {
    const text = await withPayload({});
    expect(await open(text, { leastRev: 7 })).toBe("opened");
    expect(await open(text, { leastRev: 8 })).toEqual({ code: "revocations_rev_too_low", rev: 7, leastRev: 8 });
  });

  test("when it is of another issuer or ring", async () => {
    const wrongIssuer = await withPayload({ iss: "https://other.example.com" });
    expect(await open(wrongIssuer)).toEqual({ code: "revocations_wrong_issuer" });
    expect(await open(await withPayload({}), { ring: ringName("west") })).toEqual({ code: "revocations_wrong_ring" });
  });

  test.each(["iss", "ring", "rev", "iat", "exp", "counts", "sha256"])("without %s", async (member) => {
    expect(await open(await withPayload({ [member]: undefined }))).toEqual({
      code: "revocations_member_invalid",
      member,
    });
  });

  test.each([
    ["counts", { jti: 2, sid: 0 }],
    ["counts", { jti: -2, sid: 0, sub: 0 }],
    ["counts", { jti: 2.5, sid: 0, sub: 0 }],
    ["counts", [2, 0, 0]],
    ["rev", 0],
    ["exp", NOW],
    ["sha256", 1],
    ["ring", "Main"],
  ])("with an ill-typed %s: %j", async (member, value) => {
    expect(await open(await withPayload({ [member]: value }))).toEqual({ code: "revocations_member_invalid", member });
  });

  test("when the counts do not fit the body that was signed", async () => {
    expect(await open(await withPayload({ counts: { jti: 1, sid: 1, sub: 0 } }))).toEqual({
      code: "revocations_malformed",
    });
  });

  test("when its body is cut off, lengthened or another list's", async () => {
    const text = await withPayload({});
    const [line = ""] = text.split("\n");
    const other = await signRevocations([takenBack("jti", "three"), takenBack("jti", "four")], NOW, root);
    for (const changed of [text.slice(0, -1), `${line}\n`, `${text}AAAA`, `${text}\n`, text.replace("\n", "\n\n")]) {
      expect(await open(changed)).toEqual({ code: "revocations_body_mismatch" });
    }
    expect(await open(`${line}\n${other.split("\n")[1] ?? ""}`)).toEqual({ code: "revocations_body_mismatch" });
    expect(await open(text.replace("\n", "\r\n"))).toEqual({ code: "revocations_malformed" });
  });

  test.each([[""], ["\n"], ["a.b.c"], ["a.b.c\n"], ["{}\n"], ["\u0000\n\u0000"]])("as malformed: %j", async (text) => {
    expect(await open(text)).toEqual({ code: "revocations_malformed" });
  });

  test("by its size alone beyond the limit", async () => {
    expect(await open("a".repeat(MAX_REVOCATIONS_CHARACTERS))).toEqual({ code: "revocations_malformed" });
    expect(await open("a".repeat(MAX_REVOCATIONS_CHARACTERS + 1))).toEqual({ code: "revocations_too_large" });
  });
});

test("the signed line is plain JSON with the documented members", async () => {
  const text = await signRevocations([], NOW, root);
  const payload = valueOf(
    parseJsonObjectText(atob(text.split(".")[1]?.replaceAll("-", "+").replaceAll("_", "/") ?? "")),
  );
  expect(Object.keys(payload)).toEqual(["iss", "ring", "rev", "iat", "exp", "counts", "sha256"]);
});
