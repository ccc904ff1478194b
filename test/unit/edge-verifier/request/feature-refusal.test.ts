/** A refusal by an optional feature: its answer, and what the event says. */
import { expect, test } from "vitest";
import { refusedByFeature } from "../../../../edge-verifier/request/feature-refusal.ts";

test("is answered with its own code and headers, and logged with its evidence", async () => {
  const refusal = { code: "too_many_refusals", refusal: { code: "token_missing" } } as const;
  const { response, event } = refusedByFeature(refusal, { "Retry-After": "60" }, { route: "/api/*" });
  expect(response.status).toBe(429);
  expect(response.headers.get("retry-after")).toBe("60");
  expect(await response.json()).toMatchObject({ code: "too_many_refusals", status: 429 });
  expect(event).toEqual({ decision: "refused", code: "too_many_refusals", refusal, route: "/api/*" });
});
