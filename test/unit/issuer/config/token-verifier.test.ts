/** The verifier of a service that takes tokens back: by a gateway's key set, over real HTTP. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAnchors, readTokenVerifier } from "../../../../issuer/config/token-verifier.ts";
import { startKeySetServer } from "../../../support/key-set-server.ts";
import type { KeySetServer } from "../../../support/key-set-server.ts";
import {
  makeDocument,
  makeKey,
  makeRoot,
  ringName,
  seconds,
  signKeySet,
  signToken,
  TEST_ISSUER,
} from "../../../support/key-sets.ts";
import type { TestKey, TestRoot } from "../../../support/key-sets.ts";

const NOW = 1_800_000_000;
const OF = { issuer: TEST_ISSUER, rings: [ringName("main")] };

let gateway: KeySetServer;
let root: TestRoot;
let key: TestKey;
beforeAll(async () => {
  [gateway, root, key] = await Promise.all([startKeySetServer(), makeRoot(), makeKey("ES256")]);
  gateway.serve(await signKeySet(makeDocument([key], seconds(NOW - 10)), root));
});
afterAll(() => gateway.close());

describe("the verifier", () => {
  test("finds a token genuine, by the keys that the gateway serves and the root keys that are pinned", async () => {
    const env = { SEALGATE_GATEWAY: gateway.url, TRUST_ANCHORS: JSON.stringify([root.jwk]) };
    const verifier = await readTokenVerifier(env, OF, { clock: () => NOW * 1000 });
    expect(gateway.requests).toEqual([]);
    const claims = { iss: TEST_ISSUER, aud: "api", jti: "one", iat: NOW, exp: NOW + 300 };
    const codes = await Promise.all(
      [key, await makeKey("ES256")].map(async (signer) => {
        const verified = await verifier.verify(await signToken(claims, signer, { kid: key.kid }));
        return verified.ok ? "ok" : verified.error.code;
      }),
    );
    // No token has the verifier's audience: it says so only once the signature has held.
    expect(codes).toEqual(["audience_mismatch", "signature_invalid"]);
  });

  test("takes root keys by ring, and of other rings none", async () => {
    const TRUST_ANCHORS = JSON.stringify({ main: [root.jwk], west: [root.jwk] });
    const env = { SEALGATE_GATEWAY: gateway.url, TRUST_ANCHORS };
    expect((await (await readTokenVerifier(env, OF)).status()).map(({ ring }) => ring)).toEqual(["main"]);
    const rings = [ringName("main"), ringName("west")];
    expect(await (await readTokenVerifier(env, { ...OF, rings })).status()).toHaveLength(2);
  });

  test("is not made of less: everything that is missing is told at once", async () => {
    await expect(readTokenVerifier({}, OF)).rejects.toMatchObject({
      code: "config_invalid",
      message: expect.stringMatching(/SEALGATE_GATEWAY is missing.*TRUST_ANCHORS is missing/) as string,
    });
  });

  test.each([
    [{ SEALGATE_GATEWAY: "http://api.example.com" }, "SEALGATE_GATEWAY must use https"],
    [{ SEALGATE_GATEWAY: "https://api.example.com/path" }, "SEALGATE_GATEWAY must have no path"],
    [{ TRUST_ANCHORS: "{" }, "TRUST_ANCHORS must be what `sealgate ring anchors` prints"],
    [{ TRUST_ANCHORS: "[]" }, "TRUST_ANCHORS cannot be used"],
    [{ TRUST_ANCHORS: '{"west":[{}]}' }, "TRUST_ANCHORS must be what `sealgate ring anchors` prints"],
    [{ TRUST_ANCHORS: '[{"kty":"EC"}]' }, "TRUST_ANCHORS cannot be used"],
  ])("%j is refused", async (changes, message) => {
    const env = { SEALGATE_GATEWAY: gateway.url, TRUST_ANCHORS: JSON.stringify([root.jwk]), ...changes };
    await expect(readTokenVerifier(env, OF)).rejects.toThrow(message);
  });

  test("a root key whose kid is another key's is refused before a token comes", async () => {
    const wrong = JSON.stringify([{ ...root.jwk, kid: key.kid }]);
    const env = { SEALGATE_GATEWAY: gateway.url, TRUST_ANCHORS: wrong };
    await expect(readTokenVerifier(env, OF)).rejects.toMatchObject({ code: "config_invalid" });
  });
});

test.each([
  ['[{"kty":"EC"}]', undefined, [{ kty: "EC" }]],
  ['{"a":[{}],"b":[{}]}', undefined, { a: [{}], b: [{}] }],
  ['{"a":[{}],"b":[{}]}', ["b", "c"], { b: [{}] }],
  ['{"a":[{}]}', ["b"], undefined],
  ['{"a":5}', undefined, undefined],
  ["5", undefined, undefined],
  ["[5]", undefined, undefined],
  ["", undefined, undefined],
])("root keys %s of %j are %j", (text, rings, anchors) => {
  expect(parseAnchors(text, rings)).toEqual(anchors);
});
