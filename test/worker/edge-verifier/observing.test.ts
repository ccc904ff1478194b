/** What can be seen of a request beyond its event, each only when asked for; and who is held back after many refusals. */
import { describe, expect, test } from "vitest";
import { networkOf } from "../../../edge-verifier/features/refusal-limit.ts";
import type { DataPoint } from "../../../edge-verifier/features/data-points.ts";
import { createSubjectHasher } from "../../../edge-verifier/features/subject-hash.ts";
import { defineRoutes } from "../../../edge-verifier/policy/rule.ts";
import { AUDIENCE, configure, echoOf, makeFixture, NOW, problemOf } from "./fixture.ts";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe("the request's id", () => {
  test("is the client's, at the origin, in the event and in the answer", async () => {
    const fixture = await makeFixture();
    const response = await fixture.sendAs({}, "/api/x", { headers: { "x-request-id": "job-7_a" } });
    expect(response.headers.get("x-request-id")).toBe("job-7_a");
    expect((await echoOf(response)).headers["x-request-id"]).toBe("job-7_a");
    expect(fixture.events.at(-1)).toMatchObject({ requestId: "job-7_a" });
  });

  test.each([
    ["none", undefined],
    ["a token", "eyJhbGciOiJFUzI1NiJ9.e30.c2ln"],
    ["something too long", "x".repeat(65)],
    ["something with a space", "a b"],
    ["two of them", "a, b"],
  ])("is a new one when the client sends %s", async (_name, sent) => {
    const fixture = await makeFixture();
    const headers = new Headers(sent === undefined ? {} : { "x-request-id": sent });
    const response = await fixture.sendAs({}, "/api/x", { headers });
    const id = response.headers.get("x-request-id") ?? "";
    expect(id).toMatch(UUID);
    expect((await echoOf(response)).headers["x-request-id"]).toBe(id);
    expect(fixture.events.at(-1)?.requestId).toBe(id);
  });

  test("is in refusals and in the gateway's own answers", async () => {
    const fixture = await makeFixture();
    for (const path of ["/api/x", "/nowhere", "/%5c", "/.well-known/jwks.json"]) {
      const response = await fixture.send(path, { headers: { "x-request-id": "r-1" } });
      expect(response.headers.get("x-request-id")).toBe("r-1");
      expect(fixture.events.at(-1)?.requestId).toBe("r-1");
    }
  });

  test("cannot be doubled by another spelling", async () => {
    const fixture = await makeFixture();
    const response = await fixture.sendAs({}, "/api/x", { headers: { x_request_id: "other", "x-request-id": "r-1" } });
    const { headers } = await echoOf(response);
    expect(headers["x-request-id"]).toBe("r-1");
    expect(headers["x_request_id"]).toBeUndefined();
  });
});

describe("the event", () => {
  test("says which version of the Worker has decided", async () => {
    const fixture = await makeFixture({ vars: { VERSION: { id: "v-1", tag: "", timestamp: "" } } });
    await fixture.send("/nowhere");
    expect(fixture.events.at(-1)).toMatchObject({ version: "v-1" });
  });

  test("says how long a request has waited for KV", async () => {
    const fixture = await makeFixture();
    const { KEY_SETS } = fixture.env;
    // The clock of the fixture advances while KV is asked, as the platform's does.
    fixture.env["KEY_SETS"] = {
      get: async (...parameters: Parameters<KVNamespace["get"]>): Promise<unknown> => {
        const text = await (KEY_SETS as KVNamespace).get(...parameters);
        fixture.setNow(NOW + 2);
        return text;
      },
    };
    await fixture.sendAs({}, "/api/x");
    expect(fixture.events.at(-1)).toMatchObject({ keysMs: 2000, originMs: 0 });
    await fixture.sendAs({}, "/api/x");
    expect(fixture.events.at(-1)).toMatchObject({ keysMs: 0 });
  });

  test("has no subject unless asked for", async () => {
    const fixture = await makeFixture();
    await fixture.sendAs({}, "/api/x");
    expect(fixture.events.at(-1)).not.toHaveProperty("subject");
  });

  test("names subjects by a keyed hash when asked for", async () => {
    const subjectOf = async (key: string, sub: string | undefined): Promise<string | undefined> => {
      const fixture = await makeFixture({ vars: { LOG_SUBJECT_HASH_KEY: key } });
      await fixture.sendAs({ sub }, "/api/x");
      await fixture.sendAs({ sub }, "/api/admin");
      const subjects = fixture.events.map(({ subject }) => subject);
      expect(new Set(subjects).size).toBe(1);
      expect(JSON.stringify(fixture.events)).not.toContain("alice");
      return subjects[0];
    };
    const [one, other] = ["k".repeat(32), "l".repeat(32)];
    const alice = await subjectOf(one, "alice");
    expect(alice).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(await subjectOf(one, "alice")).toBe(alice);
    expect(await subjectOf(one, "bob")).not.toBe(alice);
    expect(await subjectOf(other, "alice")).not.toBe(alice);
    expect(await subjectOf(one, undefined)).toBeUndefined();
  });

  test("names two issuers' subjects of one name by two hashes", async () => {
    const hash = await createSubjectHasher("k".repeat(32));
    const header = { alg: "ES256", kid: "k", typ: undefined } as const;
    const issuers = ["https://a.example", "https://b.example"];
    const hashes = issuers.map((iss) => hash({ header, claims: { iss, aud: AUDIENCE, sub: "alice", exp: NOW } }));
    expect(new Set(await Promise.all(hashes)).size).toBe(2);
  });
});

describe("Server-Timing", () => {
  test("is off by default", async () => {
    const fixture = await makeFixture();
    expect((await fixture.sendAs({}, "/api/x")).headers.get("server-timing")).toBeNull();
  });

  test("has the durations when asked for, after the origin's own", async () => {
    const ORIGIN = { fetch: async () => new Response(null, { headers: { "server-timing": "db;dur=5" } }) };
    const fixture = await makeFixture({ vars: { SERVER_TIMING: "true", ORIGIN } });
    expect((await fixture.sendAs({}, "/api/x")).headers.get("server-timing")).toBe(
      "db;dur=5, keys;dur=0, origin;dur=0",
    );
    expect((await fixture.send("/api/x")).headers.get("server-timing")).toBe("keys;dur=0");
    expect((await fixture.send("/nowhere")).headers.get("server-timing")).toBeNull();
  });
});

describe("Analytics Engine", () => {
  const routes = defineRoutes([
    { path: "/api/*", require: { scope: ["a"] } },
    { path: "/observed/*", require: {}, mode: "report" },
  ]);

  test("has one data point for each request", async () => {
    const points: DataPoint[] = [];
    const EVENTS = { writeDataPoint: (point: DataPoint) => void points.push(point) };
    const fixture = await makeFixture({ routes, vars: { EVENTS, VERSION: { id: "v-1" } } });
    await fixture.sendAs({ scope: "a" }, "/api/x?secret");
    await fixture.sendAs({}, "/api/x");
    await fixture.send("/observed/x");
    await fixture.send("/nowhere");
    const { kid } = fixture.key;
    expect(points).toEqual([
      {
        indexes: ["/api/*"],
        blobs: ["forwarded", "", "", "/api/*", "GET", "ES256", kid, "v-1", "memory"],
        doubles: [200, 0, 0, 0, NOW - 10, 0],
      },
      {
        indexes: ["/api/*"],
        blobs: ["refused", "insufficient_scope", "scope_missing", "/api/*", "GET", "ES256", kid, "v-1", "memory"],
        doubles: [403, -1, 0, 0, NOW - 10, 0],
      },
      {
        indexes: ["/observed/*"],
        blobs: ["forwarded", "token_missing", "token_missing", "/observed/*", "GET", "", "", "v-1", "memory"],
        doubles: [200, 0, 0, 0, NOW - 10, 1],
      },
      {
        indexes: [""],
        blobs: ["refused", "not_found", "not_found", "", "GET", "", "", "v-1", "memory"],
        doubles: [404, -1, -1, 0, NOW - 10, 0],
      },
    ]);
  });

  test("is told no more of a long path than its index takes", async () => {
    const points: DataPoint[] = [];
    const EVENTS = { writeDataPoint: (point: DataPoint) => void points.push(point) };
    const path = `/${"a".repeat(120)}`;
    const fixture = await makeFixture({ routes: [{ path, allow: "anyone" }], vars: { EVENTS } });
    await fixture.send(path);
    expect(points[0]?.indexes).toEqual([path.slice(0, 96)]);
    expect(points[0]?.blobs).toContain(path);
  });

  test("that fails does not change the answer", async () => {
    const EVENTS = {
      writeDataPoint: () => {
        throw new Error("too many");
      },
    };
    const fixture = await makeFixture({ vars: { EVENTS } });
    expect((await fixture.sendAs({}, "/api/x")).status).toBe(200);
    expect(fixture.events).toHaveLength(1);
  });
});

describe("a limit on refused requests", () => {
  const limiterOf = (limit: number): { REFUSALS: object; keys: string[] } => {
    const keys: string[] = [];
    const REFUSALS = {
      limit: async ({ key }: { key: string }) => {
        keys.push(key);
        return { success: keys.filter((one) => one === key).length <= limit };
      },
    };
    return { REFUSALS, keys };
  };
  const from = (address: string): RequestInit => ({ headers: { "cf-connecting-ip": address } });

  test("answers 429 instead of the refusal, and keeps the refusal for the log", async () => {
    const { REFUSALS } = limiterOf(2);
    const fixture = await makeFixture({ vars: { REFUSALS } });
    const statuses: number[] = [];
    for (let round = 0; round < 3; round += 1) statuses.push((await fixture.send("/api/x", from("192.0.2.1"))).status);
    expect(statuses).toEqual([401, 401, 429]);
    const response = await fixture.send("/api/%5c", from("192.0.2.1"));
    expect(response.headers.get("retry-after")).toBe("60");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await problemOf(response)).toMatchObject({ status: 429, code: "too_many_refusals" });
    expect(fixture.events.at(-1)).toMatchObject({
      decision: "refused",
      status: 429,
      code: "too_many_refusals",
      refusal: { code: "too_many_refusals", refusal: { code: "path_unsafe" } },
    });
  });

  test("never holds back a good request, nor counts one", async () => {
    const { REFUSALS, keys } = limiterOf(0);
    const fixture = await makeFixture({ vars: { REFUSALS } });
    expect((await fixture.send("/api/x", from("192.0.2.1"))).status).toBe(429);
    expect((await fixture.sendAs({}, "/api/x", from("192.0.2.1"))).status).toBe(200);
    expect((await fixture.send("/public/x", from("192.0.2.1"))).status).toBe(200);
    expect(keys).toEqual(["192.0.2.1"]);
  });

  test("does not count failures of the origin or of the keys", async () => {
    const { REFUSALS, keys } = limiterOf(0);
    const fixture = await makeFixture({ vars: { REFUSALS }, publish: false });
    expect((await fixture.sendAs({}, "/api/x", from("192.0.2.1"))).status).toBe(503);
    expect(keys).toEqual([]);
  });

  test("that fails limits nobody, and neither does a request without an address", async () => {
    const REFUSALS = { limit: () => Promise.reject(new Error("down")) };
    const fixture = await makeFixture({ vars: { REFUSALS } });
    expect((await fixture.send("/api/x", from("192.0.2.1"))).status).toBe(401);
    const { REFUSALS: strict } = limiterOf(0);
    const other = await makeFixture({ vars: { REFUSALS: strict } });
    expect((await other.send("/api/x")).status).toBe(401);
  });

  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
    ["2001:0DB8:0001::6", "2001:db8:1:0"],
    ["2001:db8::", "2001:db8:0:0"],
    ["::1", "0:0:0:0"],
  ])("counts %s as %s", (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

test.each([
  ["SERVER_TIMING", "yes"],
  ["EVENTS", "dataset"],
  ["REFUSALS", {}],
  ["LOG_SUBJECT_HASH_KEY", "short"],
  ["LOG_SUBJECT_HASH_KEY", 42],
])("%s that is none is a problem", async (variable, value) => {
  const { problems } = await configure({ [variable]: value });
  expect(problems.map((problem) => problem.variable)).toEqual([variable]);
  expect(JSON.stringify(problems)).not.toContain("short");
});
