/** What every answer owes to clients, and that it says nothing else. */
import { describe, expect, test } from "vitest";
import { makeFixture } from "../fixture.ts";

const originWith = (headers: Readonly<Record<string, string>>): object => ({
  fetch: async () => new Response("body", { headers }),
});

describe("security headers", () => {
  test("nosniff is on every answer, whoever made it", async () => {
    const fixture = await makeFixture();
    for (const response of [
      await fixture.sendAs({}, "/api/x"),
      await fixture.send("/public/x"),
      await fixture.send("/api/x"),
      await fixture.send("/.well-known/jwks.json"),
    ]) {
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    }
  });

  test("nothing else is added by default, except the request's id", async () => {
    const bare = await makeFixture({ vars: { ORIGIN: originWith({}) } });
    const response = await bare.send("/public/x");
    expect([...response.headers.keys()].toSorted()).toEqual(["content-type", "x-content-type-options", "x-request-id"]);
    expect(await response.text()).toBe("body");
  });
});
