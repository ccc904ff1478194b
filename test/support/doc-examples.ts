/**
 * Every block on the pages that people paste from, in the order of the page, and what the tests do with it: it is executed
 * in a project that has installed the packed package, or it says here why not. A block that is not listed fails a test, so that no
 * example is printed that never ran. The runbooks are followed word for word in `test/e2e/ring/runbooks.test.ts`.
 */
import { readFileSync } from "node:fs";
import { GATEWAY_EXAMPLES, ROUTES } from "./gateway-doc-examples.ts";
import type { Listed } from "./example-ways.ts";
import { PRODUCTION_EXAMPLES } from "./production-doc-examples.ts";

export type { EdgeWay, Listed, RevokeWay, RingWay } from "./example-ways.ts";

const DEMO = { because: "what the demo prints; test/e2e/demo.test.ts runs it" };
const CI = { because: "the two commands that .ci/run begins with; test/boundaries/workshop.test.ts compares" };
const REQUEST = { because: "one request and what comes of it; test/unit/docs/gateway.test.ts sends it" };
const CLOUDFLARE = { because: "creates something in a Cloudflare account" };

const OUTPUT = { because: "what the command before prints" };
const DEPLOYED = { because: "asks a deployed gateway; the runbooks do the same in test/e2e/ring/runbooks.test.ts" };

export const EXAMPLES: Readonly<Record<string, readonly Listed[]>> = {
  "README.md": [
    ["npm ci && npm run demo", CI],
    ["2  Tokens that KMS has signed        GET /api/orders", DEMO],
    ["npx sealgate ring init", "init"],
    ['import { createIssuer, createRingPolicy, createRingSource } from "sealgate/issuer";', "issuer"],
    ['import { Hono } from "hono";', "worker"],
    ROUTES,
    ['import { createVerifier, fromUrl } from "sealgate/verify";', "verifier"],
    ['import { jwtVerify } from "jose";', "verifier"],
  ],
  "docs/getting-started.md": [
    ["npx wrangler kv namespace create KEY_SETS --env production", CLOUDFLARE],
    [
      "export SEALGATE_ISSUER=https://auth.example.com          # the iss of your tokens",
      { because: "names accounts at AWS and Cloudflare" },
    ],
    ["sealgate ring init --dry-run", "shell"],
    ["would create ECC_NIST_P256 key for the root", OUTPUT],
    ["sealgate ring init", "init"],
    ["create ECC_NIST_P256 key for the root: done", OUTPUT],
    ["sealgate ring status", "status"],
    [
      "gen  state    alg    kid                                          KMS key                               age  what comes next",
      OUTPUT,
    ],
    ["sealgate ring reconcile", "shell"],
    ["nothing to do", OUTPUT],
    ["npm run deploy", CLOUDFLARE],
    ["export GATEWAY=https://api.example.com", DEPLOYED],
    [
      '{"status":"ok","rings":[{"ring":"main","status":"ok","source":"memory","rev":1795827577275425,"ageSeconds":0,"expiresAt":1795913847,"keys":2,"anchors":["2Kp…"],"skipped":[],"warnings":[]}]}',
      OUTPUT,
    ],
    ['curl -s "$GATEWAY/api/orders"', DEPLOYED],
    [
      '{"type":"about:blank","title":"Unauthorized","status":401,"detail":"A bearer token is required.","code":"token_missing"}',
      OUTPUT,
    ],
    [
      'sealgate token sign --ring --audience https://api.example.com --claims \'{"sub":"user-1","scope":"orders"}\' > token',
      "shell",
    ],
    ['curl -i "$GATEWAY/api/orders" -H "Authorization: Bearer $(cat token)"', DEPLOYED],
  ],
  "docs/cli.md": [
    ["npx sealgate --help                      # in a project that has the package", "help"],
    ["export SEALGATE_RING=main SEALGATE_ISSUER=https://auth.example.com", "shell"],
    [
      "sealgate token sign --key alias/my-signing-key --alg ES256 --audience https://api.example.com > key-token",
      "shell",
    ],
    ['import { createIssuer, createKmsSigner, createKmsVerifier } from "sealgate/issuer";', "module"],
    ['{"error":{"code":"kms_key_not_found","message":"…"}}', OUTPUT],
    ['{ "alg": "ES256", "rotateEverySeconds": 2592000, "timing": { "maxTokenTtlSeconds": 3600 } }', "ring policy"],
    [`sealgate token sign --ring --audience https://api.example.com --claims '{"sub":"user-1"}' --json`, "shell"],
    [
      '{"token":"eyJhbGciOiJFUzI1NiIs…","kid":"SqTww_wUOnGTImsvkoDouD-V3QPz5lJvG29dejmJTXs","expiresAt":1795828200,"jti":"0730…"}',
      OUTPUT,
    ],
    [
      "sealgate token verify --key alias/my-signing-key --alg ES256 --audience https://api.example.com < key-token",
      "shell",
    ],
    ["{", OUTPUT],
    ["sealgate token verify --ring --audience https://api.example.com < ring-token", "shell"],
    [
      "valid: ES256, kid SqTww_wUOnGTImsvkoDouD-V3QPz5lJvG29dejmJTXs (by the key set in KV, rev 1795827899162545)",
      OUTPUT,
    ],
    ["sealgate token inspect < token", "shell"],
    ['header    {"alg":"ES256","kid":"SqTww_wUOnGTImsvkoDouD-V3QPz5lJvG29dejmJTXs","typ":"JWT"}', OUTPUT],
    ["export SEALGATE_REVOCATION_TABLE=sealgate-revocations", "shell"],
    ["taken back: all tokens of the subject with an iat before 2026-11-28T01:06:00Z", OUTPUT],
    ["sealgate key public alias/my-signing-key --format jwk", "shell"],
    ["{", OUTPUT],
    ["sealgate ring init --dry-run", "shell"],
    ["create ECC_NIST_P256 key for the root: done", OUTPUT],
    ["sealgate ring status", "ring state"],
    ["ring main   https://auth.example.com   ES256, rotates every 30 d", OUTPUT],
    ["sealgate ring reconcile", "shell"],
    ["nothing to do", OUTPUT],
    [
      "sealgate ring reconcile --watch --interval 1m",
      { because: "goes on until Ctrl-C; test/unit/issuer/cli/ring/watch.test.ts runs it" },
    ],
    ["sealgate ring rotate --dry-run", "ring state"],
    [
      "not done standby_not_ready: The pending key is not known to every edge and consumer yet: its tokens could be refused. Safe from 2026-11-28T02:14:33Z (in 1 h 9 min).",
      OUTPUT,
    ],
    [
      "sealgate ring rotate --wait",
      { because: "waits for an hour; test/unit/issuer/cli/ring/reconcile-rotate.test.ts runs it" },
    ],
    [
      "sealgate token sign --ring --audience https://api.example.com > leaked     # stands for the token that leaked",
      "shell",
    ],
    ["would disable the KMS key of generation 1 (revoked)", OUTPUT],
    ["sealgate ring adopt --dry-run alias/my-signing-key", "shell"],
    ["sealgate ring anchors", "shell"],
    [
      `TRUST_ANCHORS='[{"kty":"EC","crv":"P-256","x":"TDWKBOU6…","y":"BlPHDixm…","alg":"ES256","use":"sig","kid":"lhMAN_s6…"}]'`,
      OUTPUT,
    ],
    [
      "sealgate ring anchors --prepare",
      { because: "a step of docs/runbooks/root-change.md, which test/e2e/ring/runbooks.test.ts follows" },
    ],
    ["sealgate ring bootstrap > key-set.jws", "shell"],
    ['npx wrangler deploy --env production --var BOOTSTRAP_KEY_SET:"$(cat key-set.jws)"', CLOUDFLARE],
    ["sealgate ring key-set > key-set.jws", "shell"],
    ["sealgate ring jwks > jwks.json", "shell"],
    [
      "sealgate ring discovery --jwks-uri https://api.example.com/.well-known/jwks.json > openid-configuration",
      "shell",
    ],
    ["sealgate revocations list", "ring state"],
    ["kind  prefix                  until                                on the list", OUTPUT],
    ["sealgate revocations table > table.json", "shell"],
    ["is there already: sealgate-revocations", OUTPUT],
    ["sealgate new gateway", "shell"],
    ["gateway/.github/workflows/ci.yml", OUTPUT],
    [
      "sealgate check",
      {
        because:
          "looks at a Worker's project; test/unit/issuer/cli/check/command-mistakes.test.ts has one with mistakes",
      },
    ],
    ["✓ config            wrangler reads the configuration of production, the Worker gateway-production.", OUTPUT],
    [
      "sealgate issuers add https://acme.eu.auth0.com/ --audience https://api.example.com",
      { because: "asks another issuer; test/unit/issuer/cli/issuers has a stand-in for it" },
    ],
    ["{", OUTPUT],
    ["sealgate serve --ring", "serve"],
    ['curl -s http://127.0.0.1:8788/tokens -H "Authorization: Bearer $SEALGATE_CALLER_SECRET" \\', "request"],
    [
      '{"token":"eyJhbGciOiJFUzI1NiIs…","kid":"SqTww_wUOnGTImsvkoDouD-V3QPz5lJvG29dejmJTXs","jti":"0730…","expiresAt":1795828200}',
      OUTPUT,
    ],
    ['sealgate console --gateway "$GATEWAY"', { because: "goes on until Ctrl-C; test/e2e/console.test.ts runs it" }],
    ["http://127.0.0.1:40123/?token=9mZ2q0…", OUTPUT],
    [
      "sealgate kms-emulator --port 4566 --state-file kms.json",
      { because: "goes on until Ctrl-C; test/unit/issuer/cli/kms-emulator-command.test.ts runs it" },
    ],
    ["AWS_ENDPOINT_URL_KMS=http://127.0.0.1:4566", OUTPUT],
    ["sealgate help ring rotate", "shell"],
    ["source <(sealgate completion bash)", "shell"],
  ],
  "docs/revocations.md": [
    ['import { createRevocations } from "sealgate/issuer";', "revoke module"],
    [
      "export SEALGATE_RING=main SEALGATE_ISSUER=https://auth.example.com SEALGATE_REVOCATION_TABLE=sealgate-revocations",
      "revoke shell",
    ],
    ["sealgate serve --ring --revoke", "revoke serve"],
    [
      'curl -sS --fail-with-body http://127.0.0.1:8788/revoke -H "Authorization: Bearer $SEALGATE_CALLER_SECRET" --data-urlencode token@stolen',
      "revoke request",
    ],
    ['{ "sid": "session-17" }', "revoke events"],
    [
      '{ "revoked": true, "entry": "1795828200#sid#cSvYQn9eVaPj-4vkDOvX8w#r", "until": 1795832880, "refusedBy": 1795828479, "refusedByOnSchedule": 1795828769, "stored": ["sealgate-revocations"], "failed": [] }',
      OUTPUT,
    ],
    [
      'import { createVerifier, fromUrl } from "sealgate/verify";',
      {
        because:
          "docs/verify.md's example with one more option; test/worker/shared/revocations/guard.test.ts asks such a verifier",
      },
    ],
    ["<compact JWS> LF <body>", { because: "the form of a value" }],
    ["sealgate revocations table --create", "shell"],
  ],
  "docs/production.md": PRODUCTION_EXAMPLES,
  "docs/errors.md": [
    [
      '{"type":"about:blank","title":"Unauthorized","status":401,"detail":"A bearer token is required.","code":"token_missing"}',
      REQUEST,
    ],
  ],
  ...GATEWAY_EXAMPLES,
  "docs/middleware.md": [
    ['import { Hono } from "hono";', "middleware"],
    ['invalid_token (token_expired): The token has expired. {"expiredForSeconds":100}', OUTPUT],
    ['import { Hono } from "hono";', "middleware"],
    ['import { Hono } from "hono";', "middleware"],
    ['import { Hono } from "hono";', "middleware"],
  ],
  "docs/verify.md": [
    ["// verifier.ts", "verifier"],
    ['import express from "express";', "verifier"],
    ['import Fastify from "fastify";', "verifier"],
    ['import { serve } from "@hono/node-server";', "verifier"],
    ['import { createServer } from "node:http";', "verifier"],
    ['import { createVerifier, fromKv } from "sealgate/verify";', "verifier"],
    ['import { createVerifier, fromUrl } from "sealgate/verify";', "verifier"],
    ['import { jwtVerify } from "jose";', "verifier"],
  ],
  "docs/coming-from.md": [
    ['import { createIssuer, createKmsSigner, createKmsVerifier } from "sealgate/issuer";', "module"],
    ['import { Hono } from "hono";', "middleware"],
    ['import { createVerifier, fromUrl } from "sealgate/verify";', "verifier"],
  ],
  "docs/origin.md": [
    ["npx wrangler mtls-certificate upload --cert gateway.pem --key gateway-key.pem --name gateway", CLOUDFLARE],
    ["[env.production]", { because: "names a certificate in a Cloudflare account" }],
    [
      `node -e 'import("sealgate/origin").then(async ({ createAssertionKey }) => console.log(JSON.stringify(await createAssertionKey())))'`,
      "assertion key",
    ],
    ['import { createServer } from "node:http";', "origin in Node"],
    ["import base64, hashlib, json, time", "origin in Python"],
    [
      "func verify(r *http.Request, keys map[string]ed25519.PublicKey, audience string, now int64) (map[string]string, error) {",
      "origin in Go",
    ],
    ["location / {", { because: "needs nginx, which is not part of this repository" }],
  ],
};

export interface Block {
  readonly page: string;
  readonly begins: string;
  readonly code: string;
}

/** All fenced blocks of a page, whatever their language. */
export function blocksOf(page: string): readonly Block[] {
  const text = readFileSync(new URL(`../../${page}`, import.meta.url), "utf8");
  return [...text.matchAll(/^```[^\n]*\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => {
    return { page, begins: code.slice(0, code.indexOf("\n")), code };
  });
}

/** The blocks with one of these ways, page by page. */
export function examplesBy<W extends string>(
  isWay: (way: string) => way is W,
): readonly (Block & { readonly way: W })[] {
  return Object.entries(EXAMPLES).flatMap(([page, listed]) => {
    const blocks = blocksOf(page);
    return listed.flatMap(([, way], index) => {
      const block = blocks[index];
      return block !== undefined && typeof way === "string" && isWay(way) ? [{ ...block, way }] : [];
    });
  });
}
