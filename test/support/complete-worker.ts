/**
 * The deployed Worker with every optional feature, for tests of features over sockets.
 */
import { createGateway } from "../../edge-verifier/gateway.ts";
import type { GatewayWorker } from "../../edge-verifier/gateway.ts";
import { allFeatures } from "../../edge-verifier/features/all.ts";
import routes from "../../edge-verifier/routes.ts";

const worker: GatewayWorker = createGateway(routes, { features: allFeatures });

export default worker;
