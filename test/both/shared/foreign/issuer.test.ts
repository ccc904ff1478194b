/** Entries of FOREIGN_ISSUERS: what may be written, and that nothing which is left out switches a check off. */
import { describe, expect, test } from "vitest";
import { parseForeignIssuer, parseForeignIssuers, parseJwksUri } from "../../../../shared/foreign/issuer.ts";

const ENTRY = {
  issuer: "https://login.acme.example/",
  jwks_uri: "https://login.acme.example/.well-known/jwks.json",
  algs: ["RS256"],
  audiences: ["https://api.acme.example"],
};

function problemsOf(entry: unknown): readonly string[] {
  const parsed = parseForeignIssuer(entry);
  return parsed.ok ? [] : parsed.error;
}

test("an entry of the least members has the documented defaults", () => {
  expect(parseForeignIssuer(ENTRY)).toEqual({
    ok: true,
    value: {
      issuer: ENTRY.issuer,
      jwksUri: ENTRY.jwks_uri,
      algs: new Set(["RS256"]),
      typs: new Set([undefined, "jwt", "at+jwt"]),
      audiences: ENTRY.audiences,
      clientIds: undefined,
      pins: [],
      scopeClaim: undefined,
      maxTokenTtlSeconds: 86_400,
      clockSkewSeconds: 60,
      maxStaleSeconds: 3600,
      sharesSubjects: false,
    },
  });
});

test.each([
  ["no object", "x", /must be an object/],
  ["an unknown member", { ...ENTRY, audience: "x" }, /audience \(use audiences\)/],
  ["no issuer", { ...ENTRY, issuer: undefined }, /^issuer must be/],
  ["an issuer in clear", { ...ENTRY, issuer: "http://login.acme.example" }, /^issuer must use https/],
  ["no keys", { ...ENTRY, jwks_uri: undefined }, /^jwks_uri must be an absolute URL/],
  ["no algs", { ...ENTRY, algs: undefined }, /^algs is missing/],
  ["an empty list of algs", { ...ENTRY, algs: [] }, /^algs must be a list/],
  ["an algorithm with a secret", { ...ENTRY, algs: ["RS256", "HS256"] }, /^algs must be a list/],
  ["none", { ...ENTRY, algs: ["none"] }, /^algs must be a list/],
  ["neither audience nor client", { ...ENTRY, audiences: undefined }, /^audiences is missing/],
  ["an empty list of audiences", { ...ENTRY, audiences: [] }, /^audiences must be a list/],
  ["audiences as a text", { ...ENTRY, audiences: "x" }, /^audiences must be a list/],
  ["clients alone", { ...ENTRY, audiences: undefined, client_ids: ["web"] }, /ID token/],
  ["clients beside an audience", { ...ENTRY, client_ids: ["web"] }, /ID token/],
  ["clients with a typ that ID tokens have", { ...ENTRY, client_ids: ["web"], typs: ["JWT", "at+jwt"] }, /ID token/],
  [
    "clients with a claim that says nothing of it",
    { ...ENTRY, client_ids: ["web"], claims: { azp: ["web"] } },
    /ID token/,
  ],
  ["an unknown typ", { ...ENTRY, typs: ["dpop+jwt"] }, /^typs must be a list of 1 to 64 of jwt, at\+jwt, none/],
  ["claims that are no object", { ...ENTRY, claims: [] }, /^claims must be an object/],
  ["claims of nothing", { ...ENTRY, claims: {} }, /^claims must be an object/],
  ["a claim without values", { ...ENTRY, claims: { tid: [] } }, /^claims\.tid must be a list/],
  ["a claim's value alone", { ...ENTRY, claims: { tid: "x" } }, /^claims\.tid must be a list/],
  ["a claim's empty value", { ...ENTRY, claims: { tid: [""] } }, /^claims\.tid must be a list/],
  ["a scope claim without a name", { ...ENTRY, scope_claim: "" }, /^scope_claim must be/],
  ["another kind of subjects", { ...ENTRY, subjects: "own" }, /^subjects must be/],
  ["a lifetime of 0", { ...ENTRY, max_token_ttl: 0 }, /^max_token_ttl must be a whole number of seconds from 1/],
  ["a lifetime without end", { ...ENTRY, max_token_ttl: 604_801 }, /^max_token_ttl must be/],
  ["a leeway of minutes", { ...ENTRY, clock_skew: 301 }, /^clock_skew must be/],
  ["a duration as text", { ...ENTRY, clock_skew: "60" }, /^clock_skew must be/],
  ["keys that never grow old", { ...ENTRY, max_stale: 86_401 }, /^max_stale must be/],
])("%s is refused", (_name, entry, problem) => {
  expect(problemsOf(JSON.parse(JSON.stringify(entry))).join("\n")).toMatch(problem);
});

test.each([
  ["token_use", { claims: { token_use: ["access"] } }],
  ["the payload's typ", { claims: { typ: ["Bearer"] } }],
  ["RFC 9068's typ", { typs: ["at+jwt"] }],
])("clients are taken with %s, which no ID token has", (_name, more) => {
  const { issuer, jwks_uri, algs } = ENTRY;
  expect(problemsOf({ issuer, jwks_uri, algs, client_ids: ["web"], ...more })).toEqual([]);
});

describe("an issuer that serves many tenants needs a claim that names ours", () => {
  const google = {
    ...ENTRY,
    issuer: "https://accounts.google.com",
    jwks_uri: "https://www.googleapis.com/oauth2/v3/certs",
  };
  const entra = { ...ENTRY, issuer: "https://login.microsoftonline.com/3338040d-6c67-4c5b-b112-36a304b66d00/v2.0" };
  test.each([
    ["GitHub Actions", { ...ENTRY, issuer: "https://token.actions.githubusercontent.com" }, "repository_owner_id"],
    [
      "GitHub Actions of an enterprise",
      { ...ENTRY, issuer: "https://token.actions.githubusercontent.com/acme" },
      "repository_id",
    ],
    ["GitHub Actions on ghe.com", { ...ENTRY, issuer: "https://token.actions.acme.ghe.com" }, "sub"],
    ["GitLab.com", { ...ENTRY, issuer: "https://gitlab.com" }, "project_id"],
    ["Google", google, "hd"],
    ["Apple", { ...ENTRY, issuer: "https://appleid.apple.com" }, "sub"],
    ["Facebook", { ...ENTRY, issuer: "https://www.facebook.com" }, "sub"],
    ["LinkedIn", { ...ENTRY, issuer: "https://www.linkedin.com/oauth" }, "sub"],
    ["Slack", { ...ENTRY, issuer: "https://slack.com" }, "sub"],
    ["Twitch", { ...ENTRY, issuer: "https://id.twitch.tv/oauth2" }, "sub"],
    ["Buildkite", { ...ENTRY, issuer: "https://agent.buildkite.com" }, "organization_slug"],
    ["HCP Terraform", { ...ENTRY, issuer: "https://app.terraform.io" }, "terraform_organization_id"],
    ["Vercel", { ...ENTRY, issuer: "https://oidc.vercel.com" }, "owner_id"],
    [
      "Entra's common keys",
      { ...entra, jwks_uri: "https://login.microsoftonline.com/common/discovery/v2.0/keys" },
      "tid",
    ],
    [
      "Entra's personal accounts",
      { ...entra, issuer: "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0" },
      "oid",
    ],
  ])("%s", (_name, entry, claim) => {
    expect(problemsOf(entry)).toEqual([expect.stringContaining("claims must name yours among the tenants of")]);
    expect(problemsOf({ ...entry, claims: { email_verified: [true] } })).toHaveLength(1);
    expect(problemsOf({ ...entry, claims: { [claim]: ["mine"] } })).toEqual([]);
  });

  test("the tenant of all personal accounts: its tid pins no account", () => {
    const tenant = "9188040d-6c67-4c5b-b112-36a304b66dad";
    const personal = {
      ...entra,
      issuer: `https://login.microsoftonline.com/${tenant}/v2.0`,
      claims: { tid: [tenant] },
    };
    expect(problemsOf(personal)).toEqual([expect.stringContaining("Entra ID's personal accounts: oid (or sub)")]);
  });

  test("a tenant's own keys and issuer need none", () => {
    const jwks_uri = "https://login.microsoftonline.com/3338040d-6c67-4c5b-b112-36a304b66d00/discovery/v2.0/keys";
    expect(problemsOf({ ...entra, jwks_uri })).toEqual([]);
  });
});

test.each([
  "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a",
  "https://cognito-idp.cn-north-1.amazonaws.com.cn/x",
])("an entry for Cognito without token_use would take ID tokens for access tokens: %s", (issuer) => {
  const entry = { ...ENTRY, issuer };
  expect(problemsOf(entry)).toEqual([expect.stringMatching(/^claims must have token_use/)]);
  expect(problemsOf({ ...entry, claims: { token_use: ["access"] } })).toEqual([]);
});

describe("where keys are read from", () => {
  test.each([
    ["http://login.acme.example/jwks"],
    ["https://login.acme.example:8443/jwks"],
    ["https://user:secret@login.acme.example/jwks"],
    ["https://login.acme.example/jwks#keys"],
    ["https://169.254.169.254/latest/meta-data"],
    ["https://0xa9fea9fe/"],
    ["https://2852039166/"],
    ["https://127.1/"],
    ["https://[::1]/jwks"],
    ["https://[::ffff:169.254.169.254]/"],
    ["https://localhost/jwks"],
    ["https://metadata.google.internal/computeMetadata/v1/"],
    ["https://kubernetes.default.svc.cluster.local/openid/v1/jwks"],
    ["https://a.localhost/jwks"],
    ["https://login.acme.example./jwks"],
    ["https://*.acme.example/jwks"],
    ["file:///etc/passwd"],
    ["data:application/json,{}"],
    ["/jwks"],
    [`https://login.acme.example/${"x".repeat(2048)}`],
  ])("%s is refused", (url) => {
    expect(parseJwksUri(url).ok).toBe(false);
  });

  test("a query is part of the address", () => {
    const url = "https://login.microsoftonline.com/x/discovery/keys?appid=6e74172b-be56-4843-9ff4-e66a39bb12e3";
    expect(parseJwksUri(url)).toMatchObject({ ok: true, value: { href: url } });
    expect(parseJwksUri("https://login.acme.example:443/jwks").ok).toBe(true);
  });
});

describe("the list", () => {
  const own = "https://auth.example.com";

  test("names each issuer once, and never the own one", () => {
    expect(parseForeignIssuers([ENTRY, ENTRY], own)).toMatchObject({
      error: ["[1] issuer stands in another entry already"],
    });
    expect(parseForeignIssuers([{ ...ENTRY, issuer: own }], own)).toMatchObject({
      error: ["[0] issuer must not be the own issuer"],
    });
  });

  test("reports the problems of all entries at once", () => {
    const parsed = parseForeignIssuers(
      [
        { ...ENTRY, algs: [] },
        { ...ENTRY, audiences: [] },
      ],
      own,
    );
    expect(parsed).toMatchObject({
      error: [expect.stringMatching(/^\[0\] algs/), expect.stringMatching(/^\[1\] audiences/)],
    });
  });

  test.each([[undefined], [{}], ["[]"], [[]], [Array.from({ length: 33 }, () => ENTRY)]])(
    "is an array of a few: %#",
    (value) => {
      expect(parseForeignIssuers(value, own)).toEqual({
        ok: false,
        error: ["must be a JSON array of 1 to 32 entries"],
      });
    },
  );
});
