/** Every method has a stated answer: docs/gateway-requests.md, "Methods". */
import { beforeAll, describe, expect, test } from "vitest";
import { defineRoutes } from "../../../../edge-verifier/policy/rule.ts";
import { makeFixture } from "../fixture.ts";
import type { Fixture } from "../fixture.ts";

let fixture: Fixture;
beforeAll(async () => {
  const routes = defineRoutes([
    { path: "/read", methods: ["GET"], require: {} },
    { path: "/write", methods: ["POST", "DELETE"], require: {} },
    { path: "/open", methods: ["GET"], allow: "anyone" },
    { path: "/all/*", require: {} },
  ]);
  fixture = await makeFixture({ routes });
});

/** TRACE would show a script what the browser hides from it; the rest is between a client and an origin no rule describes. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "PURGE", "QUERY"];

/** What a request with a good token comes to: whether the origin was called, the status, and `Allow`. */
interface Ending {
  readonly calls: number;
  readonly status: number;
  readonly allow: string | null;
}

const FORWARDED: Ending = { calls: 1, status: 200, allow: null };
const ANSWERED: Ending = { calls: 0, status: 200, allow: null };
const NOT_FOUND: Ending = { calls: 0, status: 404, allow: null };
const not = (allow: string): Ending => ({ calls: 0, status: 405, allow });

/** By path: the methods that are let through and their ending, and the ending of every other method. */
const ENDINGS: Readonly<Record<string, readonly [methods: readonly string[], ending: Ending, others: Ending]>> = {
  "/read": [["GET", "HEAD"], FORWARDED, not("GET, HEAD")],
  "/write": [["POST", "DELETE"], FORWARDED, not("POST, DELETE")],
  "/open": [["GET", "HEAD"], FORWARDED, not("GET, HEAD")],
  "/all/x": [METHODS.slice(0, 7), FORWARDED, not("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")],
  "/.well-known/jwks.json": [["GET", "HEAD"], ANSWERED, not("GET, HEAD")],
  "/.well-known/sealgate/health": [["GET", "HEAD"], ANSWERED, not("GET, HEAD")],
  "/nowhere": [[], NOT_FOUND, NOT_FOUND],
};

const CASES = Object.entries(ENDINGS).flatMap(([path, [methods, ending, others]]) =>
  METHODS.map((method) => ({ method, path, ending: methods.includes(method) ? ending : others })),
);

describe("with a good token", () => {
  test.each(CASES)("$method $path: $ending.status", async ({ method, path, ending }) => {
    const before = fixture.originCalls();
    const { status, headers } = await fixture.sendAs({}, path, { method });
    expect({ calls: fixture.originCalls() - before, status, allow: headers.get("allow") }).toEqual(ending);
  });
});

test("HEAD has no body, forwarded or refused", async () => {
  for (const path of ["/read", "/nowhere"]) {
    expect(await (await fixture.sendAs({}, path, { method: "HEAD" })).text()).toBe("");
  }
});

test("a refusal of the method comes before the token is looked at, and says nothing about it", async () => {
  const response = await fixture.send("/read", { method: "POST" });
  expect(response.status).toBe(405);
  expect(response.headers.has("www-authenticate")).toBe(false);
});
