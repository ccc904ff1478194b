/**
 * A Hono Worker that verifies with jose, key set in memory, and forwards.
 */
import { Hono } from "hono";
import { createLocalJWKSet, jwtVerify } from "jose";
import type { JWTVerifyGetKey } from "jose";
import { joseOptions } from "../contenders/jose-options.ts";
import { passOn, tokenOf } from "./env.ts";
import type { GatewayEnv } from "./env.ts";

let keySet: JWTVerifyGetKey | undefined;

const app: Hono<GatewayEnv> = new Hono<GatewayEnv>();
app.all("*", async (c) => {
  keySet ??= createLocalJWKSet({ keys: JSON.parse(JSON.stringify(c.env.SETTINGS.jwks)) });
  try {
    await jwtVerify(tokenOf(c.req.raw), keySet, joseOptions(c.env.SETTINGS));
  } catch {
    return c.body(null, 401);
  }
  return passOn(c.env, c.req.raw);
});

export default app;
