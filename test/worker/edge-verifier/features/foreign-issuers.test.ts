/** Tokens of other issuers at the gateway, in workerd: which rules accept them, and what the origin is told. */
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { defineRoutes } from "../../../../edge-verifier/policy/rule.ts";
import type { RoutePolicy } from "../../../../edge-verifier/policy/rule.ts";
import type { ForeignIssuerEntry } from "../../../../shared/foreign/issuer.ts";
import { createForeignNetwork } from "../../../support/foreign-network.ts";
import type { ForeignNetwork } from "../../../support/foreign-network.ts";
import { makeStandIns, standInNamed } from "../../../support/stand-in-issuers.ts";
import type { StandInIssuer } from "../../../support/stand-in-issuers.ts";
import { echoOf, makeFixture, NOW, problemOf } from "../fixture.ts";
import type { Fixture, FixtureOptions } from "../fixture.ts";

let standIns: readonly StandInIssuer[];
let okta: StandInIssuer;
let auth0: StandInIssuer;
beforeAll(async () => {
  standIns = await makeStandIns();
  okta = standInNamed(standIns, "Okta");
  auth0 = standInNamed(standIns, "Auth0");
});

/** What the Worker's own `fetch` finds. */
let network: ForeignNetwork;
beforeEach(() => {
  network = createForeignNetwork();
  for (const { entry, jwkSet } of standIns) network.serve(entry.jwks_uri, jwkSet);
  vi.stubGlobal("fetch", network.fetch);
  vi.spyOn(console, "log").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const OKTA = "https://acme.okta.com/oauth2/default";
const AUTH0 = "https://acme.eu.auth0.com/";

const ROUTES: RoutePolicy = defineRoutes([
  { path: "/public/*", allow: "anyone" },
  { path: "/maybe/*", allow: "anonymous" },
  { path: "/own/*", require: {} },
  { path: "/okta/*", require: { issuers: [OKTA] } },
  { path: "/both/*", require: { issuers: ["own", OKTA], scope: ["orders:read"] } },
  { path: "/auth0/*", require: { issuers: [AUTH0], scope: ["orders:write"] } },
  {
    path: "/any/*",
    require: { anyOf: [{ scope: ["admin"] }, { issuers: [OKTA], claims: { uid: "00ujmkLgagxeRrAg20g3" } }] },
  },
  { path: "/all/*", require: { allOf: [{ issuers: ["own", OKTA] }, { scope: ["orders:read"] }] } },
  { path: "/shadow/*", mode: "report", require: { issuers: ["own"] } },
]);

async function gatewayWith(
  entries: readonly ForeignIssuerEntry[] = [okta.entry, auth0.entry],
  options: FixtureOptions = {},
): Promise<Fixture> {
  const vars = { FOREIGN_ISSUERS: JSON.stringify(entries), ...options.vars };
  return makeFixture({ routes: ROUTES, ...options, vars });
}

async function send(gateway: Fixture, path: string, token: string): Promise<Response> {
  return gateway.send(path, { headers: { authorization: `Bearer ${token}` } });
}

/** The status, or the identity headers of the forwarded request. */
async function outcomeOf(response: Response): Promise<unknown> {
  if (response.status !== 200) return `${response.status} ${(await problemOf(response)).code}`;
  const { headers } = await echoOf(response);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("x-sealgate-")));
}

const FOREIGN = { "x-sealgate-issuer": OKTA, "x-sealgate-foreign-subject": "user@acme.example" };

describe("a rule", () => {
  test.each([
    ["of no issuer is for own tokens", "/own/x", "403 policy_denied"],
    ["of anonymous callers is for own tokens", "/maybe/x", "403 policy_denied"],
    ["that names the issuer", "/okta/x", FOREIGN],
    ["that names both", "/both/x", FOREIGN],
    ["that names another", "/auth0/x", "403 policy_denied"],
    ["of which an alternative names it", "/any/x", FOREIGN],
    ["of which a part names it", "/all/x", FOREIGN],
    ["that is open to anyone", "/public/x", {}],
  ])("%s: %s", async (_name, path, outcome) => {
    const gateway = await gatewayWith();
    expect(await outcomeOf(await send(gateway, path, await okta.access(NOW)))).toEqual(outcome);
  });

  test.each([
    ["/own/x", { "x-sealgate-subject": "user-1", "x-sealgate-scope": "orders:read" }],
    ["/maybe/x", { "x-sealgate-subject": "user-1", "x-sealgate-scope": "orders:read" }],
    ["/okta/x", "403 policy_denied"],
    ["/both/x", { "x-sealgate-subject": "user-1", "x-sealgate-scope": "orders:read" }],
    ["/any/x", "403 policy_denied"],
    ["/all/x", { "x-sealgate-subject": "user-1", "x-sealgate-scope": "orders:read" }],
  ])("and own tokens: %s", async (path, outcome) => {
    const gateway = await gatewayWith();
    expect(await outcomeOf(await gateway.sendAs({ scope: "orders:read" }, path))).toEqual(outcome);
    expect(network.asked).toEqual([]);
  });

  test("an alternative that names no issuer is for own tokens, though another one names some", async () => {
    const gateway = await gatewayWith();
    const foreign = await okta.access(NOW, { scp: ["admin"], uid: "other" });
    expect(await outcomeOf(await send(gateway, "/any/x", foreign))).toBe("403 policy_denied");
    expect((await gateway.sendAs({ scope: "admin" }, "/any/x")).status).toBe(200);
  });

  test("asks for scopes where the issuer writes them", async () => {
    const gateway = await gatewayWith();
    expect((await send(gateway, "/auth0/x", await auth0.access(NOW))).status).toBe(200);
    const without = await auth0.access(NOW, { permissions: ["orders:read"], scope: "orders:write" });
    expect(await outcomeOf(await send(gateway, "/auth0/x", without))).toBe("403 insufficient_scope");
  });
});

describe("the origin", () => {
  test("never takes a foreign subject for one of ours, under any name of the headers", async () => {
    const IDENTITY_HEADERS = JSON.stringify({ "x-user-id": "sub", "x-tenant": "tid" });
    const gateway = await gatewayWith(undefined, { vars: { IDENTITY_HEADERS } });
    const response = await send(gateway, "/okta/x", await okta.access(NOW, { sub: "user-1", tid: "acme" }));
    const { headers } = await echoOf(response);
    expect(headers).toMatchObject({ "x-sealgate-issuer": OKTA, "x-sealgate-foreign-subject": "user-1" });
    expect([headers["x-user-id"], headers["x-tenant"], headers["x-sealgate-subject"]]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("sees no difference where both issuers name the same users", async () => {
    const gateway = await gatewayWith([{ ...okta.entry, subjects: "shared" }, auth0.entry]);
    expect(await outcomeOf(await send(gateway, "/okta/x", await okta.access(NOW)))).toEqual({
      "x-sealgate-subject": "user@acme.example",
      "x-sealgate-scope": "openid orders:read",
    });
  });

  test("cannot be told so by a client", async () => {
    const gateway = await gatewayWith();
    const headers = {
      "X-Sealgate-Issuer": "evil",
      x_sealgate_foreign_subject: "evil",
      authorization: `Bearer ${await okta.access(NOW)}`,
    };
    const echo = await echoOf(await gateway.send("/okta/x", { headers }));
    expect(Object.values(echo.headers)).not.toContain("evil");
  });

  test("is told no subject that it would not read whole", async () => {
    const gateway = await gatewayWith();
    const outcome = outcomeOf(await send(gateway, "/okta/x", await okta.access(NOW, { sub: "x".repeat(2049) })));
    expect(await outcome).toBe("403 policy_denied");
  });

  test("gets headers in the assertion, and no claim of a foreign token", async () => {
    const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
    if (!("privateKey" in pair)) throw new TypeError("a key pair");
    const ASSERTION_KEY = JSON.stringify(await crypto.subtle.exportKey("jwk", pair.privateKey));
    const gateway = await gatewayWith(undefined, { vars: { ASSERTION_KEY, ASSERTION_CLAIMS: "sub,uid" } });
    const claimsOf = async (response: Response): Promise<{ claims?: object; headers: object }> => {
      const [, payload = ""] = ((await echoOf(response)).headers["x-sealgate-assertion"] ?? "").split(".");
      return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))) as {
        claims?: object;
        headers: object;
      };
    };
    const foreign = await claimsOf(await send(gateway, "/okta/x", await okta.access(NOW)));
    expect([foreign.headers, foreign.claims]).toEqual([FOREIGN, undefined]);
    const own = await claimsOf(await gateway.sendAs({}, "/own/x"));
    expect([own.headers, own.claims]).toEqual([{ "x-sealgate-subject": "user-1" }, { sub: "user-1" }]);
  });
});

describe("a request that is only reported", () => {
  test("goes on without any identity", async () => {
    const gateway = await gatewayWith();
    expect(await outcomeOf(await send(gateway, "/shadow/x", await okta.access(NOW)))).toEqual({});
    expect(gateway.events.at(-1)).toMatchObject({
      decision: "forwarded",
      iss: OKTA,
      reported: { code: "policy_denied", refusal: { code: "claim_not_one_of", claim: "iss" } },
    });
  });

  test("has one where nothing is reported", async () => {
    const gateway = await gatewayWith();
    expect(await outcomeOf(await gateway.sendAs({}, "/shadow/x"))).toEqual({ "x-sealgate-subject": "user-1" });
  });
});

describe("the event", () => {
  test("names issuer, key and algorithm", async () => {
    const gateway = await gatewayWith();
    await send(gateway, "/okta/x", await okta.access(NOW));
    expect(gateway.events.at(-1)).toMatchObject({
      decision: "forwarded",
      iss: OKTA,
      alg: "RS256",
      kid: "TRdN5RxAFaL4eM6pEJcC4Qo6mV6p5Xc1YYp7rQd3v1w",
      jti: "AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE",
    });
  });

  test.each([
    ["an ID token", (one: StandInIssuer) => one.refused(NOW), "audience_mismatch"],
    ["an unknown issuer", (one: StandInIssuer) => one.access(NOW, { iss: "https://evil.example" }), "issuer_unknown"],
    [
      "our own iss with its key",
      (one: StandInIssuer) => one.access(NOW, { iss: "https://auth.example.com" }),
      "kid_unknown",
    ],
  ])("of %s says why, and the client learns nothing", async (_name, make, code) => {
    const gateway = await gatewayWith();
    const response = await send(gateway, "/okta/x", await make(okta));
    expect([response.status, (await problemOf(response)).code]).toEqual([401, "invalid_token"]);
    expect(gateway.events.at(-1)?.refusal?.code).toBe(code);
  });
});

describe("an issuer that does not answer", () => {
  test("is 503 for its tokens, and nothing for own ones", async () => {
    const gateway = await gatewayWith();
    network.serve(okta.entry.jwks_uri, () => new Response(null, { status: 500 }));
    const response = await send(gateway, "/okta/x", await okta.access(NOW));
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, expect.stringMatching(/^1\d$|^20$/)]);
    expect(gateway.events.at(-1)?.refusal).toMatchObject({ code: "keys_unavailable", problem: "jwk_set_refused" });
    expect((await gateway.sendAs({}, "/own/x")).status).toBe(200);
    expect(network.asked).toEqual([okta.entry.jwks_uri]);
  });

  test("and hangs, holds up no own token", async () => {
    const gateway = await gatewayWith();
    let answer: (response: Response) => void = () => undefined;
    network.serve(okta.entry.jwks_uri, () => new Promise<Response>((resolve) => (answer = resolve)));
    const waiting = send(gateway, "/okta/x", await okta.access(NOW));
    for (let turn = 0; turn < 20; turn += 1)
      expect((await gateway.sendAs({ jti: `t-${turn}` }, "/own/x")).status).toBe(200);
    answer(Response.json(okta.jwkSet));
    expect((await waiting).status).toBe(200);
  });
});

test("no own key set: it is not known which kids are ours, so that a foreign token is 503 too", async () => {
  const gateway = await gatewayWith(undefined, { publish: false });
  const response = await send(gateway, "/okta/x", await okta.access(NOW));
  expect(response.status).toBe(503);
  expect(network.asked).toEqual([]);
});

test("a WebSocket of a foreign token ends with the token", async () => {
  const origin = (): Promise<Response> => {
    const { 0: toGateway, 1: ours } = new WebSocketPair();
    ours.accept();
    return Promise.resolve(new Response(null, { status: 101, webSocket: toGateway }));
  };
  const gateway = await gatewayWith(undefined, { vars: { ORIGIN: { fetch: origin } } });
  const token = await okta.access(NOW, { exp: NOW - 30 });
  const { status, webSocket } = await gateway.send("/okta/x", {
    headers: { upgrade: "websocket", authorization: `Bearer ${token}` },
  });
  expect(status).toBe(101);
  const { promise: closed, resolve } = Promise.withResolvers<number>();
  webSocket?.addEventListener("close", ({ code }) => resolve(code));
  webSocket?.accept();
  expect(await closed).toBe(3000);
});
