/**
 * The optional features of this gateway. Edit this file: a Worker holds the code of what is listed here and of nothing
 * else. A variable or binding whose feature is not listed answers every request 500 `config_invalid`, so that leaving a
 * feature out never switches off what the configuration asks for. All features: docs/gateway.md.
 *
 *   import { cors } from "./features/cors.ts";
 *
 *   const features: readonly Feature[] = [cors];
 */
import type { Feature } from "./request/hooks.ts";

const features: readonly Feature[] = [];

export default features;
