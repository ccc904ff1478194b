/** The Hono app: which path is the gateway's own, by its text alone. */
import { expect, test } from "vitest";
import { makeFixture } from "../fixture.ts";

test.each([
  ["/.well-known/jwks.json", "answered"],
  ["/.well-known/jwks.json/", "answered"],
  ["/.well-known/jwks.json?x=/a", "answered"],
  ["/.well-known/sealgate/health", "answered"],
  ["/.well-known/jwks.json/x", "refused"],
  ["/.well-known/JWKS.json", "refused"],
  ["/.well-known/jwks%2Ejson", "refused"],
  ["/api/.well-known/jwks.json", "forwarded"],
  ["/api/x?y=/.well-known/jwks.json", "forwarded"],
])("%s is %s", async (path, decision) => {
  const fixture = await makeFixture();
  await fixture.sendAs({}, path);
  expect(fixture.events.map((event) => event.decision)).toEqual([decision]);
});

test("an exception of a feature is one event, and its message is in none", async () => {
  const fixture = await makeFixture({
    features: [
      {
        name: "cors",
        read: () => ({
          preflight: () => {
            throw new Error("secret");
          },
        }),
      },
    ],
  });
  const response = await fixture.send("/api/x");
  expect(response.status).toBe(500);
  expect(response.headers.get("x-request-id")).not.toBeNull();
  expect(fixture.events).toMatchObject([{ decision: "failed", code: "internal_error", refusal: { error: "Error" } }]);
  expect(JSON.stringify(fixture.events)).not.toContain("secret");
});
