/** What the gateway answers when it, its keys or its origin fail. */
import { describe, expect, test, vi } from "vitest";
import { ORIGIN_HANGS } from "../../../support/echo-origin.ts";
import { makeFixture, problemOf } from "../fixture.ts";

/** Text that must not get into a response or an event. */
const SECRET = "secret-of-a-dependency";

describe("a fault", () => {
  test("no key set anywhere: 503 with Retry-After, whatever the token", async () => {
    const empty = await makeFixture({ publish: false });
    const response = await empty.send("/api/x", { headers: { authorization: `Bearer ${await empty.token()}` } });
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    expect(await problemOf(response)).toMatchObject({ code: "keys_unavailable" });
    expect(empty.originCalls()).toBe(0);
    expect((await empty.send("/public/x")).status).toBe(200);
  });

  test("an origin that throws: 502, with nothing of what it threw", async () => {
    const ORIGIN = { fetch: () => Promise.reject(new Error(SECRET)) };
    const throwing = await makeFixture({ vars: { ORIGIN } });
    const response = await throwing.sendAs({}, "/api/x");
    const body = await response.text();
    expect(response.status).toBe(502);
    expect(JSON.parse(body)).toMatchObject({ code: "origin_unreachable" });
    expect(body + JSON.stringify(throwing.events)).not.toContain(SECRET);
  });

  test("an origin that cannot be connected to: 502", async () => {
    const unreachable = await makeFixture({ vars: { ORIGIN: undefined, ORIGIN_URL: "http://127.0.0.1:9" } });
    const response = await unreachable.sendAs({}, "/api/x");
    expect(await problemOf(response)).toMatchObject({ status: 502, code: "origin_unreachable" });
  });

  test("an origin that never answers: 504 after the configured time", async () => {
    const slow = await makeFixture({ vars: { ORIGIN_TIMEOUT_SECONDS: "1" } });
    const response = await slow.sendAs({}, `/api${ORIGIN_HANGS}`);
    expect(await problemOf(response)).toMatchObject({ status: 504, code: "origin_timeout" });
    expect(slow.events.at(-1)).toMatchObject({ decision: "failed", refusal: { timeoutMs: 1000 } });
  });

  test("the time for the origin does not go on once there is an answer, or none to come", async () => {
    const failing = { fetch: () => Promise.reject(new Error(SECRET)) };
    const gateways = await Promise.all([makeFixture(), makeFixture({ vars: { ORIGIN: failing } })]);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      for (const gateway of gateways) await gateway.send("/public/x");
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  test("KV that throws: 503, with nothing of what it threw", async () => {
    const KEY_SETS = { get: () => Promise.reject(new Error(SECRET)) };
    const failing = await makeFixture({ vars: { KEY_SETS } });
    const response = await failing.sendAs({}, "/api/x");
    expect(response.status).toBe(503);
    expect((await response.text()) + JSON.stringify(failing.events)).not.toContain(SECRET);
  });

  test("an exception that nobody expected: 500, with its name and place in the event, and its message nowhere", async () => {
    // A KV binding with a member that throws when it is looked at: no code of ours expects that.
    const KEY_SETS = {
      get get(): unknown {
        throw new RangeError(SECRET);
      },
    };
    const broken = await makeFixture({ vars: { KEY_SETS } });
    const response = await broken.sendAs({}, "/api/x");
    expect(await problemOf(response.clone())).toMatchObject({ status: 500, code: "internal_error" });
    expect(broken.events).toMatchObject([
      { decision: "failed", code: "internal_error", refusal: { code: "internal_error", error: "RangeError" } },
    ]);
    expect((await response.text()) + JSON.stringify(broken.events)).not.toContain(SECRET);
  });

  test("an exception inside a handler is answered by the app in the same way", async () => {
    const ORIGIN = { fetch: () => Promise.resolve({ status: 200, headers: 7 }) };
    const broken = await makeFixture({ vars: { ORIGIN } });
    const response = await broken.sendAs({}, "/api/x");
    expect(await problemOf(response)).toMatchObject({ status: 500, code: "internal_error" });
    expect(broken.events).toMatchObject([{ refusal: { error: "TypeError" }, keySet: { source: "memory" } }]);
  });
});
