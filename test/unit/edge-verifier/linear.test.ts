/**
 * Guards that read what a stranger has sent do work that grows with its length and no faster. Counted, never timed: each
 * character that a method of a string visits or copies is one step. A regular expression is invisible to such a count, so
 * that each one which is run has to be on a list of those that have been looked at.
 */
import { afterEach, describe, expect, test } from "vitest";
import { createRouteFinder } from "../../../edge-verifier/request/route.ts";
import { readFeatures } from "../../../edge-verifier/request/hooks.ts";
import { pathTolerance } from "../../../edge-verifier/features/path-tolerance.ts";
import { readBearerToken } from "../../../edge-verifier/http/bearer.ts";
import { cookieLocation, readToken, removeToken } from "../../../edge-verifier/http/token-locations.ts";
import { removedNames, unwantedHeaders } from "../../../edge-verifier/http/request-headers.ts";
import { compilePolicy } from "../../../edge-verifier/policy/compile.ts";
import { defineRoutes } from "../../../edge-verifier/policy/rule.ts";
import { parseJsonObjectText } from "../../../shared/json.ts";
import { parseCompactJws, parseJwsHeader } from "../../../shared/jws.ts";
import { valueOf } from "../../support/values.ts";

/** Each has been looked at: one class, a fixed length, or classes that exclude what follows them. */
const REVIEWED: ReadonlySet<string> = new Set([
  "^[\\w-]*$",
  "^[\\w.:[\\]-]+$",
  "[^\\w~!$&'()*+,:=@%./-]",
  "\\/\\/|\\.(?:\\/|$)",
  "[ .]+",
  "(?:\\(|%28)[a-z](?:\\(|%28)",
  "%(?![0-9A-Fa-f]{2})",
  "[ -~]+|\\p{M}",
  "[/\\\\%;?#.\\u2044\\u2215\\u2216\\u29f5\\u29f8\\x80-\\x9f\\xad]",
  "[\\p{M}\\p{C}\\p{Default_Ignorable_Code_Point}]",
  "[\\u2010-\\u2015\\u2212đħłøŧƀɡαδεπσςτφ]",
  "^\\w+:\\/\\/[^/]*(?=\\/)[^?]*?(%2[35f]|%3f|[;|[\\]^`]|\\/\\/)",
  "%2f|%2[35]|%3f|;|\\/(?=\\/)",
  "(%2f|%2[35]|%3f|;|\\/{2,})",
  "[|[\\]^`]",
  "%25u",
  "^[0-9a-f]{2}",
  "^\\/(?:\\/|;|%2f)",
  "^eyJ[\\w-]*\\.[\\w-]+\\.[\\w-]*$",
  "(?:^|[;,])[ \\t]*token[ \\t]*=([^;,]*)",
  "^[;,\\s]+",
  "^ +",
  "^[!-~](?:[^ \\t]*[!-~])?$",
  "^(?:x-forwarded|x-sealgate-|cf-access-|x-original-|x-http-method)|client-ip$",
  "^(?:cf|cdn|sec|if|content|accept|access-control)-",
  '^"[^"]*"$',
  "[^a-z0-9-]",
  "^[!#$%&'*+\\-.^_`|~0-9a-z]+$",
  "[^\\x21-\\x7e]",
]);

interface Work {
  readonly steps: number;
  readonly expressions: ReadonlySet<string>;
}

const restore: (() => void)[] = [];
afterEach(() => {
  for (const undo of restore.splice(0)) undo();
});

/** Runs with counting methods in place of those of String and RegExp. */
function count(run: () => unknown): Work {
  let steps = 0;
  const expressions = new Set<string>();
  const wrap = (
    owner: object,
    name: string,
    cost: (self: unknown, args: unknown[], result: unknown) => number,
  ): void => {
    const original: unknown = Reflect.get(owner, name);
    if (typeof original !== "function") throw new TypeError(`${name} is no method`);
    const replaced = function (this: unknown, ...args: unknown[]): unknown {
      const result: unknown = Reflect.apply(original, this, args);
      steps += cost(this, args, result);
      return result;
    };
    Object.defineProperty(owner, name, { value: replaced, configurable: true, writable: true });
    restore.push(() => Object.defineProperty(owner, name, { value: original, configurable: true, writable: true }));
  };
  const lengthOf = (value: unknown): number => (typeof value === "string" ? value.length : 0);
  const whole = (self: unknown): number => lengthOf(self);
  for (const name of ["toLowerCase", "toUpperCase", "normalize", "includes", "trim"])
    wrap(String.prototype, name, whole);
  for (const name of ["replace", "replaceAll", "match", "matchAll", "split"]) {
    wrap(String.prototype, name, (self, [pattern]) => {
      if (pattern instanceof RegExp) expressions.add(pattern.source);
      return lengthOf(self);
    });
  }
  wrap(String.prototype, "slice", (_self, _args, result) => lengthOf(result));
  wrap(String.prototype, "startsWith", (_self, [text]) => lengthOf(text));
  wrap(String.prototype, "charCodeAt", () => 1);
  wrap(String.prototype, "indexOf", (self, [, from], result) => {
    const start = typeof from === "number" ? from : 0;
    const end = typeof result === "number" && result !== -1 ? result : lengthOf(self);
    return Math.max(0, end - start) + 1;
  });
  wrap(RegExp.prototype, "test", (self, [text]) => {
    if (self instanceof RegExp) expressions.add(self.source);
    return lengthOf(text);
  });
  try {
    run();
  } finally {
    for (const undo of restore.splice(0)) undo();
  }
  return { steps, expressions };
}

/** More steps than this for each character would be no small factor. */
const MOST_STEPS_PER_CHARACTER = 60;

/** @param prepare makes what is to be run; what a platform's own objects do is no work of ours */
function expectLinear(
  prepare: (text: string) => () => unknown,
  shape: (length: number) => string,
  lengths: readonly [small: number, large: number],
  leastLength = 0,
): void {
  const [small = 0, large = 0] = lengths.map((length) => {
    const text = shape(length);
    const { steps, expressions } = count(prepare(text));
    expect([...expressions].filter((source) => !REVIEWED.has(source))).toEqual([]);
    expect(steps).toBeLessThan(MOST_STEPS_PER_CHARACTER * Math.max(text.length, leastLength) + 2000);
    return steps / text.length;
  });
  // Steps for each character do not grow with the length; a constant part only shrinks.
  expect(large).toBeLessThan(small * 1.2 + 1);
}

const filled = (piece: string, length: number): string => piece.repeat(Math.floor(length / piece.length));

const STRICT = defineRoutes([
  { path: "/x/a.a.a.a/:id", require: { scope: ["x"] } },
  { path: "/api/admin/*", require: { scope: ["admin"] } },
  { path: "/:a/:b/:c/:d", require: { scope: ["deep"] } },
  { path: "/*", require: {} },
]);
const POLICY = STRICT.map((rule) =>
  rule.path === "/*" ? { ...rule, tolerate: ["encoded_slash", "empty_segment", "path_parameters"] } : rule,
);

const SHAPES: readonly (readonly [name: string, shape: (length: number) => string])[] = [
  ["dots before an escape", (length) => `/${".".repeat(length - 4)}x%21`],
  ["dots between letters", (length) => `/x/${filled("a.", length - 4)}a`],
  ["dots and escaped spaces", (length) => `/x/${filled(".%20", length - 4)}a`],
  ["a dot in each segment", (length) => `/x${filled("/a.b", length - 4)}`],
  ["escaped spaces", (length) => `/${filled("%20a", length - 4)}`],
  ["marks out of order", (length) => `/${filled("%CC%80%CC%A3", length - 4)}a`],
  ["characters that are not seen", (length) => `/${filled("%E3%85%A4", length - 4)}a`],
  ["letters with marks", (length) => `/${filled("%C3%A9", length - 4)}`],
  ["phrases in one character", (length) => `/${filled("%EF%B7%BA", length - 4)}`],
  ["sessions without cookies", (length) => `/${filled("(a", length - 4)}`],
  ["percent signs", (length) => `/${filled("%", length - 4)}`],
  ["short segments", (length) => `/${filled("a/", length - 4)}a`],
];

const strict = createRouteFinder(valueOf(compilePolicy(STRICT, [])));

describe("paths", () => {
  test.each(SHAPES)("%s", (_name, shape) => {
    expectLinear((path) => () => strict(`https://api.example.com${path}`, "GET"), shape, [1000, 7990]);
  });

  test.each([
    ...SHAPES,
    ["short segments after a parameter", (length: number) => `/x;y/${filled("a/", length - 6)}a`],
    ["as many oddities as are read", (length: number) => `/a%2Fb%2Fc%2F${"x".repeat(length)}`],
    ["escaped slashes", (length: number) => `/${filled("a%2F", length - 4)}`],
    ["slashes", (length: number) => `/a${"/".repeat(length - 4)}`],
    ["semicolons", (length: number) => `/a${";".repeat(length - 4)}`],
  ] as const)("that are tolerated: %s", async (_name, shape) => {
    const report = (): undefined => undefined;
    const hooks = await readFeatures([pathTolerance], {
      env: {},
      report,
      routes: POLICY,
      keySet: undefined,
      clock: () => 0,
    });
    const policy = valueOf(compilePolicy(hooks.routes, []));
    const tolerant = hooks.routeFinder?.(createRouteFinder(policy)) ?? strict;
    expectLinear((path) => () => tolerant(`https://api.example.com${path}`, "GET"), shape, [500, 1990], 8000);
  });
});

describe("headers", () => {
  const config = {
    headers: [{ location: "authorization", name: "authorization", scheme: "bearer" }] as const,
    mayActFrom: () => false,
    cookie: cookieLocation("token"),
    webSocketProtocol: "bearer",
  };
  /** Without the platform's checks of names and values, which would be counted. */
  const headersOf = (values: Readonly<Record<string, string>>): Headers => {
    const names = Object.keys(values).values();
    return Object.defineProperties(new Headers(), {
      get: { value: (name: string) => values[name] ?? null },
      set: { value: () => undefined },
      delete: { value: () => undefined },
      keys: { value: () => names },
    });
  };
  const readingFrom = (name: string) => (value: string) => {
    const request = new Request("https://api.example.com/");
    Object.defineProperty(request, "headers", { value: headersOf({ [name]: value, upgrade: "websocket" }) });
    return () => readToken(request, config);
  };
  const sizes = [2000, 16_000] as const;

  test.each([
    ["blanks", (length: number) => `Bearer${" ".repeat(length)}x`],
    ["words", (length: number) => `Bearer ${filled("a ", length)}`],
    ["the beginnings of tokens", (length: number) => filled("eyJ", length)],
    ["dots", (length: number) => `eyJ${filled(".a", length)}`],
  ])("Authorization of %s", (_name, shape) => {
    expectLinear((value) => () => readBearerToken(value), shape, sizes);
  });

  test.each([
    ["blanks before names", (length: number) => filled(";          ", length)],
    ["its name again and again", (length: number) => filled("token=;", length)],
    ["its name without a value", (length: number) => filled("token ", length)],
    ["one long value", (length: number) => `token=${"a".repeat(length)}`],
  ])("a cookie of %s", (_name, shape) => {
    expectLinear(readingFrom("cookie"), shape, sizes);
    expectLinear((value) => () => removeToken(headersOf({ cookie: value }), config), shape, sizes);
  });

  test.each([
    ["commas", (length: number) => filled(",", length)],
    ["markers", (length: number) => filled("bearer,", length)],
    ["blanks", (length: number) => `bearer,${" ".repeat(length)}x`],
  ])("subprotocols of %s", (_name, shape) => {
    expectLinear(readingFrom("sec-websocket-protocol"), shape, sizes);
  });

  test("Connection, and names that nobody has heard of", () => {
    const isRemoved = removedNames([{ name: "x-user" }]);
    const named = (value: string) => {
      const headers = headersOf({ connection: value });
      return () => unwantedHeaders(headers, isRemoved, true);
    };
    expectLinear(named, (length) => filled("a,", length), sizes);
    expectLinear(
      (name) => () => isRemoved(name),
      (length) => filled("_", length),
      sizes,
    );
  });
});

describe("tokens, before their signature is looked at", () => {
  const sizes = [2000, 16_000] as const;
  const readHeader = (token: string): void => {
    const jws = parseCompactJws(token);
    if (jws.ok) parseJwsHeader(jws.value.encodedHeader);
  };
  const tokenOf = (header: string): string => `${Buffer.from(header).toString("base64url")}.e30.AAAA`;

  test.each([
    ["dots", (length: number) => filled(".", length)],
    ["an unfinished alphabet", (length: number) => `${filled("A", length)}.e30.A`],
    ["members", (length: number) => tokenOf(`{"a":"${filled("a", length / 2)}","alg":"ES256"}`)],
    ["brackets", (length: number) => tokenOf(filled("[", length / 2))],
    ["escapes", (length: number) => tokenOf(`{"a":"${filled("\\\\u0061", length / 2)}"}`)],
  ])("of %s", (_name, shape) => {
    expectLinear((token) => () => readHeader(token), shape, sizes);
  });

  test("JSON of quotes, colons and brackets", () => {
    for (const piece of ['"', ":", "{", '{"a":', "\\", '"\\"', '"a":1,']) {
      expectLinear(
        (text) => () => parseJsonObjectText(text),
        (length) => `{${filled(piece, length)}`,
        sizes,
      );
    }
  });
});
