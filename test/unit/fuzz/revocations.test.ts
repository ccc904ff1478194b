/** The revocation list: its hash against Node's, its body against a reader that is written for clarity and not for speed. */
import * as fc from "fast-check";
import { createHash } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { prefixToText, REVOCATION_KINDS } from "../../../shared/revocations/prefix.ts";
import type { RevocationKind } from "../../../shared/revocations/prefix.ts";
import { composeBody, findEntry, parseBody } from "../../../shared/revocations/sections.ts";
import type { RevocationEntry } from "../../../shared/revocations/sections.ts";
import { sha256Words } from "../../../shared/revocations/sha256.ts";
import { openRevocations } from "../../../shared/revocations/signed-list.ts";
import { fuzzSettings } from "../../support/fuzz.ts";
import { makeRoot, seconds, TEST_ISSUER, TEST_RING } from "../../support/key-sets.ts";
import type { TestRoot } from "../../support/key-sets.ts";
import { signRevocations, takenBack } from "../../support/revocations.ts";
import { given } from "../../support/values.ts";

const NOW = seconds(1_800_000_000);

let root: TestRoot;
beforeAll(async () => {
  root = await makeRoot();
});

test("SHA-256 is Node's", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400, size: "max" }), (message) => {
      const words = Array.from(sha256Words(message), (word) => word.toString(16).padStart(8, "0"));
      expect(words.join("")).toBe(createHash("sha256").update(message).digest("hex"));
    }),
    fuzzSettings(1000),
  );
});

const SIZE = { jti: 8, sid: 16, sub: 20 };
const PREFIX = { jti: 8, sid: 16, sub: 16 };

/** The prefixes of a section as hexadecimal texts, by Node's decoder. */
function read(body: string, counts: Record<RevocationKind, number>): Record<RevocationKind, string[]> | undefined {
  const octets = Buffer.from(body, "base64url");
  if (octets.toString("base64url") !== body) return undefined;
  const sections: Record<RevocationKind, string[]> = { jti: [], sid: [], sub: [] };
  let at = 0;
  for (const kind of REVOCATION_KINDS) {
    for (let index = 0; index < counts[kind]; index += 1, at += SIZE[kind]) {
      sections[kind].push(octets.subarray(at, at + PREFIX[kind]).toString("hex"));
    }
    const sorted = [...new Set(sections[kind])].toSorted();
    if (sorted.join() !== sections[kind].join()) return undefined;
  }
  return at === octets.length ? sections : undefined;
}

/** Few different octets, so that neighbours repeat and change places. */
const bodies = fc
  .record({
    counts: fc.record({ jti: fc.nat({ max: 3 }), sid: fc.nat({ max: 2 }), sub: fc.nat({ max: 2 }) }),
    missing: fc.constantFrom(0, 0, 0, 0, 1, -1, -8),
    fill: fc.array(fc.constantFrom(0, 0, 1, 0x80, 0xff), { minLength: 110, maxLength: 110 }),
    sort: fc.boolean(),
    odd: fc.constantFrom("", "", "", "", "=", "\n", "A", "é", " "),
  })
  .map(({ counts, missing, fill, sort, odd }) => {
    const octets = Buffer.alloc(110);
    let at = 0;
    for (const kind of REVOCATION_KINDS) {
      const entries = Array.from({ length: counts[kind] }, (_, index) =>
        Buffer.from(fill.slice(at + index * SIZE[kind], at + (index + 1) * SIZE[kind])),
      );
      for (const entry of sort ? entries.toSorted((a, b) => a.compare(b)) : entries) at += entry.copy(octets, at);
    }
    return { counts, body: octets.subarray(0, Math.max(0, at - missing)).toString("base64url") + odd };
  });

test("a body is read exactly where a plain reading accepts it, and the same entries are found in it", () => {
  const seen = { accepted: 0, refused: 0 };
  fc.assert(
    fc.property(bodies, ({ counts, body }) => {
      const plain = read(body, counts);
      const sections = parseBody(body, counts);
      expect(sections !== undefined).toBe(plain !== undefined);
      seen[sections === undefined ? "refused" : "accepted"] += 1;
      if (sections === undefined || plain === undefined) return;
      const all = new Set(Object.values(plain).flat());
      for (const kind of REVOCATION_KINDS) {
        for (const hex of all) {
          if (hex.length !== 2 * PREFIX[kind]) continue;
          const prefix = Uint32Array.from({ length: PREFIX[kind] / 4 }, (_, index) =>
            Number.parseInt(hex.slice(8 * index, 8 * index + 8), 16),
          );
          expect(findEntry(sections, kind, prefix) !== undefined).toBe(plain[kind].includes(hex));
        }
      }
    }),
    fuzzSettings(3000),
  );
  expect(Math.min(seen.accepted, seen.refused)).toBeGreaterThan(100);
});

/** Few different prefixes, so that entries meet. */
const entries: fc.Arbitrary<RevocationEntry> = fc
  .record({
    kind: fc.constantFrom(...REVOCATION_KINDS),
    value: fc.constantFrom("a", "b", "c", "d", "e"),
    cut: fc.nat({ max: 0xffff_ffff }),
    endsAt: fc.nat({ max: 2 ** 33 }),
  })
  .map(({ kind, value, cut, endsAt }) => ({ ...takenBack(kind, value, cut), endsAt: seconds(endsAt) }));

test("what is composed holds each name once, is read back, and does not depend on the order of the entries", () => {
  fc.assert(
    fc.property(fc.array(entries, { maxLength: 20 }), (list) => {
      const { body, counts, leftOut } = composeBody(list);
      expect(composeBody(list.toReversed())).toEqual({ body, counts, leftOut });
      expect(leftOut).toEqual({ jti: 0, sid: 0, sub: 0 });
      const names = new Set(list.map(({ kind, prefix }) => `${kind} ${prefixToText(prefix)}`));
      expect(counts.jti + counts.sid + counts.sub).toBe(names.size);
      const sections = given(parseBody(body, counts));
      for (const { kind, prefix } of list) expect(findEntry(sections, kind, prefix)).toBeDefined();
    }),
    fuzzSettings(500),
  );
});

test("a list whose text was scratched after signing is not opened", async () => {
  const text = await signRevocations([takenBack("jti", "one"), takenBack("sub", "alice", NOW)], NOW, root);
  const rules = { anchors: root.anchors, issuer: TEST_ISSUER, ring: TEST_RING, leastRev: 1 };
  expect((await openRevocations(text, rules, NOW)).ok).toBe(true);
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.= \n";
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: text.length - 1 }), fc.constantFrom(...letters.split("")), async (at, letter) => {
      const scratched = text.slice(0, at) + letter + text.slice(at + 1);
      expect((await openRevocations(scratched, rules, NOW)).ok).toBe(scratched === text);
    }),
    fuzzSettings(500),
  );
});
