/**
 * The middleware's options as functions of the request: each request is verified with what holds for it, and with nothing
 * that another request has left behind.
 */
import { beforeAll, describe, expect, test } from "vitest";
import type { SealgateOptions } from "../../../edge-verifier/index.ts";
import { TEST_ISSUER } from "../../support/key-sets.ts";
import { AUDIENCE, makeFixture, NOW } from "./fixture.ts";
import type { Fixture } from "./fixture.ts";
import { collectProblems, ringOf, statusAt, tenants } from "./tenants.ts";
import type { App } from "./tenants.ts";

let fixture: Fixture;
let other: Fixture;
beforeAll(async () => {
  [fixture, other] = await Promise.all([makeFixture(), makeFixture()]);
});

const problems = collectProblems();
const statusOf = (app: App, path: string, token?: string, bindings: object = fixture.env): Promise<number> =>
  statusAt(app, path, token, bindings);

describe("an option that is a function holds for the request that it was asked for", () => {
  test("audience: a token of one tenant is good for no other, at first sight and when it is remembered", async () => {
    const app = tenants({ audience: (c) => `https://${c.req.param("tenant") ?? ""}.example.com` });
    const [a, b] = await Promise.all(["a", "b"].map((name) => fixture.token({ aud: `https://${name}.example.com` })));
    for (const round of [1, 2, 3]) {
      expect(await statusOf(app, "/a/me", a), `round ${round}`).toBe(200);
      expect(await statusOf(app, "/b/me", a), `round ${round}`).toBe(401);
      expect(await statusOf(app, "/b/me", b), `round ${round}`).toBe(200);
      expect(await statusOf(app, "/a/me", b), `round ${round}`).toBe(401);
    }
  });

  test("audience: a caller cannot pin the audience that others are checked against", async () => {
    const app = tenants({ audience: (c) => `https://${c.req.header("host") ?? ""}` });
    const ask = async (host: string, aud: string): Promise<number> => {
      const headers = { host, authorization: `Bearer ${await fixture.token({ aud })}` };
      return (await app.request("/x/me", { headers }, fixture.env)).status;
    };
    expect(await ask("evil.example", "https://evil.example")).toBe(200);
    expect(await ask("api.example.com", "https://evil.example")).toBe(401);
    expect(await ask("api.example.com", AUDIENCE)).toBe(200);
  });

  test("audience: an array that the app changes is seen as changed", async () => {
    const audiences = [AUDIENCE, "https://old.example.com"];
    const app = tenants({ audience: () => audiences });
    const old = await fixture.token({ aud: "https://old.example.com" });
    expect(await statusOf(app, "/x/me", old)).toBe(200);
    audiences.pop();
    expect(await statusOf(app, "/x/me", old)).toBe(401);
  });

  test("ring and trustAnchors: each tenant has its own", async () => {
    const rings = new Map([
      ["a", fixture],
      ["b", other],
    ]);
    const of = (name: string | undefined): Fixture => rings.get(name ?? "") ?? fixture;
    const app = tenants({
      ring: (c) => ringOf(of(c.req.param("tenant"))),
      trustAnchors: (c) => [of(c.req.param("tenant")).root.jwk],
    });
    const [a, b] = await Promise.all([fixture.token(), other.token()]);
    for (const [path, token, status] of [
      ["/a/me", a, 200],
      ["/b/me", a, 401],
      ["/b/me", b, 200],
      ["/a/me", b, 401],
      ["/a/me", a, 200],
    ] as const) {
      expect(await statusOf(app, path, token), path).toBe(status);
    }
  });

  test("trustAnchors: a ring of one root is not taken from another", async () => {
    const app = tenants({
      trustAnchors: (c) => JSON.stringify([(c.req.param("tenant") === "a" ? fixture : other).root.jwk]),
    });
    const token = await fixture.token();
    for (const [path, status] of [
      ["/a/me", 200],
      ["/b/me", 503],
      ["/a/me", 200],
    ] as const) {
      expect(await statusOf(app, path, token), path).toBe(status);
    }
  });

  test("issuer: a key set of one issuer does not serve another", async () => {
    const elsewhere = "https://elsewhere.example.com";
    const app = tenants({ issuer: (c) => (c.req.param("tenant") === "a" ? TEST_ISSUER : elsewhere) });
    const token = await fixture.token();
    expect(await statusOf(app, "/a/me", token)).toBe(200);
    expect(await statusOf(app, "/b/me", token)).toBe(503);
    expect(await statusOf(app, "/a/me", await fixture.token({ iss: elsewhere }))).toBe(401);
    expect(await statusOf(app, "/a/me", token)).toBe(200);
  });

  test("alg, typ and minRev", async () => {
    const token = await fixture.token();
    const isA = (tenant: string | undefined): boolean => tenant === "a";
    for (const options of [
      { alg: (c) => [isA(c.req.param("tenant")) ? "ES256" : "RS256"] },
      { typ: (c) => [isA(c.req.param("tenant")) ? "jwt" : "at+jwt"] },
      { minRev: (c) => (isA(c.req.param("tenant")) ? 1 : Number.MAX_SAFE_INTEGER) },
    ] satisfies SealgateOptions[]) {
      const app = tenants(options);
      expect(await statusOf(app, "/a/me", token)).toBe(200);
      expect(await statusOf(app, "/b/me", token)).toBeGreaterThanOrEqual(401);
      expect(await statusOf(app, "/a/me", token)).toBe(200);
    }
  });

  test("may be asynchronous", async () => {
    const app = tenants({
      audience: async (c) => Promise.resolve(`https://${c.req.param("tenant") ?? ""}.example.com`),
    });
    const token = await fixture.token({ aud: "https://a.example.com" });
    expect(await statusOf(app, "/a/me", token)).toBe(200);
    expect(await statusOf(app, "/b/me", token)).toBe(401);
  });

  test("a value that cannot be used fails its own request only", async () => {
    const app = tenants({ audience: (c) => (c.req.param("tenant") === "bad" ? "not an audience" : AUDIENCE) });
    const token = await fixture.token();
    expect(await statusOf(app, "/bad/me", token)).toBe(500);
    expect(await statusOf(app, "/good/me", token)).toBe(200);
    expect(await statusOf(app, "/bad/me", token)).toBe(500);
  });

  test("nothing is no value: it becomes neither the variable nor the default", async () => {
    const token = await fixture.token();
    const names = ["issuer", "audience", "trustAnchors", "kv", "ring", "minRev", "bootstrapKeySet", "alg", "typ"];
    for (const name of names) {
      for (const nothing of [() => undefined, () => null, () => "", null, ""]) {
        const app = tenants({ [name]: nothing });
        expect(await statusOf(app, "/x/me", token), `${name}: ${String(nothing)}`).toBe(500);
      }
    }
    expect(problems.lines.length).toBeGreaterThan(0);
  });

  test("the same problems.lines are logged once a minute, however often they are met", async () => {
    const app = tenants({
      audience: (c) => `with blanks ${c.req.param("tenant") ?? ""}`,
      clock: () => NOW * 1000 + 1e7,
    });
    for (let index = 0; index < 20; index += 1) await statusOf(app, `/t${index}/me`);
    expect(problems.lines.length).toBe(1);
    await statusOf(tenants({ audience: () => "with blanks", clock: () => NOW * 1000 + 1e7 + 60_000 }), "/x/me");
    expect(problems.lines.length).toBe(2);
  });
});
