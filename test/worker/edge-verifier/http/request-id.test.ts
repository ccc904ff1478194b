/** The name of a request: at the client, in the log and at the origin. */
import { describe, expect, test } from "vitest";
import { echoOf, makeFixture } from "../fixture.ts";

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
