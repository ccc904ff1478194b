/** The way of a request through the gateway: with a good token, and with a forged one. */
import { DEFAULT_TIMING } from "../../shared/timing.ts";
import { drawSequence } from "./sequence.ts";
import type { Picture } from "./svg.ts";

const [CLIENT, GATEWAY, KV, ORIGIN] = ["client", "gateway", "Workers KV", "origin server"] as const;

export const REQUEST: Picture = drawSequence({
  file: "request.svg",
  title: "A request through the gateway",
  description:
    "In the background the gateway reads the key set from Workers KV and checks the root key's signature. A client sends a request with a " +
    "token. The gateway checks the path, finds the rule, checks the token's header, signature and claims and what the rule requires, and " +
    "forwards the request to the origin server with the token's subject. A request with a changed token is answered 401, and the origin " +
    "server never sees it.",
  actors: [
    { name: CLIENT, note: "app or browser" },
    { name: GATEWAY, note: "a Worker" },
    { name: KV, note: "the signed key set" },
    { name: ORIGIN, note: "your API" },
  ],
  steps: [
    {
      section: `In the background, at most twice in ${DEFAULT_TIMING.memoryTtlSeconds} s: requests wait only while an isolate starts`,
    },
    { from: GATEWAY, to: KV, says: "read", colour: "accent" },
    { from: KV, to: GATEWAY, says: "key set", colour: "accent", isReply: true },
    {
      at: GATEWAY,
      does: ["Has the root key signed it? Is it newer,", "for this issuer and ring, not expired?"],
      colour: "accent",
    },
    { section: "A request with a good token" },
    { from: CLIENT, to: GATEWAY, says: "GET /api/orders", detail: "Authorization: Bearer …", colour: "good" },
    {
      at: GATEWAY,
      does: [
        "1  the path has one reading only",
        "2  the first rule that fits decides",
        "3  alg, typ and kid: which public key",
        "4  the signature holds",
        "5  iss, aud, exp, nbf, iat",
        "6  what the rule requires: scope, claims",
      ],
      colour: "good",
    },
    {
      from: GATEWAY,
      to: ORIGIN,
      says: "GET /api/orders",
      detail: "X-Sealgate-Subject: user-1, in place of what the client has sent",
      colour: "good",
    },
    { from: ORIGIN, to: GATEWAY, says: "200", colour: "good", isReply: true },
    { from: GATEWAY, to: CLIENT, says: "200", colour: "good", isReply: true },
    { section: "A request with a changed token" },
    { from: CLIENT, to: GATEWAY, says: "GET /api/orders", colour: "bad" },
    { at: GATEWAY, does: ["4  the signature does not hold", "the log says: signature_invalid"], colour: "bad" },
    {
      from: GATEWAY,
      to: CLIENT,
      says: "401",
      detail: "invalid_token",
      colour: "bad",
      isReply: true,
    },
  ],
});
