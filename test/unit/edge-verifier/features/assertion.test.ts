/** Which secrets make a signer of assertions: one private Ed25519 JWK whose halves belong together. */
import { beforeAll, describe, expect, test } from "vitest";
import { createAssertionSigner } from "../../../../edge-verifier/features/assertion.ts";
import { createAssertionKey } from "../../../../shared/origin.ts";
import type { AssertionKeyPair } from "../../../../shared/origin.ts";
import { errorOf } from "../../../support/values.ts";

let key: AssertionKeyPair;
let next: AssertionKeyPair;
beforeAll(async () => {
  [key, next] = await Promise.all([createAssertionKey(), createAssertionKey()]);
});

describe("the gateway", () => {
  test("signs with no key that is not one", async () => {
    const { privateJwk } = key;
    const { d } = next.privateJwk;
    const bad = [
      "",
      "no JSON",
      "[]",
      "null",
      { ...privateJwk, d: undefined },
      { ...privateJwk, x: undefined },
      { ...privateJwk, d: privateJwk.d.slice(1) },
      { ...privateJwk, x: `${privateJwk.x}AA` },
      { ...privateJwk, kty: "EC" },
      { ...privateJwk, crv: "X25519" },
      // The halves of two pairs: what it signs could not be verified.
      { ...privateJwk, d },
    ];
    for (const secret of bad) {
      const text = typeof secret === "string" ? secret : JSON.stringify(secret);
      expect((await createAssertionSigner(text, () => 0)).ok).toBe(false);
    }
    expect((await createAssertionSigner(privateJwk, () => 0)).ok).toBe(false);
  });
});

test.each([
  ["nothing", undefined],
  ["no JSON", "x"],
  ["a public key", '{"kty":"OKP","crv":"Ed25519","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}'],
  ["another curve", '{"kty":"EC","crv":"P-256","x":"a","y":"b","d":"c"}'],
  ["a short key", '{"kty":"OKP","crv":"Ed25519","x":"AAAA","d":"AAAA"}'],
])("a secret that is %s makes no signer", async (_, secret) => {
  expect(errorOf(await createAssertionSigner(secret, () => 0))).toContain("private Ed25519");
});

test("a secret with the halves of two keys makes no signer", async () => {
  const mixed = JSON.stringify({ ...key.privateJwk, x: next.privateJwk.x });
  expect((await createAssertionSigner(mixed, () => 0)).ok).toBe(false);
});
