import { Hono } from "hono";
import { expect, test } from "vitest";
import { problem } from "../../../../issuer/http/problem.ts";

test("a problem has its code in the body, and its own media type", async () => {
  const app = new Hono();
  app.get("/", (context) => problem(context, 503, "kms_throttled", "No token.", { "Retry-After": "1" }));
  const response = await app.request("/");
  expect([response.status, response.headers.get("content-type"), response.headers.get("retry-after")]).toEqual([
    503,
    "application/problem+json",
    "1",
  ]);
  expect(await response.json()).toEqual({
    type: "about:blank",
    status: 503,
    code: "kms_throttled",
    detail: "No token.",
  });
});
