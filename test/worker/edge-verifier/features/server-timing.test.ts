/** What a request has waited for, for developer tools. */
import { describe, expect, test } from "vitest";
import { configure, makeFixture } from "../fixture.ts";

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

  test("is on or off, and nothing else", async () => {
    const { problems } = await configure({ SERVER_TIMING: "yes" });
    expect(problems).toEqual([{ variable: "SERVER_TIMING", problem: 'must be "true" or "false"' }]);
  });
});
