/** The endpoints that the gateway answers itself. */
import { describe, expect, test } from "vitest";
import { makeDocument, makeKey, makeRoot, seconds, signKeySet } from "../../../support/key-sets.ts";
import { makeFixture, NOW, problemOf } from "../fixture.ts";

const JWKS = "/.well-known/jwks.json";
const HEALTH = "/.well-known/sealgate/health";

interface JwkSet {
  readonly keys: readonly Readonly<Record<string, unknown>>[];
}

describe("GET /.well-known/jwks.json", () => {
  test("is a plain JWK Set: no state, no private member, no revoked key", async () => {
    const fixture = await makeFixture({ publish: false });
    const revoked = await makeKey("ES256");
    const rsa = await makeKey("RS256");
    const changes = { revoked: [{ kid: revoked.kid, at: seconds(NOW - 20) }] };
    await fixture.publish(makeDocument([fixture.key, revoked, rsa], seconds(NOW - 10), changes));
    const response = await fixture.send(JWKS);
    expect(response.headers.get("content-type")).toBe("application/jwk-set+json");
    expect(await response.json<JwkSet>()).toEqual({
      keys: [
        { ...fixture.key.jwk, use: "sig" },
        { ...rsa.jwk, use: "sig" },
      ],
    });
    expect(fixture.originCalls()).toBe(0);
  });

  test("may be cached until this isolate would ask KV again, and no longer", async () => {
    const fixture = await makeFixture();
    const cacheControl = async (now: number): Promise<string | null> => {
      fixture.setNow(now);
      return (await fixture.send(JWKS)).headers.get("cache-control");
    };
    expect(await cacheControl(NOW)).toBe("public, max-age=30");
    expect(await cacheControl(NOW + 10)).toBe("public, max-age=20");
    expect(await cacheControl(NOW + 14)).toBe("public, max-age=16");
  });

  test("is never cacheable beyond the document's own life", async () => {
    const fixture = await makeFixture({ publish: false });
    await fixture.publish(makeDocument([fixture.key], seconds(NOW - 10), { expiresAt: seconds(NOW + 7) }));
    expect((await fixture.send(JWKS)).headers.get("cache-control")).toBe("public, max-age=7");
  });

  test("is not cacheable while KV cannot confirm the keys", async () => {
    let failing = false;
    const fixture = await makeFixture();
    const { KEY_SETS } = fixture.env;
    const flaky = {
      get: (...parameters: Parameters<KVNamespace["get"]>): unknown => {
        if (failing) throw new Error("KV is down");
        return isNamespace(KEY_SETS) ? KEY_SETS.get(...parameters) : undefined;
      },
    };
    fixture.env["KEY_SETS"] = flaky;
    expect((await fixture.send(JWKS)).headers.get("cache-control")).toBe("public, max-age=30");
    failing = true;
    fixture.setNow(NOW + 31);
    const response = await fixture.send(JWKS);
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("public, max-age=0");
    const health = await (await fixture.send(HEALTH)).json();
    expect(health).toMatchObject({ status: "degraded", source: "last_good", problem: "key_set_read_failed" });
  });

  test("is not cacheable when it comes from the bundled document, however new that is", async () => {
    const root = await makeRoot();
    const key = await makeKey("ES256");
    const BOOTSTRAP_KEY_SET = await signKeySet(makeDocument([key], seconds(NOW - 1)), root);
    const vars = { BOOTSTRAP_KEY_SET, RING: "main", TRUST_ANCHORS: [root.jwk] };
    const fixture = await makeFixture({ publish: false, vars });
    const response = await fixture.send(JWKS);
    expect((await response.json<JwkSet>()).keys).toHaveLength(1);
    expect(response.headers.get("cache-control")).toBe("public, max-age=0");
    expect(await (await fixture.send(HEALTH)).json()).toMatchObject({ status: "degraded", source: "bootstrap" });
  });

  test("without a key set: 503", async () => {
    const fixture = await makeFixture({ publish: false });
    const response = await fixture.send(JWKS);
    expect(await problemOf(response)).toMatchObject({ status: 503, code: "keys_unavailable" });
    expect(response.headers.get("cache-control")).toBe("no-store");
  });
});

describe("GET /.well-known/sealgate/health", () => {
  test("says what the gateway stands on, and nothing secret", async () => {
    const fixture = await makeFixture();
    fixture.setNow(NOW);
    const response = await fixture.send(HEALTH);
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toEqual({
      status: "ok",
      ring: fixture.env["RING"],
      rev: NOW - 10,
      source: "kv",
      ageSeconds: 0,
      expiresAt: NOW - 10 + 86_400,
      keys: 1,
      skipped: [],
      warnings: [],
    });
  });

  test("without a key set: 503, with what KV came to", async () => {
    const fixture = await makeFixture({ publish: false });
    const response = await fixture.send(HEALTH);
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toMatch(/^[1-9]\d*$/);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toMatchObject({
      status: "unavailable",
      code: "keys_unavailable",
      problem: "key_set_missing",
    });
  });
});

describe.each([JWKS, HEALTH])("%s", (path) => {
  test.each(["POST", "PUT", "DELETE", "OPTIONS"])("%s: 405", async (method) => {
    const fixture = await makeFixture();
    const response = await fixture.send(path, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("GET, HEAD");
  });

  test("HEAD: the same without a body", async () => {
    const fixture = await makeFixture();
    const response = await fixture.send(path, { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
  });

  test("other spellings are not it", async () => {
    const fixture = await makeFixture();
    expect((await fixture.send(path.replace(".", "%2e"))).status).toBe(400);
    expect((await fixture.send(path.toUpperCase())).status).toBe(404);
  });
});

function isNamespace(value: unknown): value is KVNamespace {
  return typeof value === "object" && value !== null && "get" in value;
}
