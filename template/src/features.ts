/**
 * The optional features of this gateway: a Worker holds the code of what is listed here and of nothing else. All features:
 * node_modules/sealgate/docs/gateway.md. For example:
 *
 *   import { cors, hsts } from "sealgate/edge-verifier";
 *   const features: readonly Feature[] = [cors, hsts];
 */
import type { Feature } from "sealgate/edge-verifier";

const features: readonly Feature[] = [];

export default features;
