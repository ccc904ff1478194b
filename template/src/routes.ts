/**
 * Who may call what. The first rule that matches decides; a request that no rule matches is answered 404 and never forwarded.
 * All that a rule can say: node_modules/sealgate/docs/gateway-policy.md.
 */
import { defineRoutes } from "sealgate/edge-verifier";

export default defineRoutes([
  { path: "/public/*", allow: "anyone" },
  { path: "/api/admin/*", require: { scope: ["admin"] } },
  { path: "/api/*", require: {} },
]);
