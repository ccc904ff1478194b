/** The path guard's rules one by one, and what it guarantees for every path there is. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkPath, readTarget } from "../../../../edge-verifier/http/path-guard.ts";
import { errorOf, valueOf } from "../../../support/values.ts";

describe("readTarget", () => {
  test("cuts a URL into the parts it was written in", () => {
    expect(valueOf(readTarget("https://api.example.com:8443/a/%20b?x=%2F/../#".slice(0, -1)))).toEqual({
      scheme: "https",
      authority: "api.example.com:8443",
      path: "/a/%20b",
      query: "?x=%2F/../",
    });
    expect(valueOf(readTarget("http://h/")).query).toBe("");
    expect(valueOf(readTarget("http://h/?")).query).toBe("?");
  });

  test.each([
    ["", "no_path"],
    ["/a", "no_path"],
    ["https://", "no_path"],
    ["https:///a", "no_path"],
    ["https://host", "no_path"],
    ["https://host?/a", "no_path"],
    ["https://host\\/a", "no_path"],
    ["https://user@host/a", "no_path"],
    ["ftp://host/a", "no_path"],
    ["https://host, other/a", "no_path"],
    ["https://h%6fst/a", "no_path"],
    ['https://host";x="/a', "no_path"],
    ["https://host/a#b", "fragment"],
    ["https://host/a?b#c", "fragment"],
    ["https://host#/a", "fragment"],
    ["https://host/a#?b", "fragment"],
  ])("%s: %s", (url, problem) => {
    expect(errorOf(readTarget(url))).toBe(problem);
  });
});

describe("checkPath refuses", () => {
  test.each([
    ["/a\\b", "character"],
    ["/a;b", "character"],
    ["/(S(x))/b", "character"],
    ["/a/%28f%28x%29%29", "character"],
    ["/a b", "character"],
    ["/a\u0000", "character"],
    ["/a\u007f", "character"],
    ["/é", "character"],
    ["/a|b", "character"],
    ["/a^b", "character"],
    ['/a"b', "character"],
    ["/a<b", "character"],
    ["/a{b}", "character"],
    ["/a[b]", "character"],
    ["//", "empty_segment"],
    ["/a//b", "empty_segment"],
    ["/.", "dot_segment"],
    ["/..", "dot_segment"],
    ["/./a", "dot_segment"],
    ["/a/../b", "dot_segment"],
    ["/.../a", "dot_segment"],
    ["/a./b", "dot_segment"],
    ["/a.", "dot_segment"],
    ["/%", "escape_invalid"],
    ["/%2", "escape_invalid"],
    ["/%zz", "escape_invalid"],
    ["/%u002f", "escape_invalid"],
    ["/%c0%af", "escape_invalid"],
    ["/%e0%80%af", "escape_invalid"],
    ["/%ff", "escape_invalid"],
    ["/%ed%a0%80", "escape_invalid"],
    ["/%c3", "escape_invalid"],
    ["/%2f", "escape_ambiguous"],
    ["/%2F", "escape_ambiguous"],
    ["/%5c", "escape_ambiguous"],
    ["/%2e%2e/a", "escape_ambiguous"],
    ["/.%2e/a", "escape_ambiguous"],
    ["/%252e", "escape_ambiguous"],
    ["/100%25", "escape_ambiguous"],
    ["/%3b", "escape_ambiguous"],
    ["/%3f", "escape_ambiguous"],
    ["/%23", "escape_ambiguous"],
    ["/%00", "escape_ambiguous"],
    ["/%0d%0a", "escape_ambiguous"],
    ["/%7f", "escape_ambiguous"],
    ["/%c2%85", "escape_ambiguous"],
    ["/%61", "escape_ambiguous"],
    ["/%41", "escape_ambiguous"],
    ["/%2d", "escape_ambiguous"],
    ["/%7E", "escape_ambiguous"],
    ["/%EF%BC%8F", "escape_ambiguous"], // fullwidth solidus
    ["/%EF%BC%BC", "escape_ambiguous"], // fullwidth reverse solidus
    ["/%E2%80%A5/a", "escape_ambiguous"], // two dot leader
    ["/%EF%BC%85", "escape_ambiguous"], // fullwidth percent sign
    ["/..%E2%88%95a", "escape_ambiguous"], // division slash
    ["/..%E2%81%84a", "escape_ambiguous"], // fraction slash
    ["/..%E2%88%96a", "escape_ambiguous"], // set minus
  ])("%s: %s", (path, problem) => {
    expect(checkPath(path)).toBe(problem);
  });

  test("a path longer than 8000 octets", () => {
    expect(checkPath(`/${"a".repeat(7999)}`)).toBeUndefined();
    expect(checkPath(`/${"a".repeat(8000)}`)).toBe("too_long");
    expect(checkPath(`/${"a%20".repeat(1900)}`)).toBeUndefined();
    expect(checkPath(`/${"%C3%A9".repeat(666)}`)).toBeUndefined();
    expect(checkPath(`/${"%C3%A9".repeat(667)}`)).toBe("too_long");
  });
});

describe("checkPath lets pass", () => {
  test.each([
    "/",
    "/a",
    "/a/",
    "/.well-known/x",
    "/a.b/c.d",
    "/a-b_c~d",
    "/!$&'()*+,:=@",
    "/a%20b",
    "/%40%3A%2B%24%26",
    "/%C3%A9",
    "/%E2%82%AC/%F0%9F%98%80",
    "/%e6%97%a5",
  ])("%s", (path) => {
    expect(checkPath(path)).toBeUndefined();
  });
});

test("every character that a normal form turns into a part of a path is refused", () => {
  const wrong: string[] = [];
  for (let code = 0x80; code < 0x110000; code += 1) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const character = String.fromCodePoint(code);
    const forms = ["NFC", "NFD", "NFKC", "NFKD"].map((form) => character.normalize(form)).join("");
    if (/[/\\%;?#.]/.test(forms) && checkPath(`/x${encodeURIComponent(character)}y`) !== "escape_ambiguous") {
      wrong.push(code.toString(16));
    }
  }
  expect(wrong).toEqual([]);
});

/** Paths made of what attacks are made of. */
const attackPath: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(..."/\\.;%?#:@&=+$,!*'() \t\r\n\u0000~-_aAzZ09éſ|^`{}<>\"[]".split("")),
      fc.constantFrom(
        "..",
        "/../",
        "%2e",
        "%2E%2e",
        "%2f",
        "%5c",
        "%25",
        "%252f",
        "%00",
        "%c0%af",
        "%3b",
        "%20",
        "%61",
      ),
      fc.constantFrom("admin", "ADMIN", "%C4%B1", "%EF%BC%8F", "%E2%80%A5", "%EF%BD%81", "%C3%A9", "api", "//", "./"),
      fc.integer({ min: 0, max: 255 }).map((octet) => `%${octet.toString(16).padStart(2, "0")}`),
    ),
    { maxLength: 12 },
  )
  .map((parts) => `/${parts.join("")}`);

describe("every path that passes", () => {
  const passing = (check: (path: string) => void): void => {
    let passed = 0;
    fc.assert(
      fc.property(attackPath, (path) => {
        if (checkPath(path) !== undefined) return;
        passed += 1;
        check(path);
      }),
      { numRuns: 20_000 },
    );
    // The generator must not only make what is refused.
    expect(passed).toBeGreaterThan(500);
  };

  test("is what a URL parser makes of it, byte for byte", () => {
    passing((path) => {
      expect(new URL(`https://origin.example${path}`).pathname).toBe(path);
    });
  });

  test("has the same segments before and after one decoding, and after a second", () => {
    passing((path) => {
      const once = decodeURIComponent(path);
      expect(once.split("/")).toHaveLength(path.split("/").length);
      expect(() => decodeURIComponent(once)).not.toThrow();
      expect(decodeURIComponent(once)).toBe(once);
      expect(once.split(/[/\\]/)).toHaveLength(path.split("/").length);
      for (const segment of once.normalize("NFKC").split("/")) expect(segment).not.toMatch(/^\.+$|[\\;?#%]|\p{Cc}/u);
    });
  });
});
