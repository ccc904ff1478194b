/** The entry of each provider: what is known of it, what only the user knows, and what cannot be an entry. */
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { parseForeignIssuer } from "../../../../../shared/foreign/issuer.ts";
import { jsonOf } from "../support.ts";
import { useIssuersWorld } from "./world.ts";

const { add, names, network, standIn } = useIssuersWorld();

/** What a user has to say of each provider, and what is found out. */
const ANSWERS: Readonly<Record<string, readonly [argv: readonly string[], entry: object]>> = {
  Auth0: [["--audience", "https://api.acme.example"], { issuer: "https://acme.eu.auth0.com/", algs: ["RS256"] }],
  Cognito: [["--client-id", "57cbishk4j24pabc1234567890"], { claims: { token_use: ["access"] }, typs: ["none"] }],
  "Entra ID, v2.0 tokens": [
    ["--audience", "6e74172b-be56-4843-9ff4-e66a39bb12e3"],
    { algs: ["RS256"], claims: { tid: ["3338040d-6c67-4c5b-b112-36a304b66d00"] } },
  ],
  "Entra ID, v1.0 tokens": [
    ["--audience", "api://orders"],
    { claims: { tid: ["3338040d-6c67-4c5b-b112-36a304b66d00"] } },
  ],
  Okta: [["--audience", "api://default"], { issuer: "https://acme.okta.com/oauth2/default" }],
  "Google service account": [
    ["--audience", "https://api.acme.example", "--claim", "sub=112233445566778899001"],
    { claims: { sub: ["112233445566778899001"] } },
  ],
  Firebase: [[], { audiences: ["acme-prod"] }],
  Keycloak: [["--audience", "orders-api"], { algs: ["RS256", "ES256"], claims: { typ: ["Bearer"] } }],
  "GitHub Actions": [
    ["--audience", "https://api.acme.example", "--claim", "repository_owner_id=65", "--claim", "ref=refs/heads/main"],
    { claims: { repository_owner_id: ["65"], ref: ["refs/heads/main"] } },
  ],
  "Cloudflare Access": [
    ["--audience", "4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2"],
    { claims: { type: ["app"] } },
  ],
};

test.each(Object.entries(ANSWERS))("%s: the entry that the Worker takes", async (name, [argv, expected]) => {
  const { entry } = standIn(name);
  const printed = jsonOf(await add(entry.issuer, ...argv, "--json"));
  expect(printed).toMatchObject({ issuer: entry.issuer, jwks_uri: entry.jwks_uri, ...expected });
  expect(parseForeignIssuer(printed).ok).toBe(true);
});

test("the list above is complete", () => {
  expect(Object.keys(ANSWERS)).toEqual(names());
});

describe("what only the user knows is asked for", () => {
  test.each([
    ["the audience", "Okta", [], "pass --audience"],
    ["the client, where access tokens have no aud", "Cognito", ["--audience", "x"], "pass --client-id"],
    ["the tenant: GitHub Actions", "GitHub Actions", ["--audience", "x"], "pass --claim repository_owner_id=<yours>"],
    ["the tenant: Google", "Google service account", ["--audience", "x"], "pass --claim hd=<yours>"],
    [
      "a claim that names no tenant",
      "GitHub Actions",
      ["--audience", "x", "--claim", "ref=main"],
      "GitHub Actions serves many tenants",
    ],
  ])("%s", async (_name, provider, argv, message) => {
    const run = await add(standIn(provider).entry.issuer, ...argv);
    expect([run.code, run.out]).toEqual([EXIT.usage, ""]);
    expect(run.err).toContain(message);
  });
});

test("the issuer of all personal accounts of Microsoft: its tenant is no tenant of yours", async () => {
  const issuer = "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";
  const { entry } = standIn("Okta");
  network().serve(`${issuer}/.well-known/openid-configuration`, { issuer, jwks_uri: entry.jwks_uri });
  expect((await add(issuer, "--audience", "x")).err).toContain("pass --claim oid=<yours> (or sub)");
  const printed = jsonOf(await add(issuer, "--audience", "x", "--claim", "oid=1", "--json"));
  expect(printed).toMatchObject({ claims: { oid: ["1"] } });
});

test("Okta's org server, whose tokens only Okta verifies", async () => {
  const okta = standIn("Okta");
  network().serve("https://acme.okta.com/.well-known/openid-configuration", {
    issuer: "https://acme.okta.com",
    jwks_uri: okta.entry.jwks_uri,
  });
  expect((await add("https://acme.okta.com", "--audience", "x")).err).toContain("only Okta may verify");
});
