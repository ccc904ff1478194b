/**
 * The policy of this gateway: who may call what. Edit this file. The first rule that matches decides; a request that no
 * rule matches is answered 404 and never forwarded.
 */
import { defineRoutes } from "sealgate/edge-verifier";

export default defineRoutes([
  { path: "/public/*", allow: "anyone" },
  { path: "/api/admin/*", require: { scope: ["admin"] } },
  {
    path: "/api/reports/:id",
    methods: ["GET"],
    require: { anyScope: ["reports", "admin"], claims: { tenant: "acme" } },
  },
  { path: "/api/*", require: {} },
]);
