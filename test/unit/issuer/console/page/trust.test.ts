/** The keys that a pasted token is checked against, and the sentences for keys that cannot be used. */
import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { trustPasted, trustRing } from "../../../../../issuer/console/page/trust.ts";
import { parseRingName } from "../../../../../shared/identifiers.ts";
import { serialiseJwk } from "../../../../../shared/key-set.ts";
import {
  makeDocument,
  makeKey,
  makeRoot,
  seconds,
  signKeySet,
  TEST_ISSUER,
  TEST_RING,
} from "../../../../support/key-sets.ts";
import { signRevocations, takenBack } from "../../../../support/revocations.ts";
import { given, valueOf } from "../../../../support/values.ts";

const NOW = seconds(1_800_000_000);
const [key, root, otherRoot] = [await makeKey("ES256"), await makeRoot(), await makeRoot()];
const document = makeDocument([key], NOW, { expiresAt: seconds(NOW + 3600) });
const RING = {
  ring: TEST_RING,
  issuer: TEST_ISSUER,
  keySet: await signKeySet(document, root),
  anchors: [serialiseJwk(root.jwk, root.kid)],
  revocations: undefined,
  routes: undefined,
};

describe("the ring's keys", () => {
  test("come from the document that its root key has signed, with its times", async () => {
    const { keys, ...times } = valueOf(await trustRing(RING, NOW));
    expect(keys.find(key.kid)).toMatchObject({ kid: key.kid });
    const { clockSkewSeconds, maxTokenTtlSeconds } = document.timing;
    expect(times).toEqual({ clockSkewSeconds, maxTokenTtlSeconds, takenBack: undefined });
  });

  test.each([
    ["of another root", { ...RING, anchors: [serialiseJwk(otherRoot.jwk, otherRoot.kid)] }, "key_set_unknown_root"],
    ["of another ring", { ...RING, ring: given(parseRingName("other")) }, "key_set_wrong_ring"],
    ["without a root", { ...RING, anchors: [] }, "no root key"],
  ])("are not taken from a document %s", async (_what, facts, words) => {
    expect(await trustRing(facts, NOW)).toMatchObject({ ok: false, error: expect.stringContaining(words) });
  });

  test("come with the list of taken-back tokens, unless it is not the ring's", async () => {
    const list = (signer: typeof root): Promise<string> => signRevocations([takenBack("jti", "a")], NOW, signer);
    const withList = async (revocations: string) => valueOf(await trustRing({ ...RING, revocations }, NOW)).takenBack;
    expect(await withList(await list(root))).toMatchObject({ counts: { jti: 1 } });
    expect(await withList(await list(otherRoot))).toBeUndefined();
  });

  test("are not taken from a document that has expired", async () => {
    expect(await trustRing(RING, seconds(NOW + 3600))).toMatchObject({ ok: false });
  });
});

describe("pasted keys", () => {
  test("of a JWK Set are found by kid only, a single nameless JWK always", async () => {
    const set = valueOf(await trustPasted(JSON.stringify({ keys: [{ ...key.jwk, kid: key.kid }] }), undefined));
    expect([set.keys.find(key.kid)?.valueOf(), set.keys.find(root.kid)]).toEqual([expect.any(Object), undefined]);
    const { alg: _alg, kid: _kid, ...nameless } = key.jwk;
    const one = valueOf(await trustPasted(JSON.stringify(nameless), "ES256"));
    expect(one.keys.find(root.kid)).toMatchObject({ kid: key.kid });
  });

  test.each(["ES256", "RS256", "PS384"] as const)("of a PEM are bound to the token's alg: %s", async (alg) => {
    const { publicKey } =
      alg === "ES256"
        ? generateKeyPairSync("ec", { namedCurve: "P-256" })
        : generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    const { keys } = valueOf(await trustPasted(pem, alg));
    expect(keys.find(key.kid)).toMatchObject({ algorithm: { alg } });
    expect(await trustPasted(pem, alg === "ES256" ? "RS256" : "ES256")).toMatchObject({ ok: false });
  });

  test.each([
    ["something else", "neither a JWK Set"],
    ['{"keys":[]}', "No key in it"],
    [JSON.stringify({ ...key.jwk, d: "AAAA" }), "private key"],
    ["-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "No key in it"],
  ])("that cannot be used are refused in words: %s", async (text, words) => {
    expect(await trustPasted(text, "ES256")).toMatchObject({ ok: false, error: expect.stringContaining(words) });
  });
});
