/** The body of a list: what is composed is found again, and nothing else is read. */
import { expect, test } from "vitest";
import { encodeBase64url } from "../../../../shared/base64url.ts";
import { REVOCATION_KINDS } from "../../../../shared/revocations/prefix.ts";
import type { RevocationKind } from "../../../../shared/revocations/prefix.ts";
import {
  composeBody,
  cutAt,
  entriesOf,
  findEntry,
  MAX_BODY_OCTETS,
  MAX_REVOCATIONS,
  octetsOf,
  parseBody,
} from "../../../../shared/revocations/sections.ts";
import type { RevocationEntry } from "../../../../shared/revocations/sections.ts";
import { seconds } from "../../../support/key-sets.ts";
import { takenBack } from "../../../support/revocations.ts";
import { given } from "../../../support/values.ts";

const NONE = { jti: 0, sid: 0, sub: 0 };

/** An entry with the prefix that is given as numbers. */
function entry(kind: RevocationKind, words: readonly number[], endsAt = 10, cut = 5): RevocationEntry {
  const common = { prefix: Uint32Array.from(words), endsAt: seconds(endsAt) };
  return kind === "sub" ? { kind, ...common, cut: seconds(cut) } : { kind, ...common };
}

/** The words that a section holds. */
function wordsIn(body: string): readonly number[] {
  const octets = Uint8Array.from(atob(body.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));
  const view = new DataView(octets.buffer);
  return Array.from({ length: octets.length / 4 }, (_, index) => view.getUint32(4 * index));
}

/** The body that holds these words, whether it may or not. */
function bodyOf(words: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(4 * words.length));
  for (const [index, word] of words.entries()) view.setUint32(4 * index, word);
  return encodeBase64url(new Uint8Array(view.buffer));
}

test("an empty list has an empty body", () => {
  expect(composeBody([])).toEqual({ body: "", counts: NONE, leftOut: NONE });
  const sections = given(parseBody("", NONE));
  for (const kind of REVOCATION_KINDS) expect(findEntry(sections, kind, takenBack(kind, "x").prefix)).toBeUndefined();
});

test("what is composed is found again by its kind alone", () => {
  const values = Array.from({ length: 200 }, (_, index) => `value ${String(index)}`);
  const entries = REVOCATION_KINDS.flatMap((kind) =>
    values.map((value, index) => takenBack(kind, value, 1000 + index)),
  );
  const { body, counts, leftOut } = composeBody(entries);
  expect([counts, leftOut]).toEqual([{ jti: 200, sid: 200, sub: 200 }, NONE]);
  const sections = given(parseBody(body, counts));
  for (const kind of REVOCATION_KINDS) {
    for (const value of values) expect(findEntry(sections, kind, takenBack(kind, value).prefix)).toBeDefined();
    expect(findEntry(sections, kind, takenBack(kind, "another").prefix)).toBeUndefined();
  }
  expect(findEntry(sections, "sid", takenBack("sub", "value 1").prefix)).toBeUndefined();
  for (const [index, value] of values.entries()) {
    const at = given(findEntry(sections, "sub", takenBack("sub", value).prefix));
    expect(cutAt(sections, at)).toBe(1000 + index);
  }
});

test("words are sorted without a sign, and the first octet is the highest", () => {
  const { body } = composeBody([entry("jti", [0xffff_ffff, 1]), entry("jti", [1, 0xffff_ffff]), entry("jti", [1, 2])]);
  expect(wordsIn(body)).toEqual([1, 2, 1, 0xffff_ffff, 0xffff_ffff, 1]);
});

test("of entries with one prefix the latest end and the latest cut count, in any order", () => {
  const twice = [entry("sub", [1, 2, 3, 4], 10, 9), entry("sub", [1, 2, 3, 4], 20, 7)];
  for (const entries of [twice, twice.toReversed()]) {
    const { body, counts } = composeBody(entries);
    expect(counts).toEqual({ jti: 0, sid: 0, sub: 1 });
    expect(wordsIn(body)).toEqual([1, 2, 3, 4, 9]);
  }
});

test("a list that is too large keeps subjects, then sessions, then the tokens that end last, and says what it left out", () => {
  const tokens = Array.from({ length: MAX_REVOCATIONS }, (_, index) => entry("jti", [index, 0], 1000 + index));
  const { body, counts, leftOut } = composeBody([...tokens, entry("sid", [1, 2, 3, 4]), entry("sub", [1, 2, 3, 4], 1)]);
  expect([counts, leftOut]).toEqual([
    { jti: MAX_REVOCATIONS - 2, sid: 1, sub: 1 },
    { jti: 2, sid: 0, sub: 0 },
  ]);
  const sections = given(parseBody(body, counts));
  expect(findEntry(sections, "jti", Uint32Array.of(1, 0))).toBeUndefined();
  expect(findEntry(sections, "jti", Uint32Array.of(2, 0))).toBeDefined();
});

test("entries that are longer run out of octets first", () => {
  const many = Array.from({ length: 50_000 }, (_, index) => entry("sub", [index, 0, 0, 0]));
  const { body, counts, leftOut } = composeBody([...many, entry("jti", [1, 2])]);
  expect(counts).toEqual({ jti: 0, sid: 0, sub: MAX_BODY_OCTETS / 20 });
  expect(leftOut).toEqual({ jti: 1, sid: 0, sub: 50_000 - MAX_BODY_OCTETS / 20 });
  expect(octetsOf(counts)).toBe(MAX_BODY_OCTETS);
  expect(given(parseBody(body, counts)).counts).toEqual(counts);
});

test.each([
  ["too short a prefix", entry("jti", [1])],
  ["the prefix of another kind", entry("sid", [1, 2])],
  ["a cut with a fraction", entry("sub", [1, 2, 3, 4], 10, 1.5)],
  ["a cut beyond four octets", entry("sub", [1, 2, 3, 4], 10, 2 ** 32)],
])("an entry with %s is refused", (_name, wrong) => {
  expect(() => composeBody([wrong])).toThrow(TypeError);
});

test.each([
  ["octets that the counts lack", bodyOf([1, 2]), NONE],
  ["fewer octets than the counts ask for", bodyOf([1, 2]), { jti: 2, sid: 0, sub: 0 }],
  ["counts of another kind", bodyOf([1, 2, 3, 4]), { jti: 0, sid: 0, sub: 1 }],
  ["an entry twice", bodyOf([1, 2, 1, 2]), { jti: 2, sid: 0, sub: 0 }],
  ["tokens out of order", bodyOf([2, 0, 1, 9]), { jti: 2, sid: 0, sub: 0 }],
  ["tokens out of order by the sign of a word", bodyOf([0x8000_0000, 0, 0x7fff_ffff, 0]), { jti: 2, sid: 0, sub: 0 }],
  ["sessions out of order in their last word", bodyOf([1, 1, 1, 2, 1, 1, 1, 1]), { jti: 0, sid: 2, sub: 0 }],
  ["a subject twice with two cuts", bodyOf([1, 1, 1, 1, 7, 1, 1, 1, 1, 9]), { jti: 0, sid: 0, sub: 2 }],
  ["padding", `${bodyOf([1, 2])}=`, { jti: 1, sid: 0, sub: 0 }],
  ["trailing bits", `${bodyOf([1, 2]).slice(0, -1)}J`, { jti: 1, sid: 0, sub: 0 }],
  ["a line feed", `${bodyOf([1, 2])}\n`, { jti: 1, sid: 0, sub: 0 }],
  ["counts beyond all octets", bodyOf([1, 2]), { jti: 2 ** 52, sid: 2 ** 52, sub: 2 ** 52 }],
])("a body with %s is not read", (_name, body, counts) => {
  expect(parseBody(body, counts)).toBeUndefined();
});

test("the order of one section says nothing about the next", () => {
  const words = [9, 9, 1, 1, 1, 1, 0, 0, 0, 0, 77];
  expect(parseBody(bodyOf(words), { jti: 1, sid: 1, sub: 1 })).toBeDefined();
});

test("all entries are read back, in the order of the sections", () => {
  const { body, counts } = composeBody([
    entry("sub", [5, 6, 7, 8], 10, 9),
    entry("jti", [1, 2]),
    entry("sid", [1, 1, 1, 1]),
  ]);
  const listed = [...entriesOf(given(parseBody(body, counts)))];
  expect(listed.map(({ kind, prefix, cut }) => [kind, [...prefix], cut])).toEqual([
    ["jti", [1, 2], undefined],
    ["sid", [1, 1, 1, 1], undefined],
    ["sub", [5, 6, 7, 8], 9],
  ]);
});
