/**
 * The deployed Worker with every optional feature, for tests of features over sockets.
 */
import { createGateway } from "../../edge-verifier/create-gateway.ts";
import type { GatewayWorker } from "../../edge-verifier/create-gateway.ts";
import { allFeatures } from "../../edge-verifier/features/all.ts";
import routes from "../../edge-verifier/routes.ts";

const worker: GatewayWorker = createGateway(routes, { features: allFeatures });

export default worker;
