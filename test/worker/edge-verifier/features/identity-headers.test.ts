/** Headers of a gateway's own choice that tell the origin who calls. */
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../../shared/json.ts";
import type { Echo } from "../../../support/echo-origin.ts";
import { configure, echoOf, makeFixture } from "../fixture.ts";

describe("configured identity headers", () => {
  const IDENTITY_HEADERS = JSON.stringify({
    "X-User-Id": "sub",
    "x-tenant": "tenant",
    "x-level": "level",
    "x-plan": ["subscription", "plan"],
    "x-claim": "https://example.com/a.b",
    "x-scopes": "scope",
  });
  const headersWith = async (claims: JsonObject, headers: Record<string, string> = {}): Promise<Echo["headers"]> => {
    const configured = await makeFixture({ vars: { IDENTITY_HEADERS } });
    return (await echoOf(await configured.sendAs(claims, "/api/x", { headers }))).headers;
  };

  test("take the place of the default ones", async () => {
    const claims = {
      sub: "user-7",
      tenant: "Zoë",
      level: 0,
      subscription: { plan: true },
      "https://example.com/a.b": "c",
      scope: ["a", "b"],
    };
    const headers = await headersWith(claims);
    expect(headers).toMatchObject({
      "x-user-id": "user-7",
      "x-tenant": "Zo%C3%AB",
      "x-level": "0",
      "x-plan": "true",
      "x-claim": "c",
      "x-scopes": "a b",
    });
    expect(Object.keys(headers).filter((name) => name.startsWith("x-sealgate"))).toEqual([]);
  });

  test.each([
    ["missing", {}],
    ["null", { tenant: null }],
    ["an object", { tenant: { id: "acme" } }],
    ["an array", { tenant: ["acme"] }],
    ["empty", { tenant: "" }],
    ["a number whose last digits are lost", { tenant: 9_007_199_254_740_992 }],
  ])("whose claim is %s are removed, in every spelling that the client sends", async (_name, claims) => {
    for (const name of ["x-tenant", "X_Tenant", "x.tenant", "X-Tenant"]) {
      const headers = await headersWith(claims, { [name]: "evil" });
      expect(Object.values(headers)).not.toContain("evil");
      expect(headers["x-tenant"]).toBeUndefined();
    }
  });

  test("are removed on open routes too", async () => {
    const configured = await makeFixture({ vars: { IDENTITY_HEADERS } });
    const response = await configured.send("/public/x", { headers: { x_user_id: "evil", "x-tenant": "evil" } });
    expect(Object.values((await echoOf(response)).headers)).not.toContain("evil");
  });

  test("too long to be forwarded whole: 403, never cut", async () => {
    const configured = await makeFixture({ vars: { IDENTITY_HEADERS } });
    expect((await configured.sendAs({ tenant: "x".repeat(2049) }, "/api/x")).status).toBe(403);
    expect(configured.events.at(-1)?.refusal).toEqual({ code: "identity_too_long", claim: "tenant" });
  });

  test.each([
    ["no object", "sub"],
    ["no JSON", "{"],
    ["a header that the gateway sets itself", { "x-forwarded-for": "sub" }],
    ["a header that frames the message", { "content-length": "sub" }],
    ["one header in two spellings", { "X-User": "sub", "x-user": "sub" }],
    ["a claim without a name", { "x-user": "" }],
    ["a path of nothing", { "x-user": [] }],
    ["too many", Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`x-header-${index}`, "sub"]))],
  ])("are refused at start: %s", async (_name, IDENTITY_HEADERS_WRONG) => {
    const { problems } = await configure({ IDENTITY_HEADERS: IDENTITY_HEADERS_WRONG });
    expect(problems.map(({ variable }) => variable)).toEqual(["IDENTITY_HEADERS"]);
  });
});

describe("a header that is a list", () => {
  const IDENTITY_HEADERS = {
    "x-roles": { list: "roles" },
    "x-groups": { list: ["realm_access", "groups"] },
  };
  const ask = async (claims: JsonObject): Promise<Echo["headers"] | object> => {
    const fixture = await makeFixture({ vars: { IDENTITY_HEADERS } });
    const response = await fixture.sendAs(claims, "/api/x", { headers: { "x-roles": "evil", x_groups: "evil" } });
    if (response.status === 200) return (await echoOf(response)).headers;
    expect(response.status).toBe(403);
    return { refusal: fixture.events.at(-1)?.refusal };
  };

  test.each([
    [{ roles: ["admin", "ops"] }, { "x-roles": "admin,ops" }],
    [
      { roles: ["admin"], realm_access: { groups: ["/a b", "/ü"] } },
      { "x-roles": "admin", "x-groups": "/a b,/%C3%BC" },
    ],
    [{ roles: "admin" }, { "x-roles": "admin" }],
    [{ roles: [1, 2.5, 9_007_199_254_740_991] }, { "x-roles": "1,2.5,9007199254740991" }],
    [{ roles: [true] }, { "x-roles": "true" }],
    [{ roles: ["100%"] }, { "x-roles": "100%25" }],
  ])("%j reaches the origin as %j", async (claims, headers) => {
    expect(await ask(claims)).toMatchObject(headers);
  });

  test.each([[{}], [{ roles: [] }], [{ roles: null }], [{ roles: { a: 1 } }], [{ roles: "" }]])(
    "%j sets no header, and the client's is removed",
    async (claims) => {
      const headers = await ask(claims);
      expect(Object.values(headers)).not.toContain("evil");
      expect(headers).not.toHaveProperty("x-roles");
    },
  );

  test.each([
    ["a comma in an element", ["admin,ops"]],
    ["a comma in a text that is no list", "admin,ops"],
    ["an empty element", ["admin", ""]],
    ["white space around an element", ["admin", " ops"]],
    ["white space of Unicode around an element", ["admin", "ops\u3000"]],
    ["elements of two kinds", ["1", 1]],
    ["a list in the list", [["admin"]]],
    ["an object in the list", [{ name: "admin" }]],
    ["nothing in the list", ["admin", null]],
    ["a number that has lost its last digits", [9_007_199_254_740_992]],
  ])("%s cannot be told apart: 403", async (_name, roles) => {
    expect(await ask({ roles })).toEqual({ refusal: { code: "identity_ambiguous", claim: "roles" } });
  });

  test.each([
    { list: "" },
    { list: [] },
    { list: "scope" },
    { lists: "roles" },
    { list: "roles", of: 1 },
    {},
    { list: { list: "a" } },
  ])("is refused at start as %j", async (source) => {
    const { problems } = await configure({ IDENTITY_HEADERS: { "x-roles": source } });
    expect(problems.map(({ variable }) => variable)).toEqual(["IDENTITY_HEADERS"]);
  });
});
