/**
 * The gateway with every feature and without its log: whatever reads what a stranger sends is in it.
 */
import { createGateway } from "../../edge-verifier/gateway.ts";
import type { GatewayWorker } from "../../edge-verifier/gateway.ts";
import { allFeatures } from "../../edge-verifier/features/all.ts";
import { defineRoutes } from "../../edge-verifier/policy/rule.ts";

const routes = defineRoutes([
  { path: "/api/admin/*", require: { scope: ["admin"] } },
  { path: "/api/*", require: {}, tolerate: ["encoded_slash", "empty_segment", "path_parameters"] },
]);

let events = 0;

const worker: GatewayWorker = createGateway(routes, {
  features: allFeatures,
  onEvent: () => {
    events += 1;
  },
});

export default worker;
