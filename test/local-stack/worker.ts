/** The gateway of a local stack where tokens can be taken back: the repository's own Worker, with the feature that looks at the list. */
import { revocations } from "../../edge-verifier/features/revocations.ts";
import features from "../../edge-verifier/features.ts";
import { createGateway } from "../../edge-verifier/gateway.ts";
import type { GatewayWorker } from "../../edge-verifier/gateway.ts";
import routes from "../../edge-verifier/routes.ts";

const worker: GatewayWorker = createGateway(routes, { features: [...new Set([...features, revocations])] });

export default worker;
