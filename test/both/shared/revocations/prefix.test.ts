/** Prefixes: fixed for each name, and never the same for two that differ in kind, issuer or text. */
import { expect, test } from "vitest";
import {
  prefixFromText,
  prefixToText,
  REVOCATION_KINDS,
  revocationPrefix,
} from "../../../../shared/revocations/prefix.ts";
import { utf8 } from "../../../support/values.ts";

const ISSUER = "https://auth.example.com";

function textOf(kind: "jti" | "sid" | "sub", value: string, issuer = ISSUER): string {
  return prefixToText(revocationPrefix(kind, issuer, value));
}

/** Stored in tables and lists: a change of these would make every entry of before worthless. */
test.each([
  ["jti", "8d4e6f2a", "2jGIhxGKQmc"],
  ["sid", "session-1", "gtvEdcYXrx4mtUVS6Uvqjw"],
  ["sub", "alice", "7B3Jzi6qLVOQC_oE_-c-eg"],
] as const)("of a %s is what it has always been", (kind, value, prefix) => {
  expect(textOf(kind, value)).toBe(prefix);
});

test.each(REVOCATION_KINDS)("of a %s is the start of SHA-256 over kind, issuer and value as JSON", async (kind) => {
  const digest = await crypto.subtle.digest("SHA-256", utf8(`["${kind}","${ISSUER}","a\\"b é"]`));
  const octets = kind === "jti" ? 8 : 16;
  const start = btoa(String.fromCharCode(...new Uint8Array(digest).subarray(0, octets)));
  expect(textOf(kind, 'a"b é')).toBe(start.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""));
});

test("differs by kind, by issuer, and for texts that UTF-8 alone would make one", () => {
  const prefixes = [
    textOf("sid", "alice"),
    textOf("sub", "alice"),
    textOf("sub", "alice", "https://other.example.com"),
    textOf("sub", "\ud800"),
    textOf("sub", "\ud801"),
    textOf("sub", "\ufffd"),
    textOf("sub", ""),
  ];
  expect(new Set(prefixes).size).toBe(prefixes.length);
  expect(textOf("jti", "alice")).not.toBe(textOf("sid", "alice").slice(0, 11));
});

test("as text reads back the same, and no other text is read", () => {
  for (const kind of REVOCATION_KINDS) {
    const prefix = revocationPrefix(kind, ISSUER, "one");
    expect(prefixFromText(kind, prefixToText(prefix))).toEqual(prefix);
  }
  const sid = textOf("sid", "one");
  for (const text of ["", sid.slice(1), `${sid}A`, `${sid}=`, `${sid.slice(0, -1)}_`, textOf("jti", "one")]) {
    expect(prefixFromText("sid", text)).toBeUndefined();
  }
});
