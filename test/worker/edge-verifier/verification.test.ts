/** The verifications of an isolate: what a stranger can choose costs neither memory nor reads of KV. */
import { env } from "cloudflare:workers";
import { Hono } from "hono";
import { beforeAll, describe, expect, test } from "vitest";
import { sealgate } from "../../../edge-verifier/index.ts";
import type { SealgateVariables } from "../../../edge-verifier/index.ts";
import { MAX_ON_TRIAL } from "../../../edge-verifier/verification.ts";
import type { KeySetNamespace } from "../../../shared/keys/key-set-reader.ts";
import { makeDocument, makeKey, ringName, seconds, signKeySet, TEST_ISSUER } from "../../support/key-sets.ts";
import { makeFixture, NOW } from "./fixture.ts";
import type { Fixture } from "./fixture.ts";
import { clock, collectProblems, ringOf, statusAt, tenants } from "./tenants.ts";
import type { App } from "./tenants.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await makeFixture();
});

/** The KV of the tests as a binding of its own, with the keys that were read. */
function countingKv(): { readonly kv: KeySetNamespace; readonly reads: string[] } {
  const reads: string[] = [];
  const get: KeySetNamespace["get"] = (key, options) => {
    reads.push(key);
    return env.KEY_SETS.get(key, options);
  };
  return { kv: { get }, reads };
}

collectProblems();
const statusOf = (app: App, path: string, token?: string, bindings: object = fixture.env): Promise<number> =>
  statusAt(app, path, token, bindings);

describe("what a stranger can choose", () => {
  test("as audience costs one read of KV, however many are asked for", async () => {
    const { kv, reads } = countingKv();
    const app = tenants({ kv, audience: (c) => `https://${c.req.param("tenant") ?? ""}.example.com` });
    const token = await fixture.token({ aud: "https://a.example.com" });
    for (let index = 0; index < 100; index += 1) expect(await statusOf(app, `/t${index}/me`, token)).toBe(401);
    expect(await statusOf(app, "/a/me", token)).toBe(200);
    expect(reads).toEqual([`key-set:${ringOf(fixture)}`]);
  });

  test("as ring or issuer: a bounded number of reads, and those in use are neither pushed out nor read again", async () => {
    for (const option of ["ring", "issuer"] as const) {
      const { kv, reads } = countingKv();
      const good = option === "ring" ? ringOf(fixture) : TEST_ISSUER;
      const app = tenants({
        kv,
        [option]: (c: { req: { param(name: string): string | undefined } }) => {
          const name = c.req.param("tenant") ?? "";
          const strange = option === "ring" ? name : `https://${name}.example.com`;
          return name === "good" ? good : strange;
        },
      });
      const token = await fixture.token();
      expect(await statusOf(app, "/good/me", token)).toBe(200);
      for (let index = 0; index < 200; index += 1) {
        expect(await statusOf(app, `/t${index}/me`, token)).toBe(503);
        expect(await statusOf(app, "/good/me", token)).toBe(200);
      }
      expect(reads.length).toBeLessThanOrEqual(MAX_ON_TRIAL);
      expect(reads.filter((key) => key === `key-set:${ringOf(fixture)}`)).toHaveLength(
        option === "ring" ? 1 : reads.length,
      );
    }
  });

  test("without a token costs no read", async () => {
    const { kv, reads } = countingKv();
    const app = tenants({ kv, ring: (c) => c.req.param("tenant") ?? "", allow_anon: true });
    for (let index = 0; index < 20; index += 1) expect(await statusOf(app, `/t${index}/me`)).toBe(200);
    expect(reads).toEqual([]);
  });

  test("is told apart: too many at a time is 503 with a time to try again, and a ring is found after that", async () => {
    const { kv, reads } = countingKv();
    let nowMs = NOW * 1000;
    const app = tenants({ kv, ring: (c) => c.req.param("tenant") ?? "", clock: () => nowMs });
    const token = await fixture.token();
    for (let index = 0; index < MAX_ON_TRIAL; index += 1) await statusOf(app, `/t${index}/me`, token);
    const headers = { authorization: `Bearer ${token}` };
    const refused = await app.request(`/${ringOf(fixture)}/me`, { headers }, fixture.env);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(reads).toHaveLength(MAX_ON_TRIAL);
    nowMs += 5000;
    expect(await statusOf(app, `/${ringOf(fixture)}/me`, token)).toBe(200);
  });
});

describe("a middleware that is made in a handler", () => {
  test("reads KV as often as one that is made once, and applies what it was made with", async () => {
    const { kv, reads } = countingKv();
    const app = new Hono<{ Variables: SealgateVariables }>().get("/:tenant/me", (c, next) =>
      sealgate({
        kv,
        clock,
        audience: `https://${c.req.param("tenant")}.example.com`,
        trustAnchors: [{ ...fixture.root.jwk }],
      })(c, next),
    );
    app.get("/:tenant/me", (c) => c.text("in"));
    const token = await fixture.token({ aud: "https://a.example.com" });
    for (let index = 0; index < 50; index += 1) {
      expect(await statusOf(app, "/a/me", token)).toBe(200);
      expect(await statusOf(app, `/t${index}/me`, token)).toBe(401);
    }
    expect(reads).toHaveLength(1);
  });

  test("follows the ring all the same", async () => {
    const after = `key-set:${ringOf(fixture)}-after`;
    const revoked = [{ kid: fixture.key.kid, at: seconds(NOW + 1) }];
    const document = makeDocument([await makeKey("ES256")], seconds(NOW + 1), {
      ring: ringName(ringOf(fixture)),
      rev: Number.MAX_SAFE_INTEGER,
      revoked,
    });
    await env.KEY_SETS.put(after, await signKeySet(document, fixture.root));
    let entry = `key-set:${ringOf(fixture)}`;
    const kv: KeySetNamespace = { get: (_key, options) => env.KEY_SETS.get(entry, options) };
    let nowMs = NOW * 1000;
    const app = new Hono<{ Variables: SealgateVariables }>().get("/me", (c, next) =>
      sealgate({ kv, clock: () => nowMs })(c, next),
    );
    app.get("/me", (c) => c.text("in"));
    const token = await fixture.token();
    expect(await statusOf(app, "/me", token)).toBe(200);
    entry = after;
    expect(await statusOf(app, "/me", token)).toBe(200);
    nowMs += 31_000;
    expect(await statusOf(app, "/me", token)).toBe(401);
  });
});
