/** One data point of Analytics Engine for each request, at stable positions. */
import { describe, expect, test } from "vitest";
import type { DataPoint } from "../../../../edge-verifier/features/data-points.ts";
import { defineRoutes } from "../../../../edge-verifier/policy/rule.ts";
import { configure, makeFixture, NOW } from "../fixture.ts";

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

  test.each(["dataset", { writeDataPoint: 1 }])("is no binding: %j", async (EVENTS) => {
    expect((await configure({ EVENTS })).problems.map(({ variable }) => variable)).toEqual(["EVENTS"]);
  });
});
