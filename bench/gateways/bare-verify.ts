/**
 * A Hono Worker that calls `crypto.subtle.verify` on the request's token, with a key imported once, and forwards. It looks
 * at no claim and no header: the floor for verifying and forwarding.
 */
import { Hono } from "hono";
import { algorithmOf } from "../../shared/algorithms.ts";
import { passOn, tokenOf } from "./env.ts";
import type { GatewayEnv } from "./env.ts";

const encoder = new TextEncoder();
let key: CryptoKey | undefined;

const app: Hono<GatewayEnv> = new Hono<GatewayEnv>();
app.all("*", async (c) => {
  const { alg, jwks } = c.env.SETTINGS;
  const { params } = algorithmOf(alg);
  if (key === undefined) {
    const { kty, crv, n, e, x, y } = jwks[0] ?? {};
    const material = JSON.parse(JSON.stringify({ kty, crv, n, e, x, y }));
    key = await crypto.subtle.importKey("jwk", material, params, false, ["verify"]);
  }
  const token = tokenOf(c.req.raw);
  const end = token.lastIndexOf(".");
  const text = atob(
    token
      .slice(end + 1)
      .replaceAll("-", "+")
      .replaceAll("_", "/"),
  );
  const signature = Uint8Array.from(text, (character) => character.charCodeAt(0));
  const holds = await crypto.subtle.verify(params, key, signature, encoder.encode(token.slice(0, end)));
  return holds ? passOn(c.env, c.req.raw) : c.body(null, 401);
});

export default app;
