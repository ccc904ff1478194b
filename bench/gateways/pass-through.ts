/**
 * A Hono Worker that only forwards: the floor for everything that forwards.
 */
import { Hono } from "hono";
import { passOn } from "./env.ts";
import type { GatewayEnv } from "./env.ts";

const app: Hono<GatewayEnv> = new Hono<GatewayEnv>();
app.all("*", (c) => passOn(c.env, c.req.raw));

export default app;
