/**
 * A Hono Worker as one writes it first: KV get, import, verify, `hono/proxy`, for every request.
 */
import { Hono } from "hono";
import { proxy } from "hono/proxy";
import { verifyNaively } from "../contenders/naive-check.ts";
import { originUrl, tokenOf } from "./env.ts";
import type { GatewayEnv } from "./env.ts";

const app: Hono<GatewayEnv> = new Hono<GatewayEnv>();
app.all("*", async (c) => {
  if (!(await verifyNaively(tokenOf(c.req.raw), c.env.SETTINGS, c.env.KEYS))) return c.body(null, 401);
  return proxy(originUrl(c.req.url), { raw: c.req.raw, customFetch: (request) => c.env.ORIGIN.fetch(request) });
});

export default app;
