/** Cookies that an origin sets for its own host and paths are cookies of the gateway's. */
import { describe, expect, test } from "vitest";
import { allFeatures } from "../../../../edge-verifier/features/all.ts";
import { correctCookie } from "../../../../edge-verifier/features/origin-cookies.ts";
import { makeFixture } from "../fixture.ts";

const target = (authority: string) => ({ scheme: "https", authority, path: "/billing/x", query: "" });
const here = target("api.example.com");

describe("Path", () => {
  test.each([
    ["https://o.test/v2", "", "/v2", "/"],
    ["https://o.test/v2", "", "/v2/", "/"],
    ["https://o.test/v2", "", "/v2/a", "/a"],
    ["https://o.test/v2", "", "/", "/"],
    ["https://o.test/v2", "", "/v", "/v"],
    ["https://o.test/v2", "", "/v22", "/v22"],
    ["https://o.test/v2", "", "/other", "/other"],
    ["https://o.test/v2", "/billing", "/v2/a", "/billing/a"],
    ["https://o.test/v2", "/billing", "/v2", "/billing"],
    ["https://o.test/v2", "/billing", "/", "/billing"],
    ["https://o.test/a/b", "/billing", "/a", "/billing"],
    ["https://o.test/a/b", "/billing", "/a/", "/billing"],
    ["https://o.test", "/billing", "/", "/billing"],
    ["https://o.test", "/billing", "/a", "/billing/a"],
    ["https://o.test", "", "/a", "/a"],
    ["https://o.test", "", "/", "/"],
  ])("of %s mounted at %j: %s becomes %s", (base, mount, path, expected) => {
    expect(correctCookie(`a=1; Path=${path}; HttpOnly`, here, { base, mount })).toBe(`a=1; Path=${expected}; HttpOnly`);
  });
});

describe("Domain", () => {
  const base = "https://billing.internal.example.net";

  test.each([
    ["the origin's host", "billing.internal.example.net"],
    ["with a dot before it", ".billing.internal.example.net"],
    ["one above it", "example.net"],
    ["in capitals", "Billing.Internal.Example.NET"],
  ])("goes when it is %s", (_name, domain) => {
    expect(correctCookie(`a=1; Domain=${domain}; Secure`, here, { base, mount: "" })).toBe("a=1; Secure");
  });

  test.each([
    ["one that has both hosts", "example.com", "https://billing.example.com"],
    ["the gateway's own", "api.example.com", base],
    ["one of a stranger, which browsers refuse", "evil.example", base],
    ["one that only ends alike", "xample.net", base],
  ])("stays when it is %s", (_name, domain, origin) => {
    const cookie = `a=1; Domain=${domain}`;
    expect(correctCookie(cookie, here, { base: origin, mount: "" })).toBe(cookie);
    expect(correctCookie(cookie, target("api.example.com:8443"), { base: origin, mount: "" })).toBe(cookie);
  });
});

test.each([
  "a=1",
  "a=Path=/v2; Max-Age=1",
  'a="x; y"; Secure',
  "a=1; path; domain",
  "a=1; Path=; Secure",
  "a=1; Path=v2",
  "a=1; Domain=",
  "a=; Expires=Wed, 21 Oct 2026 07:28:00 GMT; SameSite=Lax; Partitioned",
])("%s stays as it is", (cookie) => {
  expect(correctCookie(cookie, here, { base: "https://o.test/v2", mount: "/billing" })).toBe(cookie);
});

test("each Set-Cookie of an answer is corrected by itself, and none without the feature", async () => {
  const sent: [string, string][] = [
    ["set-cookie", "a=1; Path=/v2/x; Domain=billing.test"],
    ["set-cookie", "b=2; PATH = /v2"],
    ["set-cookie", "c=3"],
  ];
  const ORIGIN_BILLING = { fetch: () => Promise.resolve(new Response("ok", { headers: sent })) };
  const options = {
    routes: [{ path: "/billing/*", allow: "anyone", origin: "billing", stripPrefix: "/billing" }],
    vars: { ORIGIN_BILLING, ORIGIN_URL_BILLING: "https://billing.test/v2" },
  } as const;
  const cookiesWith = async (features: typeof allFeatures): Promise<readonly string[]> =>
    (await (await makeFixture({ ...options, features })).send("/billing/x")).headers.getSetCookie();
  expect(await cookiesWith(allFeatures)).toEqual(["a=1; Path=/billing/x", "b=2; Path=/billing", "c=3"]);
  const without = allFeatures.filter(({ name }) => name !== "originCookies");
  expect(await cookiesWith(without)).toEqual(sent.map(([, value]) => value));
});
