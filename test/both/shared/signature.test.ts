/** The one call to WebCrypto: which octets it is asked about, and that the length comes first. */
import { beforeAll, describe, expect, test } from "vitest";
import { importVerificationKey, verifySignature } from "../../../shared/jws.ts";
import type { UnverifiedJws, VerificationKey } from "../../../shared/jws.ts";
import { signWith } from "../../support/forge.ts";
import { makeKey } from "../../support/key-sets.ts";
import type { TestKey } from "../../support/key-sets.ts";
import { given, utf8 } from "../../support/values.ts";

let signer: TestKey;
let key: VerificationKey;

beforeAll(async () => {
  signer = await makeKey("EdDSA");
  key = given(await importVerificationKey(signer.jwk, signer.kid));
});

/** A JWS whose signature is that of `signed`, and which claims to be about `signingInput`. */
async function about(signingInput: string, signed = signingInput): Promise<UnverifiedJws> {
  const signature = new Uint8Array(await signWith(signer)(utf8(signed)));
  return { encodedHeader: "", payload: new Uint8Array(), signingInput, signature };
}

test("a signature of another length than the key's is refused, even one that would hold", async () => {
  const jws = await about("a.b");
  expect(await verifySignature(key, jws)).toBe(true);
  expect(await verifySignature({ ...key, signatureBytes: 63 }, jws)).toBe(false);
  expect(await verifySignature({ ...key, signatureBytes: 65 }, jws)).toBe(false);
});

describe("the octets that are verified", () => {
  test.each(["", "a", "a.b", "é", "éa", "aé", "€uro", "😀", "a".repeat(10_000), `${"a".repeat(10_000)}é`])(
    "are the UTF-8 of the whole text (case %#)",
    async (text) => {
      expect(await verifySignature(key, await about(text))).toBe(true);
      expect(await verifySignature(key, await about(`${text}a`, text))).toBe(false);
      expect(await verifySignature(key, await about(`a${text}`, text))).toBe(false);
    },
  );

  test("are never only a part of it", async () => {
    expect(await verifySignature(key, await about("éa", "é"))).toBe(false);
    expect(await verifySignature(key, await about("aé", "a"))).toBe(false);
    expect(await verifySignature(key, await about("éé", "é"))).toBe(false);
  });
});
