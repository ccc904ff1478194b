import { createGateway } from "sealgate/edge-verifier";
import features from "./features.ts";
import routes from "./routes.ts";

export default createGateway(routes, { features });
