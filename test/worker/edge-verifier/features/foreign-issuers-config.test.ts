/** Other issuers and the rules that name them, checked when the gateway starts: what is unused or misspelt is config_invalid. */
import { beforeAll, describe, expect, test } from "vitest";
import { allFeatures } from "../../../../edge-verifier/features/all.ts";
import { defineRoutes } from "../../../../edge-verifier/policy/rule.ts";
import type { RoutePolicy } from "../../../../edge-verifier/policy/rule.ts";
import { makeStandIns, standInNamed } from "../../../support/stand-in-issuers.ts";
import type { Changes, StandInIssuer } from "../../../support/stand-in-issuers.ts";
import { makeFixture } from "../fixture.ts";

let standIns: readonly StandInIssuer[];
let okta: StandInIssuer;
let auth0: StandInIssuer;
beforeAll(async () => {
  standIns = await makeStandIns();
  okta = standInNamed(standIns, "Okta");
  auth0 = standInNamed(standIns, "Auth0");
});

const OKTA = "https://acme.okta.com/oauth2/default";

const ROUTES: RoutePolicy = defineRoutes([
  { path: "/public/*", allow: "anyone" },
  { path: "/*", require: { anyOf: [{ issuers: [OKTA] }, { issuers: ["https://acme.eu.auth0.com/"] }] } },
]);

describe("at start", () => {
  const problemsWith = async (
    vars: Changes,
    routes: RoutePolicy = ROUTES,
    features = allFeatures,
  ): Promise<readonly string[]> => {
    const gateway = await makeFixture({ routes, vars, features });
    await gateway.send("/public/x");
    const { refusal } = gateway.events.at(-1) ?? {};
    return refusal?.code === "config_invalid"
      ? refusal.problems.map(({ variable, problem }) => `${variable} ${problem}`)
      : [];
  };

  test("a complete configuration has no problem", async () => {
    expect(await problemsWith({ FOREIGN_ISSUERS: [okta.entry, auth0.entry] })).toEqual([]);
  });

  test("an issuer that no rule names", async () => {
    const google = standInNamed(standIns, "Google service account").entry;
    expect(await problemsWith({ FOREIGN_ISSUERS: [okta.entry, auth0.entry, google] })).toEqual([
      "FOREIGN_ISSUERS has an issuer that no rule names: https://accounts.google.com",
    ]);
  });

  test("a rule that names one without its slash", async () => {
    const routes = defineRoutes([{ path: "/*", require: { issuers: [OKTA, "https://acme.eu.auth0.com"] } }]);
    expect(await problemsWith({ FOREIGN_ISSUERS: [okta.entry] }, routes)).toEqual([
      'routes[0] issuers must name "own" or issuers of FOREIGN_ISSUERS, exactly as they are written there',
    ]);
  });

  test("rules that name issuers, and no variable", async () => {
    const routes = defineRoutes([{ path: "/*", require: { issuers: ["own", OKTA] } }]);
    expect(await problemsWith({}, routes)).toHaveLength(1);
  });

  test.each([[[]], ["own"], [[7]], [{}]])("a rule of which issuers is %j", async (issuers) => {
    const routes = [{ path: "/*", require: { issuers } }] as unknown as RoutePolicy;
    expect((await problemsWith({}, routes)).join()).toMatch(/^routes\[0\] issuers must/);
  });

  test("entries that are wrong, all of them named", async () => {
    const problems = await problemsWith({
      FOREIGN_ISSUERS: [
        { ...okta.entry, algs: [] },
        { ...auth0.entry, audiences: undefined },
      ],
    });
    expect(problems.filter((one) => one.startsWith("FOREIGN_ISSUERS"))).toEqual([
      expect.stringContaining("[0] algs must be a list"),
      expect.stringContaining("[1] audiences is missing"),
    ]);
  });

  test("the feature that is not listed", async () => {
    const routes = defineRoutes([{ path: "/*", require: { issuers: ["own"] } }]);
    expect(await problemsWith({ FOREIGN_ISSUERS: [okta.entry] }, routes, [])).toEqual([
      "FOREIGN_ISSUERS needs the feature foreignIssuers: add it in features.ts",
      "routes[0] issuers needs the feature foreignIssuers: add it in features.ts",
    ]);
  });
});
