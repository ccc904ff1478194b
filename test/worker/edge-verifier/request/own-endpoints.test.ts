/** The endpoints that the gateway answers itself. */
import { describe, expect, test } from "vitest";
import { makeDocument, makeKey, makeRoot, seconds, signKeySet } from "../../../support/key-sets.ts";
import { defineRoutes } from "../../../../edge-verifier/policy/rule.ts";
import { makeFixture, NOW, problemOf } from "../fixture.ts";
import type { Fixture } from "../fixture.ts";

const JWKS = "/.well-known/jwks.json";
const HEALTH = "/.well-known/sealgate/health";
const KEY_SET = "/.well-known/sealgate/key-set";

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
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
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
    const fixture = await flakyFixture(() => failing);
    expect((await fixture.send(JWKS)).headers.get("cache-control")).toBe("public, max-age=30");
    failing = true;
    fixture.setNow(NOW + 31);
    const response = await fixture.send(JWKS);
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("public, max-age=0");
    const health = await (await fixture.send(HEALTH)).json();
    expect(health).toMatchObject({
      status: "degraded",
      rings: [{ status: "degraded", source: "last_good", problem: "key_set_read_failed" }],
    });
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
    expect(await (await fixture.send(HEALTH)).json()).toMatchObject({ rings: [{ source: "bootstrap" }] });
  });

  test("without a key set: 503", async () => {
    const fixture = await makeFixture({ publish: false });
    const response = await fixture.send(JWKS);
    expect(await problemOf(response)).toMatchObject({ status: 503, code: "keys_unavailable" });
    expect(response.headers.get("cache-control")).toBe("no-store");
  });
});

describe("GET /.well-known/sealgate/key-set", () => {
  test("is the document as it lies in KV, under both of its paths, for every web origin", async () => {
    const fixture = await makeFixture();
    const stored = await storedDocument(fixture);
    for (const path of [KEY_SET, `${KEY_SET}/${String(fixture.env["RING"])}`]) {
      const response = await fixture.send(path, { headers: { origin: "https://anywhere.example.com" } });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe(stored);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        "content-type": "application/jwk-set+jwt",
        "cache-control": "no-cache",
        etag: `"${stored.split(".")[2]}"`,
        age: "0",
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "Age",
      });
    }
    expect((await fixture.send(`${KEY_SET}/another-ring`)).status).toBe(404);
    expect(fixture.originCalls()).toBe(0);
  });

  test("its age is the time since KV confirmed the copy, rounded up", async () => {
    const fixture = await makeFixture();
    const ageAt = async (now: number): Promise<string | null> => {
      fixture.setNow(now);
      return (await fixture.send(KEY_SET)).headers.get("age");
    };
    expect([await ageAt(NOW), await ageAt(NOW + 10), await ageAt(NOW + 14.2)]).toEqual(["0", "10", "15"]);
  });

  test("a copy that KV does not confirm is older than M, also after the clock was set back", async () => {
    let failing = false;
    const fixture = await flakyFixture(() => failing);
    await fixture.send(KEY_SET);
    failing = true;
    fixture.setNow(NOW + 500);
    expect((await fixture.send(KEY_SET)).headers.get("age")).toBe("500");
    fixture.setNow(NOW - 100);
    expect((await fixture.send(KEY_SET)).headers.get("age")).toBe("31");
  });

  test("the bundled document is older than M, however new it is", async () => {
    const root = await makeRoot();
    const key = await makeKey("ES256");
    const BOOTSTRAP_KEY_SET = await signKeySet(makeDocument([key], seconds(NOW - 1)), root);
    const vars = { BOOTSTRAP_KEY_SET, RING: "main", TRUST_ANCHORS: [root.jwk] };
    const response = await (await makeFixture({ publish: false, vars })).send(KEY_SET);
    expect([await response.text(), response.headers.get("age")]).toEqual([BOOTSTRAP_KEY_SET, "31"]);
  });

  test("is 304 for a client that has it, with its age", async () => {
    const fixture = await makeFixture();
    const etag = String((await fixture.send(KEY_SET)).headers.get("etag"));
    fixture.setNow(NOW + 7);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const response = await fixture.send(KEY_SET, { headers: { "if-none-match": known } });
      expect(response.status, known).toBe(304);
      expect(await response.text()).toBe("");
      expect([response.headers.get("etag"), response.headers.get("age")]).toEqual([etag, "7"]);
    }
    for (const other of ['"other"', etag.slice(1, -1), `${etag.slice(0, -3)}"`]) {
      expect((await fixture.send(KEY_SET, { headers: { "if-none-match": other } })).status, other).toBe(200);
    }
  });

  test("is 503 while tombstones are in force that its text lacks, and tokens are verified meanwhile", async () => {
    const fixture = await makeFixture({ publish: false });
    const revoked = await makeKey("ES256");
    const tombstones = { revoked: [{ kid: revoked.kid, at: seconds(NOW - 20) }] };
    await fixture.publish(makeDocument([fixture.key], seconds(NOW - 10), tombstones));
    expect((await fixture.send(KEY_SET)).status).toBe(200);
    // A later document that has lost the tombstone and lists the key again.
    await fixture.publish(makeDocument([fixture.key, revoked], seconds(NOW + 30)));
    fixture.setNow(NOW + 31);
    const response = await fixture.send(KEY_SET);
    expect(await problemOf(response)).toMatchObject({ status: 503, code: "keys_unavailable" });
    expect(response.headers.get("retry-after")).toBe("30");
    expect(fixture.events.at(-1)?.refusal).toMatchObject({ problem: "key_set_incomplete" });
    expect((await fixture.sendAs({}, "/api/orders")).status).toBe(200);
    await fixture.publish(makeDocument([fixture.key], seconds(NOW + 60), tombstones));
    fixture.setNow(NOW + 62);
    expect((await fixture.send(KEY_SET)).status).toBe(200);
  });

  test("without a key set: 503", async () => {
    const response = await (await makeFixture({ publish: false })).send(KEY_SET);
    expect(await problemOf(response)).toMatchObject({ status: 503, code: "keys_unavailable" });
  });

  test("no rule of a policy is asked about it", async () => {
    const routes = defineRoutes([{ path: KEY_SET, allow: "anyone" }]);
    expect((await (await makeFixture({ routes })).send("/")).status).toBe(500);
  });

  test("CORS_ORIGINS limits what is forwarded, and not the public keys", async () => {
    const fixture = await makeFixture({ vars: { CORS_ORIGINS: "https://app.example.com" } });
    const headers = { origin: "https://other.example.com" };
    for (const path of [JWKS, KEY_SET]) {
      expect((await fixture.send(path, { headers })).headers.get("access-control-allow-origin"), path).toBe("*");
    }
    expect((await fixture.send(HEALTH, { headers })).headers.has("access-control-allow-origin")).toBe(false);
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
      rings: [
        {
          ring: fixture.env["RING"],
          status: "ok",
          rev: NOW - 10,
          source: "memory",
          ageSeconds: 0,
          expiresAt: NOW - 10 + 86_400,
          anchors: [fixture.root.kid],
          keys: 1,
          skipped: [],
          warnings: [],
        },
      ],
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
      rings: [{ status: "unavailable", problem: "key_set_missing" }],
    });
  });
});

describe.each([JWKS, HEALTH, KEY_SET])("%s", (path) => {
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

/** A fixture whose KV fails while `isFailing` says so. */
async function flakyFixture(isFailing: () => boolean): Promise<Fixture> {
  const fixture = await makeFixture();
  const { KEY_SETS } = fixture.env;
  fixture.env["KEY_SETS"] = {
    get: (...parameters: Parameters<KVNamespace["get"]>): unknown => {
      if (isFailing()) throw new Error("KV is down");
      return isNamespace(KEY_SETS) ? KEY_SETS.get(...parameters) : undefined;
    },
  };
  return fixture;
}

async function storedDocument({ env: { KEY_SETS, RING } }: Fixture): Promise<string> {
  return String(isNamespace(KEY_SETS) && (await KEY_SETS.get(`key-set:${String(RING)}`)));
}

function isNamespace(value: unknown): value is KVNamespace {
  return typeof value === "object" && value !== null && "get" in value;
}
