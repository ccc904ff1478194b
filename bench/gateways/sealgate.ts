/**
 * The gateway as it is deployed, with a policy of a public and a protected tree. It logs one event for each request.
 */
import { createGateway } from "../../edge-verifier/gateway.ts";
import type { GatewayWorker } from "../../edge-verifier/gateway.ts";
import { BENCH_ROUTES } from "./routes.ts";

const worker: GatewayWorker = createGateway(BENCH_ROUTES);

export default worker;
