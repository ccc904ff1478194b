/** Further attempts of the kinds that the other files of this folder try, each beside a good token that passes all the same. */
import { beforeAll, describe, expect, test } from "vitest";
import { makeKey, signToken, TEST_ISSUER } from "../../../support/key-sets.ts";
import { standInNamed } from "../../../support/stand-in-issuers.ts";
import type { StandInIssuer } from "../../../support/stand-in-issuers.ts";
import { codeOf, makeForeignWorld, NOW } from "./scene.ts";
import type { ForeignWorld } from "./scene.ts";

let world: ForeignWorld;
let okta: StandInIssuer;
beforeAll(async () => {
  world = await makeForeignWorld();
  okta = standInNamed(world.standIns, "Okta");
});

function keysOf({ jwkSet }: StandInIssuer): readonly { readonly kid: string }[] {
  return JSON.parse(JSON.stringify(Reflect.get(jwkSet, "keys")));
}

/** What becomes of a good token of Okta's while its JWK Set is this. */
async function withSet(answer: object | (() => Response)): Promise<string> {
  const { network, verify } = world.makeScene();
  network.serve(okta.entry.jwks_uri, answer);
  return codeOf(await verify(await okta.access(NOW)));
}

const text =
  (body: string, headers: Record<string, string> = {}) =>
  () =>
    new Response(body, { headers });

describe("a JWK Set", () => {
  test.each([
    [
      "with entries that are no keys",
      () => ({ keys: [null, 1, "x", [], {}, { kty: "oct", k: "AA" }, ...keysOf(okta)] }),
    ],
    [
      "with keys of the future",
      () => ({ keys: [{ kty: "AKP", alg: "ML-DSA-44", pub: "AA", kid: "q" }, ...keysOf(okta)] }),
    ],
    ["with members beside keys", () => ({ keys: keysOf(okta), public_cert: {}, public_certs: [] })],
    [
      "with an own member __proto__",
      () => JSON.parse(`{"keys":${JSON.stringify(keysOf(okta))},"__proto__":{"keys":[]}}`),
    ],
    [
      "with a private key of another kid",
      () => ({ keys: [{ kty: "EC", crv: "P-256", x: "AA", y: "AA", d: "AA", kid: "p" }, ...keysOf(okta)] }),
    ],
  ])("%s: the good key is used", async (_name, make) => {
    expect(await withSet(make())).toBe("ok");
  });

  test.each([
    ["that names keys twice", () => text(`{"keys":[],"keys":${JSON.stringify(keysOf(okta))}}`)],
    ["that begins with a byte order mark", () => text(`\u{feff}${JSON.stringify({ keys: keysOf(okta) })}`)],
    ["with text behind it", () => text(`${JSON.stringify({ keys: keysOf(okta) })}<!-- -->`)],
    ["in a list", () => [{ keys: keysOf(okta) }]],
    ["whose keys are an object", () => ({ keys: Object.assign({}, keysOf(okta)) })],
    ["that is a map of certificates", () => ({ kid1: "-----BEGIN CERTIFICATE-----" })],
    [
      "of 101 keys",
      () => ({ keys: Array.from({ length: 101 }, (_, index) => ({ ...keysOf(okta)[0], kid: `k${index}` })) }),
    ],
    ["that is nested too deeply", () => text(`{"keys":${"[".repeat(5000)}${"]".repeat(5000)}}`)],
    ["that is a part of one", () => () => new Response(JSON.stringify({ keys: keysOf(okta) }), { status: 206 })],
    [
      "that a redirect has as its body",
      () => () => new Response(JSON.stringify({ keys: keysOf(okta) }), { status: 301, headers: { location: "/" } }),
    ],
    ["in UTF-16", () => text('{\0"\0k\0e\0y\0s\0"\0:\0[\0]\0}\0')],
  ])("%s: 503, and nothing of it is used", async (_name, make) => {
    expect(await withSet(make())).toBe("keys_unavailable");
  });

  test.each([
    [
      "is listed twice, once as another key",
      async () => {
        const { jwk } = await makeKey("RS256");
        return keysOf(okta).flatMap((key) => [key, { ...jwk, kid: key.kid }]);
      },
    ],
    ["is for encryption", async () => keysOf(okta).map((key) => ({ ...key, use: "enc" }))],
    ["may also sign", async () => keysOf(okta).map((key) => ({ ...key, key_ops: ["verify", "sign"] }))],
    ["is bound to another algorithm", async () => keysOf(okta).map((key) => ({ ...key, alg: "PS256" }))],
  ])("whose key %s: the key is not used", async (_name, make) => {
    expect(await withSet({ keys: await make() })).toBe("kid_unknown");
  });
});

describe("whose a token is", () => {
  test.each([
    ["an iss with a space behind it", { iss: "https://acme.okta.com/oauth2/default " }, "issuer_unknown"],
    ["an iss in capitals", { iss: "HTTPS://ACME.OKTA.COM/oauth2/default" }, "issuer_unknown"],
    ["an iss with a default port", { iss: "https://acme.okta.com:443/oauth2/default" }, "issuer_unknown"],
    ["an iss with an escape", { iss: "https://acme.okta.com/oauth2/%64efault" }, "issuer_unknown"],
    ["an iss that is a member of Object", { iss: "__proto__" }, "issuer_unknown"],
    ["our iss with a slash", { iss: `${TEST_ISSUER}/` }, "issuer_unknown"],
  ])("%s is asked nowhere", async (_name, claims, code) => {
    const { network, verify } = world.makeScene();
    expect(codeOf(await verify(await okta.access(NOW, claims)))).toBe(code);
    expect(network.asked).toEqual([]);
  });

  test("a key of ours in a set, under its own kid or none, makes no token of ours another's", async () => {
    for (const kid of [world.ownKey.kid, undefined]) {
      const { network, verify } = world.makeScene();
      network.serve(okta.entry.jwks_uri, { keys: [{ ...world.ownKey.jwk, kid }, ...keysOf(okta)] });
      const claims = { iss: okta.entry.issuer, aud: "api://default", exp: NOW + 60, sub: "user-1" };
      const token = await signToken(claims, world.ownKey, kid === undefined ? { kid: "x" } : {});
      expect(["own", "kid_unknown", "key_not_foreign", "alg_not_allowed"]).toContain(codeOf(await verify(token)));
      expect(codeOf(await verify(await okta.access(NOW)))).toBe("ok");
    }
  });
});

describe("another tenant's token", () => {
  test.each([
    ["a number", 65],
    ["a list", ["65"]],
    ["a list of more", ["65", "66"]],
    ["an object", { 0: "65" }],
    ["with a space", "65 "],
    ["with a zero", "065"],
    ["in other digits", "\uff16\uff15"],
    ["true", true],
  ])("whose pinned claim is %s is refused", async (_name, value) => {
    const github = standInNamed(world.standIns, "GitHub Actions");
    const { verify } = world.makeScene();
    expect(codeOf(await verify(await github.access(NOW, { repository_owner_id: value })))).toBe("claim_not_accepted");
    expect(codeOf(await verify(await github.access(NOW, { sub: "another" })))).toBe("ok");
  });
});
