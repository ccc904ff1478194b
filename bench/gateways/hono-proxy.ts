/**
 * The same with `hono/proxy`, which removes hop-by-hop headers.
 */
import { Hono } from "hono";
import { proxy } from "hono/proxy";
import { originUrl } from "./env.ts";
import type { GatewayEnv } from "./env.ts";

const app: Hono<GatewayEnv> = new Hono<GatewayEnv>();
app.all("*", (c) =>
  proxy(originUrl(c.req.url), { raw: c.req.raw, customFetch: (request) => c.env.ORIGIN.fetch(request) }),
);

export default app;
