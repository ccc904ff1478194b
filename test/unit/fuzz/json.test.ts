/** Strict JSON against a grammar that knows what it wrote, and against JSON.parse on texts that nobody meant. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_JSON_DEPTH, parseJsonObject, parseJsonObjectText } from "../../../shared/json.ts";
import { fuzzSettings } from "../../support/fuzz.ts";
import { utf8 } from "../../support/values.ts";
import { depthOf, documents, edits, hasRepeatedName, scratch, write } from "./json-grammar.ts";
import type { Tree } from "./json-grammar.ts";

/** Of several problems any may be named. */
function verdictsOf(tree: Tree): readonly string[] {
  const problems = [
    ...(depthOf(tree) > MAX_JSON_DEPTH ? ["nested_too_deeply"] : []),
    ...(tree.kind === "object" ? [] : ["not_an_object"]),
    ...(hasRepeatedName(tree) ? ["duplicate_member"] : []),
  ];
  return problems.length === 0 ? ["ok"] : problems;
}

test("every text of the grammar is judged as its tree says, however it is spelt", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(documents, fc.constantFrom("", " ", "\n\t", "\r\n  "), (tree, space) => {
      const text = space + write(tree, space) + space;
      const parsed = parseJsonObject(utf8(text));
      const verdict = parsed.ok ? "ok" : parsed.error;
      seen.add(verdict);
      expect(verdictsOf(tree)).toContain(verdict);
      expect(parsed.ok ? JSON.stringify(parsed.value) : "refused").toBe(
        verdict === "ok" ? JSON.stringify(JSON.parse(text)) : "refused",
      );
    }),
    fuzzSettings(1500),
  );
  expect([...seen].toSorted()).toEqual(["duplicate_member", "nested_too_deeply", "not_an_object", "ok"]);
});

test("no scratched text makes the parser throw, and what it accepts JSON.parse reads alike", () => {
  const characters = '{}[]":,\\u0123abcdefntr -+.eE\n\u0000\ufeff\ud800é';
  fc.assert(
    fc.property(documents, edits(characters), (tree, changes) => {
      const text = scratch(write(tree, ""), changes);
      const parsed = parseJsonObjectText(text);
      if (!parsed.ok) return;
      expect(JSON.stringify(parsed.value)).toBe(JSON.stringify(JSON.parse(text)));
      // Written again by a strict writer, it is accepted again.
      expect(parseJsonObjectText(JSON.stringify(parsed.value)).ok).toBe(true);
    }),
    fuzzSettings(1500),
  );
});

test("no octets make the parser throw, and none that are not UTF-8 are accepted", () => {
  fc.assert(
    fc.property(documents, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), (tree, flips) => {
      const octets = utf8(write(tree, ""));
      for (const [at, octet] of flips) octets[at % octets.length] = octet;
      const parsed = parseJsonObject(octets);
      expect(parsed.ok && Buffer.compare(utf8(new TextDecoder().decode(octets)), octets) !== 0).toBe(false);
    }),
    fuzzSettings(1500),
  );
});
