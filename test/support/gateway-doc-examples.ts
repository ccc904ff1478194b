/** The blocks on the pages of the gateway: a part of the list in doc-examples.ts. */
import type { Listed } from "./example-ways.ts";

const REQUEST = { because: "one request and what comes of it; test/unit/docs/gateway.test.ts sends it" };
const CLOUDFLARE = { because: "creates something in a Cloudflare account" };

export const ROUTES: Listed = ['import { defineRoutes } from "sealgate/edge-verifier";', "routes"];

/** test/e2e/gateway/recipes.test.ts runs each recipe as it is printed. */
const RECIPE = { because: "test/e2e/gateway/recipes.test.ts runs it" };
const POLICY: Listed = [ROUTES[0], RECIPE];

export const GATEWAY_EXAMPLES: Readonly<Record<string, readonly Listed[]>> = {
  "docs/gateway-recipes.md": [
    POLICY,
    ['IDENTITY_HEADERS = \'{ "x-user-id": "sub", "x-roles": { "list": "https://example.com/roles" } }\'', RECIPE],
    POLICY,
    POLICY,
    ['ORIGIN_URL = "https://origin.example.com"', RECIPE],
    POLICY,
    ['TOKEN_CARRIERS = "cookie"', RECIPE],
    POLICY,
    ['TOKEN_CARRIERS = "authorization,websocket"', RECIPE],
    POLICY,
    ['IDENTITY_HEADERS = \'{ "x-user-id": "sub", "x-token-expires": "exp" }\'', RECIPE],
    POLICY,
    ['ORIGIN_TIMEOUT_SECONDS = "10"', RECIPE],
    POLICY,
    ['CORS_ORIGINS = "https://app.example.com, https://*.previews.app.example.com, capacitor://localhost"', RECIPE],
  ],
  "docs/gateway.md": [
    ROUTES,
    ["curl -i https://api.example.com/api/orders", REQUEST],
    ["HTTP/1.1 401 Unauthorized", REQUEST],
    ['{"event":"request","decision":"refused","status":401,"method":"GET",', REQUEST],
    ["npx wrangler kv namespace create KEY_SETS --env production", CLOUDFLARE],
    ['import { cors } from "./features/cors.ts";', "features"],
  ],
  "docs/gateway-policy.md": [ROUTES, ROUTES, ROUTES, ROUTES, ROUTES, ROUTES],
  "docs/gateway-requests.md": [
    [
      'new WebSocket("wss://api.example.com/live", ["graphql-ws", "bearer", token]);',
      { because: "a browser's side of it; test/e2e/gateway/websocket.test.ts sends the same" },
    ],
    [
      '{ "x-user-id": "sub", "x-tenant": "tenant", "x-plan": ["subscription", "plan"] }',
      { because: "a value of a variable; test/unit/docs/gateway.test.ts reads it as the gateway does" },
    ],
    [
      '{ "x-roles": { "list": "roles" }, "x-groups": { "list": ["realm_access", "groups"] } }',
      { because: "a value of a variable; test/unit/docs/gateway.test.ts reads it as the gateway does" },
    ],
  ],
  "docs/gateway-log.md": [
    ['{"status":"ok","rings":[{"ring":"main","status":"ok","source":"memory",', { because: "an answer" }],
    [
      'ratelimits = [{ name = "CALLERS", namespace_id = "1002", simple = { limit = 600, period = 60 } }]',
      { because: "a line of wrangler.toml; test/e2e/gateway/platform.test.ts has the same binding" },
    ],
  ],
};
