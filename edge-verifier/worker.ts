/**
 * The Worker that `wrangler` deploys: the gateway with the policy of routes.ts. Nothing else is in this file, so that
 * everything else can be tested with another policy.
 */
import { createGateway } from "./create-gateway.ts";
import type { GatewayWorker } from "./create-gateway.ts";
import routes from "./routes.ts";

const worker: GatewayWorker = createGateway(routes);

export default worker;
