/**
 * Whenever the gateway reads a token from a cookie or from a header of its own, common parsers read the same one from it, also
 * beside other cookies and oddities. The models are of what servers document and what code does by hand. Long runs: `npm run fuzz`.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { COOKIE_NAME, cookieLocation, readToken, removeToken } from "../../../../edge-verifier/http/token-locations.ts";
import { fuzzSettings } from "../../../support/fuzz.ts";

const TOKENS = ["eyJh.eyJw.c2ln", "eyJo.eyJx.dGln"];

const unquoted = (text: string): string => (/^".*"$/s.test(text) ? text.slice(1, -1) : text);
const pairs = (header: string, cut: RegExp): readonly (readonly [string, string])[] =>
  header.split(cut).flatMap((part) => {
    const equals = part.indexOf("=");
    return equals === -1 ? [] : [[part.slice(0, equals).trim(), unquoted(part.slice(equals + 1).trim())] as const];
  });

/** Each gives the values that it could hand to an application as the cookie of this name. */
const PARSERS: readonly (readonly [name: string, read: (header: string, cookie: string) => readonly string[]])[] = [
  ["RFC 6265, the first or the last", (header, cookie) => valuesOf(pairs(header, /;/), cookie)],
  ["RFC 2965, commas too", (header, cookie) => valuesOf(pairs(header, /[;,]/), cookie)],
  ["only semicolon and space", (header, cookie) => valuesOf(pairs(header, /; /), cookie)],
  [
    "a regular expression by hand",
    (header, cookie) => {
      const literal = cookie.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`);
      const value = new RegExp(`(?:^|;\\s*)${literal}=([^;]*)`).exec(header)?.[1];
      return value === undefined ? [] : [unquoted(value.trim())];
    },
  ],
];

function valuesOf(found: readonly (readonly [string, string])[], cookie: string): readonly string[] {
  const values = found.filter(([name]) => name === cookie).map(([, value]) => value);
  return values.length === 0 ? [] : [values[0] ?? "", values.at(-1) ?? ""];
}

function requestWith(headers: Readonly<Record<string, string>>): Request {
  const get = (name: string): string | null => headers[name] ?? null;
  return { method: "GET", url: "https://api.example.com/", headers: { get, has: () => false } } as unknown as Request;
}

const names = fc.constantFrom(
  "__Host-token",
  "better-auth.session_data",
  "__Secure-next-auth.session-token",
  "a|b",
  "a+b*",
  "$x^y",
  "`~!#%&'",
);

describe("a cookie", () => {
  const piece = (name: string): fc.Arbitrary<string> =>
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.constantFrom(...TOKENS.flatMap((token) => [`${name}=${token}`, `${name}="${token}"`])),
      },
      { weight: 2, arbitrary: fc.constantFrom("; ", ";", ", ", ",", " ", "\t", "=", '"', "a=1", 'b="x, y"', "c") },
      { weight: 1, arbitrary: fc.constantFrom(name, `x${name}=1`, `${name}x=1`, `${name} =`, `${name}=`, `"${name}=`) },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom(name.toUpperCase(), name.replaceAll(/[.|+*$^]/g, "_"))
          .map((one) => `${one}=${TOKENS[1]}`),
      },
    );

  test("that is read as a token is the same token for every parser that finds one", () => {
    let read = 0;
    fc.assert(
      fc.property(
        names.chain((name) => fc.tuple(fc.constant(name), fc.array(piece(name), { minLength: 1, maxLength: 6 }))),
        ([name, pieces]) => {
          const header = pieces.join("");
          const locations = {
            headers: [],
            cookie: cookieLocation(name),
            webSocketProtocol: undefined,
            mayActFrom: () => false,
          };
          const token = readToken(requestWith({ cookie: header }), locations);
          const removed = new Headers({ cookie: header });
          removeToken(removed, locations);
          for (const [parser, parse] of PARSERS) {
            // What a parser takes for a longer value, up to the end of a second header, is no token at all.
            const others = parse(header, name).filter(
              (value) => TOKENS.includes(value) && token.ok && value !== token.value,
            );
            expect([parser, header, others]).toEqual([parser, header, []]);
            // And what is taken out before the origin is gone for all of them.
            const left = parse(removed.get("cookie") ?? "", name);
            expect([parser, header, left.filter((value) => TOKENS.includes(value))]).toEqual([parser, header, []]);
          }
          if (token.ok) read += 1;
        },
      ),
      fuzzSettings(6000),
    );
    expect(read).toBeGreaterThan(500);
  });

  test("has a name of RFC 6265 in all of these", () => {
    fc.assert(fc.property(names, (name) => COOKIE_NAME.test(name)));
  });
});

test("a header of its own gives a token only if it holds one text, after its word and nothing else", () => {
  const text = fc.array(
    fc.constantFrom(...TOKENS, "Bearer", "Token", "token", " ", "  ", "\t", ",", ", ", "=", ":", "\u00a0"),
    {
      minLength: 1,
      maxLength: 5,
    },
  );
  let read = 0;
  fc.assert(
    fc.property(text, fc.constantFrom("", "token", "bearer"), (parts, scheme) => {
      const value = parts.join("").trim();
      const locations = {
        headers: [{ location: "header", name: "x-token", scheme }] as const,
        cookie: undefined,
        webSocketProtocol: undefined,
        mayActFrom: () => false,
      };
      const token = readToken(requestWith({ "x-token": value }), locations);
      const reason = token.ok ? "" : token.error.code;
      expect(["", value === "" ? "token_missing" : "invalid_request"]).toContain(reason);
      if (!token.ok) return;
      read += 1;
      expect(value.toLowerCase().startsWith(scheme)).toBe(true);
      expect(value.slice(scheme.length).replace(/^ +/, "")).toBe(token.value);
      expect(token.value).toMatch(/^[^ \t,]+$/);
    }),
    fuzzSettings(4000),
  );
  expect(read).toBeGreaterThan(200);
});
