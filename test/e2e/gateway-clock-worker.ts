/** The gateway with a clock that each request sets: `x-now`, epoch milliseconds. */
import { createGateway } from "../../edge-verifier/gateway.ts";
import type { GatewayContext } from "../../edge-verifier/request/app.ts";

let nowMs = 0;
const gateway = createGateway([{ path: "/api/*", require: {} }], { clock: () => nowMs });

export default {
  fetch(request: Request, env: object, context: GatewayContext): Promise<Response> {
    nowMs = Number(request.headers.get("x-now"));
    return gateway.fetch(request, env, context);
  },
};
