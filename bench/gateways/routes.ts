/**
 * The policy of the gateways that have one.
 */
import { defineRoutes } from "../../edge-verifier/policy/rule.ts";
import type { RoutePolicy } from "../../edge-verifier/policy/rule.ts";

export const BENCH_ROUTES: RoutePolicy = defineRoutes([
  { path: "/public/*", allow: "anyone" },
  { path: "/api/admin/*", require: { scope: ["admin"] } },
  { path: "/api/orders/*", require: { scope: ["orders:read"] } },
  { path: "/api/*", require: {} },
]);
