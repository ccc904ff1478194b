/** Tokens of other issuers: what is asked of each, the first time and again. */
import { beforeAll, describe, expect, test } from "vitest";
import { standInNamed } from "../../../support/stand-in-issuers.ts";
import type { StandInIssuer } from "../../../support/stand-in-issuers.ts";
import { codeOf, makeForeignWorld, NOW, NOW_MS } from "./scene.ts";
import type { ForeignWorld } from "./scene.ts";

let standIns: ForeignWorld["standIns"];
let ownKey: ForeignWorld["ownKey"];
let makeScene: ForeignWorld["makeScene"];
let makeSceneWith: ForeignWorld["makeSceneWith"];
beforeAll(async () => {
  ({ standIns, ownKey, makeScene, makeSceneWith } = await makeForeignWorld());
});

describe("what is asked of a token", () => {
  test.each([
    ["expired", { exp: NOW - 61 }, "token_expired"],
    ["without exp", { exp: undefined }, "claim_missing"],
    ["too long", { exp: NOW + 86_461 }, "token_lifetime_too_long"],
    ["not yet valid", { nbf: NOW + 61 }, "token_not_yet_valid"],
    ["for another audience", { aud: "https://other.example" }, "audience_mismatch"],
    ["with a subject that is no text", { sub: 7 }, "claim_invalid"],
    ["within the leeway", { exp: NOW - 59 }, "ok"],
  ])("one that is %s", async (_name, changes, code) => {
    expect(codeOf(await makeScene().verify(await standInNamed(standIns, "Auth0").access(NOW, changes)))).toBe(code);
  });

  test.each([
    ["PS256 with a key that names no alg", "Entra ID, v2.0 tokens", { alg: "PS256" }, "alg_not_allowed"],
    ["ES256 with the kid of an RSA key", "Keycloak", { alg: "ES256" }, "alg_mismatch"],
    ["a typ that is not the entry's", "Cognito", { typ: "JWT" }, "typ_not_allowed"],
    ["another profile's typ", "Okta", { typ: "dpop+jwt" }, "typ_not_allowed"],
    ["RFC 9068's typ", "Okta", { typ: "application/at+JWT" }, "ok"],
    ["crit", "Okta", { crit: ["exp"], exp: 1 }, "own"],
  ])("its header: %s", async (_name, provider, header, code) => {
    const standIn = standInNamed(standIns, provider);
    const token =
      "alg" in header || "crit" in header ? await resign(standIn, header) : await standIn.access(NOW, {}, header);
    expect(codeOf(await makeScene().verify(token))).toBe(code);
  });

  test("its signature: of another token, of another key with the same kid, and of another length", async () => {
    const okta = standInNamed(standIns, "Okta");
    const { verify, network } = makeScene();
    const [good, other] = [await okta.access(NOW), await okta.access(NOW, { scp: ["admin"] })];
    const [, , signature = ""] = good.split(".");
    const swapped = `${other.slice(0, other.lastIndexOf("."))}.${signature}`;
    const truncated = good.slice(0, -2);
    expect(codeOf(await verify(swapped))).toBe("signature_invalid");
    expect(codeOf(await verify(truncated))).toBe("signature_invalid");
    // The issuer's kid, and another issuer's key: Auth0's second key is not the one that Okta signs with.
    const { jwkSet } = standInNamed(standIns, "Auth0");
    const [, strange = {}] = "keys" in jwkSet && Array.isArray(jwkSet.keys) ? jwkSet.keys : [];
    network.serve(okta.entry.jwks_uri, { keys: [{ ...strange, kid: "TRdN5RxAFaL4eM6pEJcC4Qo6mV6p5Xc1YYp7rQd3v1w" }] });
    expect(codeOf(await makeSceneWith(network).verify(good))).toBe("signature_invalid");
  });

  test("no kid: the one key that fits, and no guess among several", async () => {
    const firebase = standInNamed(standIns, "Firebase");
    expect(codeOf(await makeScene().verify(await firebase.access(NOW, {}, { kid: undefined })))).toBe("ok");
    const okta = standInNamed(standIns, "Okta");
    expect(codeOf(await makeScene().verify(await okta.access(NOW, {}, { kid: undefined })))).toBe("key_ambiguous");
  });

  test("a client that is named twice is the same client", async () => {
    const cognito = standInNamed(standIns, "Cognito");
    const { verify } = makeScene();
    expect(codeOf(await verify(await cognito.access(NOW, { azp: "evil" })))).toBe("client_not_allowed");
    expect(codeOf(await verify(await cognito.access(NOW, { client_id: undefined })))).toBe("client_not_allowed");
    expect(codeOf(await verify(await cognito.access(NOW, { aud: 7 })))).toBe("claim_invalid");
  });

  test("an access token without aud has an empty one, so that no audience is ever found in it", async () => {
    const answer = await makeScene().verify(await standInNamed(standIns, "Cognito").access(NOW));
    expect(answer).toMatchObject({ ok: true, value: { claims: { aud: [] } } });
  });
});

/** The same claims under another header; the signature is not reached. */
async function resign(standIn: StandInIssuer, header: object): Promise<string> {
  const [head = "", payload, signature] = (await standIn.access(NOW)).split(".");
  const members: object = JSON.parse(atob(head.replaceAll("-", "+").replaceAll("_", "/"))) as object;
  const encoded = btoa(JSON.stringify({ ...members, ...header }))
    .replaceAll("=", "")
    .replaceAll("+", "-")
    .replaceAll("/", "_");
  return `${encoded}.${payload}.${signature}`;
}

describe("a token that was seen before", () => {
  test("is answered without a promise, and reads nothing", async () => {
    const { verify, network } = makeScene();
    const token = await standInNamed(standIns, "Okta").access(NOW);
    expect(codeOf(await verify(token))).toBe("ok");
    expect(codeOf(await verify(token, NOW_MS + 1000))).toBe("ok");
    expect(network.asked).toHaveLength(1);
  });

  test("is refused once its time is over", async () => {
    const { verify } = makeScene();
    const token = await standInNamed(standIns, "Okta").access(NOW);
    await verify(token);
    expect(codeOf(await verify(token, NOW_MS + 3_661_000))).toBe("token_expired");
  });

  test("is refused once its key is withdrawn", async () => {
    const { verify, network, settle } = makeScene();
    const okta = standInNamed(standIns, "Okta");
    const token = await okta.access(NOW);
    await verify(token);
    network.serve(okta.entry.jwks_uri, { keys: [] });
    expect(codeOf(await verify(token, NOW_MS + 301_000))).toBe("ok");
    await settle();
    expect(codeOf(await verify(token, NOW_MS + 302_000))).toBe("kid_unknown");
  });

  test("stays good when its key stays and others come", async () => {
    const { verify, network, settle } = makeScene();
    const okta = standInNamed(standIns, "Okta");
    const token = await okta.access(NOW);
    await verify(token);
    network.serve(okta.entry.jwks_uri, {
      keys: [...(okta.jwkSet as { keys: object[] }).keys, { ...ownKey.jwk, alg: "ES256" }],
    });
    await verify(token, NOW_MS + 301_000);
    await settle();
    expect(codeOf(await verify(token, NOW_MS + 302_000))).toBe("ok");
  });
});
