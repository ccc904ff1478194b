/** Credentials that come beside the token that was verified, and whether the origin sees them. */
import { describe, expect, test } from "vitest";
import { defineRoutes } from "../../../../edge-verifier/policy/rule.ts";
import { echoOf, makeFixture } from "../fixture.ts";

describe("credentials beside the token that was checked", () => {
  const routes = defineRoutes([
    { path: "/api/*", require: {} },
    { path: "/optional/*", allow: "anonymous" },
    { path: "/trial/*", require: { scope: ["trial"] }, mode: "report" },
    { path: "/public/*", allow: "anyone" },
  ]);
  const forged = "Bearer ey.forged.x";

  /** What the origin sees in Authorization. */
  const seen = async (
    TOKEN_CARRIERS: string,
    path: string,
    authorization: string,
    cookie: boolean,
  ): Promise<unknown> => {
    const fixture = await makeFixture({ routes, vars: { TOKEN_CARRIERS, TOKEN_COOKIE: "token" } });
    const good = await fixture.token();
    const headers = {
      authorization: authorization.replace("GOOD", good),
      ...(cookie ? { cookie: `token=${good}` } : {}),
    };
    const response = await fixture.send(path, { headers });
    if (response.status !== 200) return response.status;
    const value = (await echoOf(response)).headers["authorization"];
    return value?.replace(good, "GOOD");
  };

  test.each([
    ["a forged token beside a good cookie", "cookie", "/api/x", forged, true, undefined],
    ["the same where a token is optional", "cookie", "/optional/x", forged, true, undefined],
    ["a forged token of nobody, where only cookies are looked at", "cookie", "/optional/x", forged, false, undefined],
    [
      "a forged token beside a good cookie, where both are looked at",
      "authorization,cookie",
      "/api/x",
      forged,
      true,
      400,
    ],
    ["another scheme beside a good cookie", "authorization,cookie", "/api/x", "Basic YTpi", true, undefined],
    ["another scheme beside a good cookie on a rule that reports", "cookie", "/trial/x", "Basic YTpi", true, undefined],
    ["the token that was checked", "authorization,cookie", "/api/x", "Bearer GOOD", false, "Bearer GOOD"],
    [
      "another scheme where a token is optional",
      "authorization,cookie",
      "/optional/x",
      "Basic YTpi",
      false,
      "Basic YTpi",
    ],
    ["anything, on an open rule", "cookie", "/public/x", forged, true, forged],
    ["anything, on a rule that only reports a missing token", "cookie", "/trial/x", forged, false, forged],
  ])("%s (%s, %s)", async (_name, locations, path, authorization, cookie, expected) => {
    expect(await seen(locations, path, authorization, cookie)).toBe(expected);
  });
});
