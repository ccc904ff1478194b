/** Several origins behind one gateway: which one a rule's requests go to, and which part of the path it gets. */
import { env as platform } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { allFeatures } from "../../../../edge-verifier/features/all.ts";
import { defineRoutes } from "../../../../edge-verifier/policy/rule.ts";
import type { RouteRule } from "../../../../edge-verifier/policy/rule.ts";
import { echoOf, makeFixture, problemOf } from "../fixture.ts";
import type { Fixture } from "../fixture.ts";

const routes = defineRoutes([
  { path: "/billing/v1/:id", require: {}, origin: "billing", stripPrefix: "/billing/v1" },
  { path: "/billing/*", require: {}, origin: "billing", stripPrefix: "/billing" },
  { path: "/search-2/*", allow: "anyone", origin: "search-2" },
  { path: "/app/*", require: {}, stripPrefix: "/app" },
  { path: "/*", require: {} },
]);

const bound = { fetch: (request: Request): Promise<Response> => platform.ORIGIN.fetch(request) };
const vars = { ORIGIN_BILLING: bound, ORIGIN_URL_BILLING: "https://billing.test/base/", ORIGIN_SEARCH_2: bound };

const use = async (more: Record<string, unknown> = {}): Promise<Fixture> =>
  makeFixture({ routes, vars: { ...vars, ...more } });

describe("a request of a rule that names its origin", () => {
  test.each([
    ["/billing/invoices?a=/..", "https://billing.test/base/invoices?a=/.."],
    ["/billing", "https://billing.test/base/"],
    ["/billing/", "https://billing.test/base/"],
    ["/billing/v1/7", "https://billing.test/base/7"],
    ["/billing/v1/7/x", "https://billing.test/base/v1/7/x"],
    ["/search-2/x", "https://search-2.origin.invalid/search-2/x"],
    ["/app/x", "https://origin.invalid/x"],
    ["/app", "https://origin.invalid/"],
    ["/apple", "https://origin.invalid/apple"],
    ["/other", "https://origin.invalid/other"],
  ])("%s goes to %s", async (path, url) => {
    const fixture = await use();
    expect((await echoOf(await fixture.sendAs({}, path))).url).toBe(url);
  });

  test.each(["/billing%2Finvoices", "/billing;v=1/x", "/BILLING/x", "/billing//x", "/bill%69ng/x"])(
    "%s is refused, and no origin is asked",
    async (path) => {
      const fixture = await use();
      expect(await problemOf(await fixture.sendAs({}, path))).toMatchObject({ status: 400, code: "path_ambiguous" });
      expect(fixture.originCalls()).toBe(0);
    },
  );

  test("needs its token there too, and the main origin is not asked", async () => {
    const fixture = await use();
    expect((await fixture.send("/billing/x")).status).toBe(401);
    expect((await fixture.sendAs({}, "/billing/x")).status).toBe(200);
    expect(fixture.originCalls()).toBe(0);
  });
});

describe("the answer of an origin behind a prefix", () => {
  const answering = (status: number, location: string): object => ({
    fetch: async (): Promise<Response> => new Response(null, { status, headers: { location } }),
  });

  test.each([
    ["https://billing.test/base/next?x", "https://api.example.com/billing/next?x"],
    ["/base/next", "https://api.example.com/billing/next"],
    ["https://billing.test/base", "https://api.example.com/billing"],
    ["next", null],
    ["/elsewhere", "/elsewhere"],
    ["https://other.test/x", "https://other.test/x"],
    ["https://billing.test/based", "https://billing.test/based"],
  ])("leads from %s to %s", async (there, here) => {
    const fixture = await use({ ORIGIN_BILLING: answering(302, there) });
    const response = await fixture.sendAs({}, "/billing/x");
    expect(response.headers.get("location")).toBe(here ?? there);
  });
});

describe("configuration", () => {
  const problemsOf = async (
    rule: Record<string, unknown>,
    more: Record<string, unknown> = {},
    features = allFeatures,
  ): Promise<readonly string[]> => {
    // A policy that was not type-checked.
    const rules = [{ path: "/billing/:id/*", require: {}, ...rule }] as unknown as readonly RouteRule[];
    const fixture = await makeFixture({ routes: rules, vars: more, features });
    const response = await fixture.sendAs({}, "/billing/7/x");
    const { refusal } = fixture.events[0] ?? {};
    if (response.status === 200 || refusal?.code !== "config_invalid") return [];
    return refusal.problems.map(({ variable, problem }) => `${variable} ${problem}`);
  };

  test("of an origin that nothing says the place of", async () => {
    expect(await problemsOf({ origin: "billing" })).toEqual([
      "ORIGIN_URL_BILLING is missing, and so is the binding ORIGIN_BILLING",
    ]);
  });

  test("of an origin whose URL or binding is none", async () => {
    expect(await problemsOf({ origin: "a" }, { ORIGIN_URL_A: "ftp://x" })).toEqual([
      expect.stringMatching(/^ORIGIN_URL_A must /),
    ]);
    expect(await problemsOf({ origin: "a" }, { ORIGIN_A: "x" })).toEqual(["ORIGIN_A must be a binding with fetch"]);
  });

  test.each(["ORIGIN_BILLING", "ORIGIN_URL_BILLING", "ORIGIN_URLS"])(
    "of an origin that no rule names: %s",
    async (name) => {
      expect(await problemsOf({}, { [name]: "https://x.test" })).toEqual([
        `${name} has no effect: no rule names this origin`,
      ]);
    },
  );

  test.each(["", "Billing", "a_b", "-a", "a-", "url", "url-x", "timeout-seconds", "a.b", 7, null, undefined])(
    "of a text that is no name: %j",
    async (origin) => {
      expect(await problemsOf({ origin })).toEqual([expect.stringMatching(/^routes\[0\] origin must be a name/)]);
    },
  );

  test.each([
    "",
    "/",
    "billing",
    "/billing/",
    "/billing/*",
    "/bill",
    "/billing/:id",
    "/billing/7",
    "/Billing",
    7,
    undefined,
  ])("of a prefix with which the rule's path does not begin: %j", async (stripPrefix) => {
    expect(await problemsOf({ stripPrefix })).toEqual([expect.stringMatching(/^routes\[0\] stripPrefix must be/)]);
  });

  test.each([
    [{ origin: "a" }, {}],
    [{ stripPrefix: "/billing" }, {}],
    [{}, { ORIGIN_URL_A: "https://a.test" }],
    [{}, { ORIGIN_A: bound }],
  ])("that needs the feature while it is left out: %j %j", async (rule, more) => {
    const without = allFeatures.filter(({ name }) => name !== "origins");
    const [problem, ...others] = await problemsOf(rule, more, without);
    expect(problem).toMatch(/needs the feature origins: add it in features\.ts$/);
    expect(others).toEqual([]);
  });

  test("that is complete is no problem", async () => {
    expect(await problemsOf({ origin: "a", stripPrefix: "/billing" }, { ORIGIN_A: bound })).toEqual([]);
    expect(await problemsOf({}, { ORIGIN_URL: "https://a.test", ORIGIN_TIMEOUT_SECONDS: "5" })).toEqual([]);
  });
});

test("tolerated oddities and prefixes go together: the raw text behind the prefix is forwarded", async () => {
  const fixture = await makeFixture({
    routes: defineRoutes([
      { path: "/billing/*", require: {}, origin: "billing", stripPrefix: "/billing", tolerate: ["encoded_slash"] },
    ]),
    vars: { ORIGIN_BILLING: bound },
  });
  expect((await echoOf(await fixture.sendAs({}, "/billing/a%2Fb"))).url).toBe("https://billing.origin.invalid/a%2Fb");
  expect((await fixture.sendAs({}, "/billing%2Fb")).status).toBe(400);
});
