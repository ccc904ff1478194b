/** Request targets, by a grammar of URLs: what the guard lets pass, two other parsers read in the same way. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readTarget } from "../../../edge-verifier/http/path-guard.ts";
import { fuzzSettings } from "../../support/fuzz.ts";

const pieces = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom("/", "a", "api", "/admin", "/v1", "x.y", "-", "~", "@", ":", "=", "%20", "%C3%A9"),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "..",
      "/../",
      "//",
      "\\",
      "%2f",
      "%2e%2e",
      "%5c",
      ";",
      "%00",
      "%25",
      "#",
      "?",
      " ",
      "\t",
    ),
  },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 255 }).map((octet) => `%${octet.toString(16).padStart(2, "0")}`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("é", "／", "‥", "%EF%BC%8F", "%E2%80%A5", "%c0%af", "%C0%80", "\u0000", "%", "%4"),
  },
);
const urls = fc
  .tuple(
    fc.constantFrom("https://", "http://", "https:/", "", "//"),
    fc.constantFrom("gate.example", "gate.example:8443", "user@gate.example", "gate.example\\evil", ""),
    fc.constantFrom("/", "/", ""),
    fc.array(pieces, { maxLength: 8 }),
    fc.constantFrom("", "", "?", "?a=1&b=/../", "?x#y", "?%"),
  )
  .map(([scheme, authority, slash, path, query]) => `${scheme}${authority}${slash}${path.join("")}${query}`);

test("is the target that a URL parser finds, to the octet, and decodes to the same segments", () => {
  let passed = 0;
  fc.assert(
    fc.property(urls, (url) => {
      const target = readTarget(url);
      if (!target.ok) return;
      passed += 1;
      const { scheme, authority, path, query } = target.value;
      expect(`${scheme}://${authority}${path}${query}`).toBe(url);
      // A fragment never travels; whoever sees one after the query has been sent something else.
      expect(query).not.toContain("#");
      const parsed = URL.parse(`https://origin.example${path}`);
      expect(parsed?.pathname).toBe(path);
      expect(parsed?.host).toBe("origin.example");
      const decoded = decodeURIComponent(path);
      expect(decoded.split(/[/\\]/)).toHaveLength(path.split("/").length);
      expect(decodeURIComponent(decoded)).toBe(decoded);
      for (const segment of decoded.split("/")) expect(["..", "."]).not.toContain(segment);
    }),
    fuzzSettings(4000),
  );
  expect(passed).toBeGreaterThan(50);
});
