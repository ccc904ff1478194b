/** The Hono middleware, as somebody with a Worker of their own uses it. */
import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { jwk } from "hono/jwk";
import type { JwtVariables } from "hono/jwt";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { requireScope, sealgate } from "../../../edge-verifier/index.ts";
import type { OptionalSealgateVariables, SealgateAuth, SealgateOptions } from "../../../edge-verifier/index.ts";
import { seconds } from "../../support/key-sets.ts";
import { makeFixture, NOW } from "./fixture.ts";
import type { Fixture } from "./fixture.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await makeFixture();
});

interface Seen {
  readonly sub: string | undefined;
  readonly alg: string | undefined;
  readonly scopes: readonly string[];
}

function makeApp(options: SealgateOptions = {}) {
  return new Hono()
    .use("/api/*", sealgate({ clock: () => NOW * 1000, ...options }))
    .get("/api/me", (c) => {
      const claims = c.get("jwtPayload");
      const auth = c.get("auth");
      return c.json({ sub: claims?.["sub"], alg: auth?.alg, scopes: [...(auth?.scopes ?? [])] });
    })
    .get("/api/admin", requireScope("admin", "write"), (c) => c.text("welcome"))
    .get("/open", (c) => c.text("open"));
}

async function ask(app: ReturnType<typeof makeApp>, path: string, token?: string): Promise<Response> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return app.request(path, { headers }, fixture.env);
}

describe("sealgate()", () => {
  test("sets the verified claims where hono/jwk sets them", async () => {
    const response = await ask(makeApp(), "/api/me", await fixture.token({ scope: "a b" }));
    expect(await response.json<Seen>()).toEqual({ sub: "user-1", alg: "ES256", scopes: ["a", "b"] });
  });

  test("refuses as hono/jwk does: an HTTPException with a finished response", async () => {
    const caught: unknown[] = [];
    const app = makeApp();
    app.onError((error, c) => {
      caught.push(error);
      return error instanceof HTTPException ? error.getResponse() : c.text("no", 500);
    });
    const response = await ask(app, "/api/me", await fixture.token({ exp: NOW - 100 }));
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer realm="sealgate", error="invalid_token"/);
    expect(caught).toMatchObject([
      {
        status: 401,
        message: 'invalid_token (token_expired): The token has expired. {"expiredForSeconds":100}',
        cause: { code: "token_expired", expiredForSeconds: 100 },
      },
    ]);
  });

  test("works with the same routes and no error handler", async () => {
    const response = await ask(makeApp(), "/api/me");
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe('Bearer realm="sealgate"');
    expect(await response.json()).toMatchObject({ code: "token_missing" });
    expect((await ask(makeApp(), "/open")).status).toBe(200);
  });

  test("takes its settings from options before the environment", async () => {
    const other = makeApp({ audience: ["https://other.example.com"], realm: "orders" });
    const refused = await ask(other, "/api/me", await fixture.token());
    expect(refused.headers.get("www-authenticate")).toMatch(/^Bearer realm="orders"/);
    const { ISSUER, RING } = fixture.env;
    const explicit = makeApp({
      issuer: () => String(ISSUER),
      audience: "https://api.example.com",
      trustAnchors: [fixture.root.jwk],
      kv: () => env.KEY_SETS,
      ring: String(RING),
      alg: ["ES256"],
      typ: ["jwt"],
    });
    const headers = { authorization: `Bearer ${await fixture.token()}` };
    expect((await explicit.request("/api/me", { headers })).status).toBe(200);
  });

  test("reads another header when told to", async () => {
    const app = makeApp({ headerName: "x-api-token" });
    const headers = { "x-api-token": `Bearer ${await fixture.token()}` };
    expect((await app.request("/api/me", { headers }, fixture.env)).status).toBe(200);
    expect((await ask(app, "/api/me", await fixture.token())).status).toBe(401);
  });

  test("reads a token without a word before it, or with another one, when told to", async () => {
    const token = await fixture.token();
    const statusOf = async (options: SealgateOptions, headers: Record<string, string>): Promise<number> =>
      (await makeApp(options).request("/api/me", { headers }, fixture.env)).status;
    const alone = { headerName: "Cf-Access-Jwt-Assertion", headerScheme: false } as const;
    expect(await statusOf(alone, { "cf-access-jwt-assertion": token, authorization: "Basic dTpw" })).toBe(200);
    expect(await statusOf(alone, { "cf-access-jwt-assertion": `Bearer ${token}` })).toBe(400);
    expect(await statusOf({ headerScheme: "Token" }, { authorization: `Token ${token}` })).toBe(200);
    expect(await statusOf({ headerScheme: "Token" }, { authorization: `Bearer ${token}` })).toBe(400);
    for (const headerScheme of ["", "a b", "=", 7]) {
      // @ts-expect-error a number is none
      expect(() => sealgate({ headerScheme })).toThrow(/headerScheme/);
    }
  });

  test.each(["better-auth.session_data", "__Secure-next-auth.session-token"])("reads the cookie %s", async (cookie) => {
    const headers = { cookie: `x=1; ${cookie}="${await fixture.token()}"` };
    expect((await makeApp({ cookie }).request("/api/me", { headers }, fixture.env)).status).toBe(200);
  });

  test("reads a cookie when told to, and only then", async () => {
    const token = await fixture.token();
    const cookie = `theme=dark; session=${token}`;
    expect((await makeApp().request("/api/me", { headers: { cookie } }, fixture.env)).status).toBe(401);
    for (const app of [makeApp({ cookie: "session" }), makeApp({ cookie: "session", headerName: "x-api-token" })]) {
      expect((await app.request("/api/me", { headers: { cookie } }, fixture.env)).status).toBe(200);
    }
    expect((await ask(makeApp({ cookie: "session" }), "/api/me", token)).status).toBe(200);
    expect((await ask(makeApp({ cookie: "session" }), "/api/me")).status).toBe(401);
  });

  test("refuses a token in two places, and a cookie that another site's page has sent along", async () => {
    const token = await fixture.token();
    const app = makeApp({ cookie: "session" });
    const both = { cookie: `session=${token}`, authorization: `Bearer ${token}` };
    expect((await app.request("/api/me", { headers: both }, fixture.env)).status).toBe(400);
    const foreign = { cookie: `session=${token}`, "sec-fetch-site": "cross-site" };
    const refused = await app.request("/api/me", { method: "POST", headers: foreign }, fixture.env);
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: "cross_site_request" });
  });

  test("refuses a text that is no cookie's name", () => {
    expect(() => sealgate({ cookie: "a b" })).toThrow(TypeError);
  });

  test("with allow_anon lets nobody in who brings a bad token", async () => {
    const app = makeApp({ allow_anon: true });
    expect(await (await ask(app, "/api/me")).json<Seen>()).toEqual({ scopes: [] });
    expect((await ask(app, "/api/me", "bad")).status).toBe(401);
    const twice = { authorization: "Bearer a, Bearer b" };
    expect((await app.request("/api/me", { headers: twice }, fixture.env)).status).toBe(400);
  });

  test("with allow_anon leaves nothing in place that another middleware has found", async () => {
    const app = new Hono<{ Variables: OptionalSealgateVariables }>();
    const auth: SealgateAuth = {
      kid: "x",
      alg: "ES256",
      typ: undefined,
      scopes: new Set(["admin"]),
      issuer: "https://auth.example.com",
    };
    app.use(async (c, next) => {
      c.set("jwtPayload", { iss: "https://other.example", aud: "a", exp: seconds(NOW), sub: "admin" });
      c.set("auth", auth);
      await next();
    });
    const left: unknown[] = [];
    app.onError((error, c) => {
      left.push(c.get("jwtPayload"), c.get("auth"));
      return error instanceof HTTPException ? error.getResponse() : c.text("no", 500);
    });
    app.use("/optional", sealgate({ clock: () => NOW * 1000, allow_anon: true }));
    app.use("/required", sealgate({ clock: () => NOW * 1000 }));
    app.get("/optional", (c) => c.json([c.get("jwtPayload")?.sub ?? null, c.get("auth")?.kid ?? null]));
    app.get("/optional/admin", sealgate({ allow_anon: true }), requireScope("admin"), (c) => c.text("in"));
    expect(await (await app.request("/optional", {}, fixture.env)).json()).toEqual([null, null]);
    expect((await app.request("/optional/admin", {}, fixture.env)).status).toBe(401);
    expect((await app.request("/required", {}, fixture.env)).status).toBe(401);
    expect(left).toEqual([undefined, undefined, undefined, undefined]);
  });

  test("with allow_anon a token in another form is a mistake, and not nobody", async () => {
    const app = makeApp({ allow_anon: true, cookie: "session" });
    const token = await fixture.token();
    for (const authorization of [token, `JWT ${token}`, `Bearer ${token}\u00a0`, `Bearer \u3000${token}`]) {
      const response = await app.request("/api/me", { headers: { authorization } }, fixture.env);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ code: "invalid_request" });
    }
    const quoted = await app.request("/api/me", { headers: { cookie: `session="${token}` } }, fixture.env);
    expect(quoted.status).toBe(400);
    expect(JSON.stringify(await quoted.json())).not.toContain("Authorization");
  });

  test("without configuration answers 500 and never lets a request through", async () => {
    const authorization = `Bearer ${await fixture.token()}`;
    const errors: string[] = [];
    const spy = vi.spyOn(console, "error").mockImplementation((line: string) => errors.push(line));
    for (const bindings of [undefined, {}, { ...fixture.env, TRUST_ANCHORS: "" }]) {
      for (const headers of [{ authorization }, {}]) {
        const response = await makeApp({ allow_anon: true }).request("/api/me", { headers }, bindings);
        expect(response.status).toBe(500);
        expect(await response.json()).toMatchObject({ code: "config_invalid" });
      }
    }
    spy.mockRestore();
    expect(JSON.parse(errors.at(-1) ?? "")).toEqual({
      event: "config_invalid",
      problems: [{ variable: "TRUST_ANCHORS", problem: "is missing" }],
    });
  });

  test("without a key set answers 503", async () => {
    const headers = { authorization: `Bearer ${await fixture.token()}` };
    const response = await makeApp({ ring: "nothing-here" }).request("/api/me", { headers }, fixture.env);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
  });

  test("refuses options that it does not know, with the name that was meant", () => {
    const loose: (options: object) => unknown = sealgate;
    expect(() => loose({ allowAnon: true })).toThrow(/^sealgate: the options .*allowAnon \(use allow_anon\)/);
    expect(() => loose({ keys: [] })).toThrow(/keys \(use trustAnchors\)/);
    expect(() => loose({ audiences: ["a"] })).toThrow(/audiences \(use audience\)/);
  });

  test("says in the log that a fault is in the cookie, where it may be there", async () => {
    const messages: string[] = [];
    const app = makeApp({ cookie: "session" });
    app.onError((error, c) => {
      messages.push(error.message);
      return c.text("no", 401);
    });
    const stale = await fixture.token({ exp: NOW - 100 });
    for (const headers of [
      { cookie: `session="${stale}` },
      { cookie: `session="${stale}"` },
      { authorization: `Bearer ${stale}` },
      { cookie: `session=${stale}`, authorization: `Bearer ${stale}` },
    ]) {
      await app.request("/api/me", { headers }, fixture.env);
    }
    const expired = "invalid_token (token_expired): The token has expired.";
    const unreadable = "invalid_request: The credentials of the request cannot be read as one bearer token.";
    const places = (text: string): string =>
      `"answer":{"detail":"Send one token, in one place. This request has credentials in ${text}."}`;
    const both = "the header authorization and the cookie session";
    expect(messages).toEqual([
      `${unreadable} {"reason":"credentials_malformed",${places("the cookie session")},"credentialsIn":["cookie"]}`,
      `${expired} {"expiredForSeconds":100,"credentialsIn":["cookie"]}`,
      `${expired} {"expiredForSeconds":100,"credentialsIn":["authorization"]}`,
      `${unreadable} {"reason":"several_credentials",${places(both)},"credentialsIn":["authorization","cookie"]}`,
    ]);
  });

  test("refuses a realm that would break out of its quotes", () => {
    expect(() => sealgate({ realm: 'a", error="' })).toThrow(TypeError);
  });
});

describe("requireScope()", () => {
  test("asks for all of them", async () => {
    const app = makeApp();
    expect((await ask(app, "/api/admin", await fixture.token({ scope: "admin write" }))).status).toBe(200);
    const refused = await ask(app, "/api/admin", await fixture.token({ scope: "admin" }));
    expect(refused.status).toBe(403);
    expect(refused.headers.get("www-authenticate")).toContain('error="insufficient_scope", scope="admin write"');
  });

  test("answers an anonymous request 401", async () => {
    expect((await ask(makeApp({ allow_anon: true }), "/api/admin")).status).toBe(401);
  });

  test("without a scope is a mistake", () => {
    expect(() => requireScope()).toThrow(TypeError);
  });
});

describe("hono/jwk", () => {
  test("accepts the same tokens from the gateway's JWK Set", async () => {
    const jwkSet = await (await fixture.send("/.well-known/jwks.json")).json<{ keys: JsonWebKey[] }>();
    const keys = jwkSet.keys.map((key) => ({ ...key, kid: fixture.key.kid }));
    const app = new Hono<{ Variables: JwtVariables }>().use(
      jwk({ keys, alg: ["ES256"], verification: { exp: false, iat: false } }),
    );
    app.get("/", (c) => c.json(c.get("jwtPayload")));
    const headers = { authorization: `Bearer ${await fixture.token()}` };
    expect(await (await app.request("/", { headers })).json()).toMatchObject({ sub: "user-1" });
  });
});
