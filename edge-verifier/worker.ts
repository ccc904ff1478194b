/**
 * The Worker that `wrangler` deploys: the gateway with the policy of routes.ts and the features of features.ts. Nothing else is in
 * this file, so that everything else can be tested with others.
 */
import { createGateway } from "./gateway.ts";
import type { GatewayWorker } from "./gateway.ts";
import features from "./features.ts";
import routes from "./routes.ts";

const worker: GatewayWorker = createGateway(routes, { features });

export default worker;
