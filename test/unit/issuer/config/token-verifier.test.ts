/** The verifier of a service that takes tokens back: by a gateway's key set, over real HTTP. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseAnchors, readTokenVerifier } from "../../../../issuer/config/token-verifier.ts";
import { makeKey, ringName, seconds, TEST_ISSUER } from "../../../support/key-sets.ts";
import { serveRing } from "../../../support/served-ring.ts";
import type { ServedRing } from "../../../support/served-ring.ts";

const NOW = seconds(1_800_000_000);
const OF = { issuer: TEST_ISSUER, rings: [ringName("main")] };

let ring: ServedRing;
beforeAll(async () => {
  ring = await serveRing(NOW);
});
afterAll(() => ring.gateway.close());

describe("the verifier", () => {
  test("finds a token genuine, by the keys that the gateway serves and the root keys that are pinned", async () => {
    const verifier = await readTokenVerifier(ring.env, OF, { clock: () => NOW * 1000 });
    expect(ring.gateway.requests).toEqual([]);
    const codes = await Promise.all(
      [ring.key, await makeKey("ES256")].map(async (signer) => {
        const verified = await verifier.verify(await ring.token({}, signer));
        return verified.ok ? "ok" : verified.error.code;
      }),
    );
    // No token has the verifier's audience: it says so only once the signature has held.
    expect(codes).toEqual(["audience_mismatch", "signature_invalid"]);
  });

  test("takes root keys by ring, and of other rings none", async () => {
    const { jwk } = ring.root;
    const env = { ...ring.env, TRUST_ANCHORS: JSON.stringify({ main: [jwk], west: [jwk] }) };
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
    await expect(readTokenVerifier({ ...ring.env, ...changes }, OF)).rejects.toThrow(message);
  });

  test("a root key whose kid is another key's is refused before a token comes", async () => {
    const env = { ...ring.env, TRUST_ANCHORS: JSON.stringify([{ ...ring.root.jwk, kid: ring.key.kid }]) };
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
