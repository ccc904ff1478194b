/** Tokens of other issuers: whose they are, and what is accepted of each provider. */
import { beforeAll, describe, expect, test } from "vitest";
import { foreignScope } from "../../../../shared/foreign/claims.ts";
import { makeKey, signToken, TEST_ISSUER } from "../../../support/key-sets.ts";
import { standInNamed } from "../../../support/stand-in-issuers.ts";
import type { StandInIssuer } from "../../../support/stand-in-issuers.ts";
import { codeOf, issuerOf, makeForeignWorld, NOW } from "./scene.ts";
import type { ForeignWorld } from "./scene.ts";

let standIns: ForeignWorld["standIns"];
let ownKey: ForeignWorld["ownKey"];
let withdrawn: ForeignWorld["withdrawn"];
let root: ForeignWorld["root"];
let makeScene: ForeignWorld["makeScene"];
beforeAll(async () => {
  ({ standIns, ownKey, withdrawn, root, makeScene } = await makeForeignWorld());
});

const NAMES = [
  "Auth0",
  "Cognito",
  "Entra ID, v2.0 tokens",
  "Entra ID, v1.0 tokens",
  "Okta",
  "Google service account",
  "Firebase",
  "Keycloak",
  "GitHub Actions",
  "Cloudflare Access",
];

describe.each(NAMES)("%s", (name) => {
  test("its access token is accepted, with the scopes that it grants", async () => {
    const standIn = standInNamed(standIns, name);
    const { verify } = makeScene();
    const answer = await verify(await standIn.access(NOW));
    if (answer === "own" || !answer.ok) throw new TypeError(codeOf(answer));
    expect(answer.value.claims.iss).toBe(standIn.entry.issuer);
    const scope = foreignScope(answer.value.claims, issuerOf(standIn.entry)) ?? [];
    expect(typeof scope === "string" ? scope.split(" ") : scope).toEqual(standIn.scopes);
  });

  test("its ID token, or what it has instead, is refused", async () => {
    const standIn = standInNamed(standIns, name);
    expect(codeOf(await makeScene().verify(await standIn.refused(NOW)))).toBe(standIn.refusal);
  });

  test("a token that claims to be its own and is signed by another issuer's key is refused", async () => {
    const standIn = standInNamed(standIns, name);
    const forger = await makeKey("ES256");
    const token = await signToken({ iss: standIn.entry.issuer, aud: "x", exp: NOW + 60 }, forger);
    expect(["kid_unknown", "alg_not_allowed", "typ_not_allowed"]).toContain(codeOf(await makeScene().verify(token)));
  });
});

test("the list of names above is complete", () => {
  expect(standIns.map(({ name }) => name)).toEqual(NAMES);
});

describe("whose a token is", () => {
  test("a kid of ours is ours under every iss: withdrawn ones are never looked for elsewhere", async () => {
    const { verify, network } = makeScene();
    const [okta] = [standInNamed(standIns, "Okta")];
    for (const key of [ownKey, withdrawn]) {
      network.serve(okta.entry.jwks_uri, { keys: [{ ...key.jwk, use: "sig" }] });
      const claims = { iss: okta.entry.issuer, aud: "api://default", exp: NOW + 60 };
      expect(codeOf(await verify(await signToken(claims, key)))).toBe("own");
    }
    expect(network.asked).toEqual([]);
  });

  test("an own iss is ours, with any kid, and reads no foreign key", async () => {
    const { verify, network } = makeScene();
    const stranger = await makeKey("ES256");
    expect(codeOf(await verify(await signToken({ iss: TEST_ISSUER, exp: NOW + 60 }, stranger)))).toBe("own");
    expect(network.asked).toEqual([]);
  });

  test.each([
    ["an unknown issuer", { iss: "https://evil.example" }, "issuer_unknown"],
    ["the same issuer without its slash", { iss: "https://acme.eu.auth0.com" }, "issuer_unknown"],
    ["a prefix of an issuer", { iss: "https://acme.okta.com/oauth2/defaul" }, "issuer_unknown"],
    ["no issuer at all", {}, "own"],
    ["several issuers", { iss: ["https://acme.okta.com/oauth2/default"] }, "own"],
  ])("%s is refused without a read", async (_name, claims, code) => {
    const { verify, network } = makeScene();
    const stranger = await makeKey("ES256");
    expect(codeOf(await verify(await signToken({ exp: NOW + 60, ...claims }, stranger)))).toBe(code);
    expect(network.asked).toEqual([]);
  });

  test("a payload that two parsers could read differently is refused before a key is looked for", async () => {
    const { verify, network } = makeScene();
    const [header = ""] = (await standInNamed(standIns, "Okta").access(NOW)).split(".");
    const payload = btoa('{"iss":"https://evil.example","iss":"https://acme.okta.com/oauth2/default"}');
    expect(codeOf(await verify(`${header}.${payload.replaceAll("=", "")}.AAAA`))).toBe("claims_invalid");
    expect(network.asked).toEqual([]);
  });
});

describe("keys of two issuers never mix", () => {
  test("one issuer's key is no key for a token that names the other", async () => {
    const { verify } = makeScene();
    // Both stand-ins have the same key, under different kids.
    const okta = standInNamed(standIns, "Okta");
    const google = standInNamed(standIns, "Google service account");
    const { iss } = { iss: okta.entry.issuer };
    expect(codeOf(await verify(await google.access(NOW, { iss, aud: "api://default" })))).toBe("kid_unknown");
  });

  test("a key that says whose it is fits that issuer only: Entra's key of personal accounts is no tenant's", async () => {
    const entra = standInNamed(standIns, "Entra ID, v2.0 tokens");
    const { verify, network } = makeScene();
    network.serve(entra.entry.jwks_uri, {
      keys: [
        { ...firstKeyOf(entra), issuer: "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0" },
      ],
    });
    expect(codeOf(await verify(await entra.access(NOW)))).toBe("kid_unknown");
  });

  test.each(["own key", "withdrawn own key", "trust anchor"])(
    "a foreign issuer that lists our %s gains nothing",
    async (which) => {
      const key = which === "own key" ? ownKey : which === "trust anchor" ? root : withdrawn;
      const keycloak = standInNamed(standIns, "Keycloak");
      const { verify, network } = makeScene();
      network.serve(keycloak.entry.jwks_uri, { keys: [{ ...key.jwk, kid: "innocent", use: "sig" }] });
      const claims = { iss: keycloak.entry.issuer, aud: "orders-api", typ: "Bearer", exp: NOW + 60 };
      expect(codeOf(await verify(await signToken(claims, key, { kid: "innocent" })))).toBe("key_not_foreign");
    },
  );
});

function firstKeyOf({ jwkSet }: StandInIssuer): object {
  return "keys" in jwkSet && Array.isArray(jwkSet.keys) ? jwkSet.keys[0] : {};
}
