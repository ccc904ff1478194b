/** Configuration: every problem at once, named in the log and nowhere else. */
import { exports } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import {
  collectProblems,
  readKeySetSettings,
  readOriginConfig,
  readTokenPolicy,
} from "../../../../edge-verifier/config/config.ts";
import type { ConfigProblem, OriginConfig } from "../../../../edge-verifier/config/config.ts";
import { readBindings } from "../../../../edge-verifier/config/values.ts";
import { defineRoutes } from "../../../../edge-verifier/policy/rule.ts";
import { err, ok } from "../../../../shared/result.ts";
import type { Result } from "../../../../shared/result.ts";
import { makeDocument, makeKey, makeRoot, seconds, signKeySet } from "../../../support/key-sets.ts";
import { errorOf, valueOf } from "../../../support/values.ts";
import { AUDIENCE, echoOf, makeFixture, problemOf } from "../fixture.ts";

const KEY_SETS = { get: () => Promise.resolve(null) };
const complete = async (): Promise<Record<string, unknown>> => ({
  ISSUER: "https://auth.example.com",
  AUDIENCE,
  TRUST_ANCHORS: JSON.stringify([(await makeRoot()).jwk]),
  KEY_SETS,
});

/** What the gateway and the middleware make of vars and bindings, or every problem of these. */
async function verifierOf(env: object) {
  const { problems, report } = collectProblems();
  const bindings = readBindings(env);
  const keySet = await readKeySetSettings(bindings, report);
  const tokenPolicy = readTokenPolicy(bindings, report);
  return keySet === undefined || problems.length > 0 ? err(problems) : ok({ keySet, tokenPolicy });
}

function originOf(env: object): Result<OriginConfig, readonly ConfigProblem[]> {
  const { problems, report } = collectProblems();
  const origin = readOriginConfig(readBindings(env), report);
  return origin === undefined || problems.length > 0 ? err(problems) : ok(origin);
}

describe("a broken configuration", () => {
  test("is reported completely, and answers every request 500 without saying what is wrong", async () => {
    const fixture = await makeFixture({
      vars: {
        ISSUER: "auth.example.com",
        AUDIENCE: "a,,b",
        TRUST_ANCHORS: "[",
        MIN_REV: "-1",
        KEY_SETS: "not a binding",
        ORIGIN: undefined,
        ORIGIN_TIMEOUT_SECONDS: "soon",
        FORWARD_AUTHORIZATION: "yes",
        TOKEN_ALGS: "ES256,HS256",
        TOKEN_TYPS: "JWT",
      },
    });
    for (const path of ["/api/x", "/public/x", "/.well-known/jwks.json", "/.well-known/sealgate/health", "/%5c"]) {
      const response = await fixture.send(path);
      expect(await problemOf(response)).toEqual({
        type: "about:blank",
        title: "Internal Server Error",
        status: 500,
        detail: "The gateway is not configured correctly.",
        code: "config_invalid",
      });
    }
    const { refusal } = fixture.events[0] ?? {};
    const variables = refusal?.code === "config_invalid" ? refusal.problems.map(({ variable }) => variable) : [];
    expect(variables.toSorted()).toEqual([
      "AUDIENCE",
      "FORWARD_AUTHORIZATION",
      "ISSUER",
      "KEY_SETS",
      "MIN_REV",
      "ORIGIN_TIMEOUT_SECONDS",
      "ORIGIN_URL",
      "TOKEN_ALGS",
      "TOKEN_TYPS",
      "TRUST_ANCHORS",
    ]);
    expect(JSON.stringify(fixture.events)).not.toContain("not a binding");
  });

  test("stops the Worker as it is deployed with empty trust anchors", async () => {
    const response = await exports.default.fetch("https://api.example.com/api/x");
    expect(await problemOf(response)).toMatchObject({ status: 500, code: "config_invalid" });
  });

  test("in the route policy counts like one in a variable", async () => {
    const routes = defineRoutes([
      { path: "/a/*", require: {} },
      { path: "/a/b", allow: "anyone" },
    ]);
    const fixture = await makeFixture({ routes });
    expect(await problemOf(await fixture.send("/a"))).toMatchObject({ code: "config_invalid" });
    expect(fixture.events[0]?.refusal).toEqual({
      code: "config_invalid",
      problems: [{ variable: "routes[1]", problem: "rule can never match: earlier rules or the gateway do" }],
    });
    expect(fixture.originCalls()).toBe(0);
  });
});

describe("required variables", () => {
  test.each(["ISSUER", "AUDIENCE", "TRUST_ANCHORS", "KEY_SETS"])(
    "%s missing or empty is a problem",
    async (variable) => {
      for (const value of [undefined, ""]) {
        const problems = errorOf(await verifierOf({ ...(await complete()), [variable]: value }));
        expect(problems.map((problem) => problem.variable)).toEqual([variable]);
      }
    },
  );

  test("an origin is one of them", () => {
    expect(errorOf(originOf({})).map(({ variable }) => variable)).toEqual(["ORIGIN_URL"]);
  });
});

test("two issuers in one variable are a problem: no token would be from both", async () => {
  const problems = errorOf(await verifierOf({ ...(await complete()), ISSUER: "https://a.example,https://b.example" }));
  expect(problems).toEqual([
    { variable: "ISSUER", problem: "must be one URL, without a comma, of at most 512 visible ASCII characters" },
  ]);
});

describe("TRUST_ANCHORS", () => {
  test("may be JSON text or a JSON variable", async () => {
    const root = await makeRoot();
    for (const TRUST_ANCHORS of [JSON.stringify([root.jwk]), [root.jwk]]) {
      const config = valueOf(await verifierOf({ ...(await complete()), TRUST_ANCHORS }));
      expect(config.keySet.rings[0]?.anchors.map(({ kid }) => kid)).toEqual([root.kid]);
    }
  });

  test.each([
    ["none", []],
    ["four", [{}, {}, {}, {}]],
    ["no array", {}],
    ["a private key", [{ kty: "EC", crv: "P-256", alg: "ES256", x: "x", y: "y", d: "d" }]],
    ["a secret", [{ kty: "oct", alg: "HS256", k: "k" }]],
  ])("%s is refused", async (_name, anchors) => {
    const problems = errorOf(await verifierOf({ ...(await complete()), TRUST_ANCHORS: JSON.stringify(anchors) }));
    expect(problems.map(({ variable }) => variable)).toContain("TRUST_ANCHORS");
  });
});

describe("several rings", () => {
  test("each have their own anchors, floor and bootstrap document", async () => {
    const [main, west] = await Promise.all([makeRoot(), makeRoot()]);
    const bundled = await signKeySet(makeDocument([await makeKey("ES256")], seconds(1_800_000_000)), west);
    const byRing = {
      TRUST_ANCHORS: { main: [main.jwk], west: [west.jwk] },
      MIN_REV: { main: 7 },
      BOOTSTRAP_KEY_SET: { west: bundled },
    };
    for (const spell of [(value: object): unknown => value, (value: object): unknown => JSON.stringify(value)]) {
      const vars = Object.fromEntries(Object.entries(byRing).map(([variable, value]) => [variable, spell(value)]));
      const { keySet } = valueOf(await verifierOf({ ...(await complete()), RING: "main, west", ...vars }));
      expect(keySet.rings).toMatchObject([
        { ring: "main", anchors: [{ kid: main.kid }], minRev: 7, bootstrapKeySet: undefined },
        { ring: "west", anchors: [{ kid: west.kid }], minRev: 1, bootstrapKeySet: bundled },
      ]);
    }
  });

  test("one ring may be written as several are", async () => {
    const root = await makeRoot();
    const TRUST_ANCHORS = JSON.stringify({ west: [root.jwk] });
    const { keySet } = valueOf(
      await verifierOf({ ...(await complete()), RING: "west", TRUST_ANCHORS, MIN_REV: '{"west":3}' }),
    );
    expect(keySet.rings).toMatchObject([{ ring: "west", anchors: [{ kid: root.kid }], minRev: 3 }]);
  });

  const MEMBERS = "must have a member for each ring, and no other";
  test.each([
    ["a plain MIN_REV", { MIN_REV: "7" }, "MIN_REV", MEMBERS],
    ["a plain BOOTSTRAP_KEY_SET", { BOOTSTRAP_KEY_SET: "a.b.c" }, "BOOTSTRAP_KEY_SET", MEMBERS],
    ["a floor for another ring", { MIN_REV: '{"east":7}' }, "MIN_REV", MEMBERS],
    ["a floor of zero", { MIN_REV: '{"west":0}' }, "MIN_REV.west", "must be a positive whole number"],
    [
      "text that is no document",
      { BOOTSTRAP_KEY_SET: { main: "x" } },
      "BOOTSTRAP_KEY_SET.main",
      "must be a signed key set document",
    ],
    ["a ring twice", { RING: "main,west,main" }, "RING", "must name each ring once"],
    [
      "text that is no name",
      { RING: "main,West" },
      "RING",
      "must be a comma-separated list of names of 1 to 63 of a-z, 0-9 and inner -",
    ],
  ])("%s is a problem", async (_what, vars, variable, problem) => {
    const { jwk } = await makeRoot();
    const several = { ...(await complete()), RING: "main,west", TRUST_ANCHORS: { main: [jwk], west: [jwk] } };
    expect(errorOf(await verifierOf({ ...several, ...vars }))).toContainEqual({ variable, problem });
  });

  test("anchors that are not one array for each ring are a problem", async () => {
    const { jwk } = await makeRoot();
    const problemsOf = async (TRUST_ANCHORS: unknown): Promise<readonly ConfigProblem[]> =>
      errorOf(await verifierOf({ ...(await complete()), RING: "main,west", TRUST_ANCHORS }));
    expect(await problemsOf([jwk])).toEqual([{ variable: "TRUST_ANCHORS", problem: MEMBERS }]);
    expect(await problemsOf({ main: [jwk], east: [jwk] })).toEqual([{ variable: "TRUST_ANCHORS", problem: MEMBERS }]);
    expect(await problemsOf({ main: [jwk] })).toEqual([{ variable: "TRUST_ANCHORS.west", problem: "is missing" }]);
    expect(await problemsOf({ main: [jwk], west: [] })).toEqual([
      { variable: "TRUST_ANCHORS.west", problem: "must be a JSON array of 1 to 3 public JWKs" },
    ]);
    expect(await problemsOf({ main: [jwk], west: [{ ...jwk, kid: "other" }] })).toEqual([
      { variable: "TRUST_ANCHORS.west", problem: "[0] kid_mismatch" },
    ]);
  });
});

describe("what may be narrowed", () => {
  test("algorithms and types", async () => {
    const narrow = { ...(await complete()), TOKEN_ALGS: "ES256, EdDSA", TOKEN_TYPS: "at+jwt" };
    const { tokenPolicy } = valueOf(await verifierOf(narrow));
    expect([...tokenPolicy.algs]).toEqual(["ES256", "EdDSA"]);
    expect([...tokenPolicy.typs]).toEqual(["at+jwt"]);
  });

  test("a narrowed algorithm is refused at the gateway although its key is published", async () => {
    const fixture = await makeFixture({ vars: { TOKEN_ALGS: "RS256" } });
    expect((await fixture.sendAs({}, "/api/x")).status).toBe(401);
    expect(fixture.events.at(-1)?.refusal).toEqual({ code: "alg_not_allowed" });
  });

  test("an audience list accepts each of its members", async () => {
    const fixture = await makeFixture({ vars: { AUDIENCE: ` ${AUDIENCE} , second` } });
    expect((await fixture.sendAs({}, "/api/x")).status).toBe(200);
    expect((await fixture.sendAs({ aud: ["x", "second"] }, "/api/x")).status).toBe(200);
    expect((await fixture.sendAs({ aud: "third" }, "/api/x")).status).toBe(401);
  });
});

describe("the origin", () => {
  test.each([
    ["https://origin.example.com", "https://origin.example.com"],
    ["https://origin.example.com/", "https://origin.example.com"],
    ["https://origin.example.com:8443/base/", "https://origin.example.com:8443/base"],
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
    ["http://localhost:8080", "http://localhost:8080"],
  ])("%s", (ORIGIN_URL, base) => {
    expect(valueOf(originOf({ ORIGIN_URL })).base).toBe(base);
  });

  test.each([
    "http://origin.example.com",
    "http://127.evil.example",
    "ftp://origin.example.com",
    "https://user:pass@origin.example.com",
    "https://origin.example.com/?x",
    "https://origin.example.com/#x",
    "https://origin.example.com/a//b",
    "https://*.example.com",
    "origin.example.com",
    "/base",
    42,
  ])("%s is refused", (ORIGIN_URL) => {
    expect(errorOf(originOf({ ORIGIN_URL })).map(({ variable }) => variable)).toEqual(["ORIGIN_URL"]);
  });

  test("that is bound is called instead of the URL, and asked for the URL", async () => {
    const fixture = await makeFixture({ vars: { ORIGIN_URL: "https://origin.example.com:8443/base/" } });
    const response = await fixture.sendAs({}, "/api/x?y");
    expect((await echoOf(response)).url).toBe("https://origin.example.com:8443/base/api/x?y");
    expect(fixture.originCalls()).toBe(1);
  });

  test("that is bound without a URL is asked for one that names nobody", async () => {
    const fixture = await makeFixture();
    expect((await echoOf(await fixture.sendAs({}, "/api/x"))).url).toBe("https://origin.invalid/api/x");
  });

  test("that is bound is no excuse for a URL that is none, nor a URL for a binding that is none", () => {
    const ORIGIN = { fetch: (): Promise<Response> => Promise.resolve(new Response()) };
    const problemsOf = (vars: object): readonly string[] =>
      errorOf(originOf({ ...vars })).map(({ variable }) => variable);
    expect(problemsOf({ ORIGIN, ORIGIN_URL: "http://origin.example.com" })).toEqual(["ORIGIN_URL"]);
    expect(problemsOf({ ORIGIN: "no binding", ORIGIN_URL: "https://origin.example.com" })).toEqual(["ORIGIN"]);
    expect(valueOf(originOf({ ORIGIN, ORIGIN_URL: "" })).base).toBe("https://origin.invalid");
  });
});

describe("MIN_REV", () => {
  test("is a floor under the key set in KV", async () => {
    const fixture = await makeFixture({ vars: { MIN_REV: "1800000000" } });
    const response = await fixture.sendAs({}, "/api/x");
    expect(response.status).toBe(503);
    expect(fixture.events.at(-1)?.refusal).toMatchObject({ problem: "key_set_rev_too_low" });
  });
});
