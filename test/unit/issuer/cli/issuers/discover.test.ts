/** What `sealgate issuers add` asks an issuer, what it believes, and what it refuses. */
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { jsonOf } from "../support.ts";
import { useIssuersWorld } from "./world.ts";

const { add, network, standIn } = useIssuersWorld();

describe("what is refused", () => {
  const discovery = "https://login.acme.example/.well-known/openid-configuration";
  const jwks = "https://login.acme.example/jwks";
  test.each([
    ["discovery that names another issuer", { issuer: "https://evil.example", jwks_uri: jwks }, "names another issuer"],
    ["discovery without an issuer", { jwks_uri: jwks }, "names another issuer"],
    ["discovery in capitals", { issuer: "HTTPS://LOGIN.ACME.EXAMPLE", jwks_uri: jwks }, "names another issuer"],
    ["discovery of two slashes", { issuer: "https://login.acme.example//", jwks_uri: jwks }, "names another issuer"],
    ["discovery with a query", { issuer: "https://login.acme.example?", jwks_uri: jwks }, "names another issuer"],
    ["discovery of a list", { issuer: ["https://login.acme.example"], jwks_uri: jwks }, "names another issuer"],
    [
      "keys at a metadata service",
      { issuer: "https://login.acme.example", jwks_uri: "https://metadata.google.internal/" },
      "must name a host of the Internet",
    ],
    [
      "a template of many tenants",
      { issuer: "https://login.microsoftonline.com/{tenantid}/v2.0", jwks_uri: jwks },
      "serves many tenants",
    ],
    [
      "keys at an address",
      { issuer: "https://login.acme.example", jwks_uri: "https://169.254.169.254/" },
      "must name a host",
    ],
    [
      "keys in clear",
      { issuer: "https://login.acme.example", jwks_uri: "http://login.acme.example/jwks" },
      "must use https",
    ],
    ["no keys", { issuer: "https://login.acme.example" }, "must be an absolute URL"],
    [
      "keys that do not come",
      { issuer: "https://login.acme.example", jwks_uri: "https://gone.acme.example/" },
      "jwk_set_unreachable",
    ],
    ["keys that are none", { issuer: "https://login.acme.example", jwks_uri: discovery }, "jwk_set_malformed"],
    ["keys of no use", { issuer: "https://login.acme.example", jwks_uri: jwks }, "lists no key that can be used"],
  ])("%s", async (_name, document, message) => {
    network().serve(discovery, document);
    network().serve(jwks, { keys: [{ kty: "oct", kid: "a" }] });
    const run = await add("https://login.acme.example", "--audience", "x");
    expect([run.code, run.out]).toEqual([EXIT.failure, ""]);
    expect(run.err).toContain("foreign_issuer_unusable");
    expect(run.err).toContain(message);
  });

  test("an issuer without a document, of either kind", async () => {
    const run = await add("https://nothing.acme.example/tenant", "--audience", "x");
    expect(run.err).toContain("no discovery document");
    expect(network().asked).toEqual([
      "https://nothing.acme.example/tenant/.well-known/openid-configuration",
      "https://nothing.acme.example/.well-known/oauth-authorization-server/tenant",
    ]);
  });

  test("a URL that no discovery may be made at", async () => {
    const run = await add("http://169.254.169.254/latest", "--audience", "x");
    expect(run.err).toContain("must use https");
    expect(network().asked).toEqual([]);
  });
});

test("without a discovery document: the keys' address is given, and the issuer is taken as it is written", async () => {
  const { entry } = standIn("Firebase");
  network().serve(`${entry.issuer}/.well-known/openid-configuration`, () => new Response(null, { status: 404 }));
  const printed = jsonOf(await add(entry.issuer, "--jwks-uri", entry.jwks_uri, "--json"));
  expect(printed).toMatchObject({ issuer: entry.issuer, jwks_uri: entry.jwks_uri, algs: ["RS256"] });
});

test("what is no key at all among the keys is left out, and counted", async () => {
  const { entry, jwkSet } = standIn("Okta");
  const keys = "keys" in jwkSet && Array.isArray(jwkSet.keys) ? jwkSet.keys : [];
  network().serve(entry.jwks_uri, { keys: [null, "key", ...keys] });
  const run = await add(entry.issuer, "--audience", "x", "--jwks-uri", entry.jwks_uri);
  expect(run.code).toBe(0);
  expect(run.err).toContain("2 left out: not_an_object, not_an_object");
});

test.each([[["RS256", "Ed25519"]], [["EdDSA"]], [["RS256"]]])(
  "a key of Ed25519 is found by both of its names, and the document states %j",
  async (stated) => {
    const issuer = "https://login.acme.example";
    const x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    network().serve(`${issuer}/.well-known/openid-configuration`, {
      issuer,
      jwks_uri: `${issuer}/jwks`,
      id_token_signing_alg_values_supported: stated,
    });
    network().serve(`${issuer}/jwks`, { keys: [{ kty: "OKP", crv: "Ed25519", x, kid: "a", alg: "Ed25519" }] });
    expect(jsonOf(await add(issuer, "--audience", "x", "--json"))).toMatchObject({ algs: ["EdDSA"] });
  },
);

test("a key that names no algorithm gets those that the issuer states, or RS256", async () => {
  const { entry } = standIn("Entra ID, v1.0 tokens");
  const document = `${entry.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const stated = { issuer: entry.issuer, jwks_uri: entry.jwks_uri };
  network().serve(document, { ...stated, id_token_signing_alg_values_supported: ["RS256", "PS256", "HS256"] });
  expect(jsonOf(await add(entry.issuer, "--audience", "x", "--json"))).toMatchObject({ algs: ["RS256", "PS256"] });
  network().serve(document, stated);
  expect(jsonOf(await add(entry.issuer, "--audience", "x", "--json"))).toMatchObject({ algs: ["RS256"] });
});
