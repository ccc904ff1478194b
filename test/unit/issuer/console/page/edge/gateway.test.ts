/** What a gateway would answer, by the gateway's own code: each decision, with the rule that makes it. Chromium runs it in test/e2e. */
import { expect, test } from "vitest";
import { askGateway } from "../../../../../../issuer/console/page/edge/gateway.ts";
import type { EdgeAnswer, EdgeQuestion } from "../../../../../../issuer/console/page/edge/gateway.ts";
import { serialiseJwk } from "../../../../../../shared/key-set.ts";
import {
  makeDocument,
  makeKey,
  makeRoot,
  seconds,
  signKeySet,
  signToken,
  TEST_ISSUER,
  TEST_RING,
} from "../../../../../support/key-sets.ts";
import { signRevocations, takenBack } from "../../../../../support/revocations.ts";

const NOW = seconds(1_800_000_000);
const AUDIENCE = "https://api.example.com";
const [key, stranger, root] = [await makeKey("ES256"), await makeKey("ES256"), await makeRoot()];
const ROUTES = [
  { path: "/public/*", allow: "anyone" },
  { path: "/api/admin/*", require: { scope: ["admin"] } },
  { path: "/api/reports/:id", methods: ["GET"], require: { claims: { tenant: "acme" } }, mode: "report" },
  { path: "/api/bills/*", require: {}, origin: "billing" },
  { path: "/api/*", require: {} },
];
const FACTS = {
  ring: TEST_RING,
  issuer: TEST_ISSUER,
  keySet: await signKeySet(makeDocument([key], NOW, { expiresAt: seconds(NOW + 3600) }), root),
  revocations: undefined,
  anchors: [serialiseJwk(root.jwk, root.kid)],
  routes: ROUTES,
};
const CLAIMS = { iss: TEST_ISSUER, aud: AUDIENCE, iat: NOW, exp: NOW + 300, sub: "user-1", jti: "token-1" };
const GOOD = await signToken(CLAIMS, key);

function ask(changes: Partial<EdgeQuestion> = {}): Promise<EdgeAnswer> {
  const question = { facts: FACTS, audience: AUDIENCE, method: "GET", path: "/api/orders?a=1", token: GOOD };
  return askGateway({ ...question, ...changes }, () => NOW * 1000);
}

test("a good token is forwarded, by the rule that admits it, with the identity that the origin gets", async () => {
  const answer = await ask();
  expect(answer).toMatchObject({
    isForwarded: true,
    verdict: "Forwarded to the origin: the rule admits the request.",
    rule: 'routes[4] {"path":"/api/*","require":{}}',
  });
  expect(answer.headers).toContainEqual(["x-sealgate-subject", "user-1"]);
  expect(JSON.stringify(answer)).not.toContain(GOOD.slice(-20));
});

test.each<[string, Partial<EdgeQuestion>, string, string]>([
  ["a scope is missing", { path: "/api/admin/x" }, "403 insufficient_scope. In the log, scope_missing: ", "routes[1]"],
  [
    "a rule that only reports",
    { path: "/api/reports/7" },
    "Forwarded to the origin, because the rule only reports.",
    "routes[2]",
  ],
  ["a rule with another origin", { path: "/api/bills/7", method: "POST" }, "Forwarded to the origin", "routes[3]"],
  ["a public path", { path: "/public/x", token: "no token" }, "Forwarded to the origin", "routes[0]"],
  ["no rule", { path: "/internal" }, "404 not_found: No rule", ""],
  ["a path of two readings", { path: "/api/%2e%2e/x" }, "404 not_found", ""],
  ["a double slash", { path: "/api//x" }, "400 path_ambiguous. In the log, path_unsafe: ", ""],
  ["an endpoint of its own", { path: "/.well-known/jwks.json" }, "200: the gateway answers this path itself.", ""],
  ["what is no token", { token: "abc" }, "401 invalid_token. In the log, token_malformed", "routes[4]"],
  ["another audience", { audience: "other" }, "401 invalid_token. In the log, audience_mismatch", "routes[4]"],
  ["no path", { path: "api" }, "Type the path", ""],
  ["keys of another root", { facts: { ...FACTS, keySet: "a.b.c" } }, "503 keys_unavailable: ", "routes[4]"],
  [
    "a policy with a mistake",
    { facts: { ...FACTS, routes: [{ path: "x", allow: "anyone" }] } },
    "500 config_invalid: ",
    "",
  ],
  ["no policy", { facts: { ...FACTS, routes: 7 } }, "404 not_found", ""],
])("%s", async (_what, changes, verdict, rule) => {
  const answer = await ask(changes);
  expect(answer.verdict).toContain(verdict);
  expect(answer.rule.startsWith(rule)).toBe(true);
});

test("a forged token is refused, with the challenge that the client gets", async () => {
  const answer = await ask({ token: await signToken(CLAIMS, stranger, { kid: key.kid }) });
  expect(answer.isForwarded).toBe(false);
  expect(answer.verdict).toContain("signature_invalid: The signature does not fit the token");
  expect(answer.headers).toContainEqual(["www-authenticate", expect.stringContaining('error="invalid_token"')]);
});

test("a token that was taken back is refused where the ring publishes a list", async () => {
  const revocations = await signRevocations([takenBack("jti", "token-1")], NOW, root);
  expect((await ask({ facts: { ...FACTS, revocations } })).verdict).toContain(
    'token_revoked: The token was taken back. {"by":"jti"}',
  );
  const other = await signRevocations([takenBack("jti", "token-2")], NOW, root);
  expect((await ask({ facts: { ...FACTS, revocations: other } })).isForwarded).toBe(true);
});
