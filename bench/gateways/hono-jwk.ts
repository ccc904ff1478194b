/**
 * A Hono Worker with the middleware `hono/jwk`, keys in memory, that forwards.
 */
import { Hono } from "hono";
import { jwk } from "hono/jwk";
import type { MiddlewareHandler } from "hono";
import { passOn } from "./env.ts";
import type { GatewayEnv } from "./env.ts";

type Options = Parameters<typeof jwk>[0];

let middleware: MiddlewareHandler | undefined;

const app: Hono<GatewayEnv> = new Hono<GatewayEnv>();
app.use("*", (c, next) => {
  if (middleware === undefined) {
    const { alg, issuer, audience, jwks } = c.env.SETTINGS;
    const verification = { iss: issuer, aud: audience, typ: "at+jwt" };
    const options: Options = JSON.parse(JSON.stringify({ alg: [alg], keys: jwks, verification }));
    middleware = jwk(options);
  }
  return middleware(c, next);
});
app.all("*", (c) => passOn(c.env, c.req.raw));

export default app;
