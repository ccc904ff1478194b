/**
 * The gateway without its log: the plain Workers that it is compared with do not log either.
 */
import { createGateway } from "../../edge-verifier/gateway.ts";
import type { GatewayWorker } from "../../edge-verifier/gateway.ts";
import { BENCH_ROUTES } from "./routes.ts";

let events = 0;

const worker: GatewayWorker = createGateway(BENCH_ROUTES, {
  onEvent: () => {
    events += 1;
  },
});

export default worker;
