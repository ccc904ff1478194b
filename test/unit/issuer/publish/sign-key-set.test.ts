/** A signed key set opens at an edge that has pinned the root key, and nothing else is ever returned. */
import { describe, expect, test } from "vitest";
import { composeKeySet } from "../../../../issuer/publish/compose.ts";
import { signKeySet } from "../../../../issuer/publish/sign-key-set.ts";
import { SealgateError } from "../../../../issuer/errors.ts";
import type { Signer } from "../../../../issuer/signer.ts";
import { ALGS } from "../../../../shared/algorithms.ts";
import { decodeBase64url } from "../../../../shared/base64url.ts";
import { calculateThumbprint } from "../../../../shared/jwk.ts";
import { serialiseKeySet } from "../../../../shared/key-set.ts";
import type { KeySetDocument } from "../../../../shared/key-set.ts";
import { importTrustAnchors, openKeySet } from "../../../../shared/signed-key-set.ts";
import { firstKeySet, keySetParts, keyToPublish, NOW } from "../../../support/key-set-parts.ts";
import { seconds, TEST_ISSUER, TEST_RING } from "../../../support/key-sets.ts";
import { createLocalSigner } from "../../../support/local-signer.ts";
import { faultOf } from "../../../support/published-by.ts";
import { given, kidOf, valueOf } from "../../../support/values.ts";

function decodeJson(segment: string | undefined): unknown {
  return JSON.parse(new TextDecoder().decode(given(decodeBase64url(given(segment)))));
}

describe.each(ALGS)("a key set signed by a root key of %s", (alg) => {
  test("opens at an edge that has pinned that key", async () => {
    const root = await createLocalSigner(alg);
    const document = await firstKeySet();
    const text = await signKeySet(document, root, NOW);
    const anchors = valueOf(await importTrustAnchors([root.jwk]));
    const opened = valueOf(
      await openKeySet(text, { anchors, issuer: TEST_ISSUER, ring: TEST_RING, leastRev: document.rev }, NOW),
    );
    expect(opened.skipped).toEqual([]);
    expect(serialiseKeySet(opened.document)).toEqual(serialiseKeySet(document));
  });

  test("has a header of exactly alg, kid and typ", async () => {
    const root = await createLocalSigner(alg);
    const [header] = (await signKeySet(await firstKeySet(), root, NOW)).split(".");
    expect(decodeJson(header)).toEqual({ alg, kid: root.kid, typ: "jwk-set+jwt" });
  });
});

test("keys of every algorithm can be published in one document", async () => {
  const keys = await Promise.all(ALGS.map((alg) => keyToPublish("retiring", alg)));
  const document = composeKeySet(keySetParts({ keys }));
  const [, payload] = (await signKeySet(document, await createLocalSigner("ES256"), NOW)).split(".");
  expect(decodeJson(payload)).toEqual(serialiseKeySet(document));
});

describe("nothing is returned", () => {
  async function refusal(document: KeySetDocument, root?: Signer): Promise<{ code: string; message: string }> {
    return faultOf(signKeySet(document, root ?? (await createLocalSigner("ES256")), NOW));
  }

  test("when the signature is by another key", async () => {
    const root = await createLocalSigner("ES256");
    const other = await createLocalSigner("ES256");
    const fault = await refusal(await firstKeySet(), { ...root, sign: (input) => other.sign(input) });
    expect(fault).toMatchObject({ code: "kms_bad_signature", retryable: true });
  });

  test("when the signature is of something else", async () => {
    const root = await createLocalSigner("EdDSA");
    const sign: Signer["sign"] = (input) => root.sign(`${input}x`);
    expect(await refusal(await firstKeySet(), { ...root, sign })).toMatchObject({ code: "kms_bad_signature" });
  });

  test("when the document does not name its ring", async () => {
    expect(await refusal({ ...(await firstKeySet()), ring: undefined })).toMatchObject({ code: "key_set_unusable" });
  });

  test("when the root key is among the keys", async () => {
    const root = await createLocalSigner("ES256");
    const keys = [{ kid: root.kid, jwk: root.jwk, state: "active" as const, publishedAt: undefined }];
    expect(await refusal(composeKeySet(keySetParts({ keys })), root)).toMatchObject({ code: "key_set_unusable" });
  });

  test.each<[string, Partial<KeySetDocument>, string]>([
    ["the document has expired", { expiresAt: NOW }, "key_set_member_invalid"],
    ["the document was issued too far in the future", { issuedAt: seconds(NOW + 61) }, "key_set_issued_in_future"],
    ["the rev is no rev", { rev: 1.5 }, "key_set_member_invalid"],
  ])("when %s", async (_what, override, reason) => {
    const fault = await refusal({ ...(await firstKeySet()), ...override });
    expect(fault.code).toBe("key_set_unusable");
    expect(fault.message).toContain(reason);
  });

  test("when the document is too old by now", async () => {
    const document = composeKeySet(keySetParts({ now: seconds(NOW - 90_000) }));
    const fault = await refusal(document);
    expect(fault.code).toBe("key_set_unusable");
    expect(fault.message).toContain("key_set_expired");
  });

  test("when an edge would skip a key", async () => {
    const key = await keyToPublish("active", "EdDSA");
    if (key.jwk.kty !== "OKP") throw new Error("not an Ed25519 key");
    const jwk = { ...key.jwk, x: "AAAA" };
    const keys = [{ ...key, jwk, kid: await calculateThumbprint(jwk) }];
    const fault = await refusal(composeKeySet(keySetParts({ keys })));
    expect(fault.code).toBe("key_set_unusable");
    expect(fault.message).toContain("coordinate_invalid");
  });

  test("when a key cannot be imported", async () => {
    const key = await keyToPublish("active", "ES256");
    const other = await keyToPublish("active", "ES256");
    if (key.jwk.kty !== "EC" || other.jwk.kty !== "EC") throw new Error("not EC keys");
    // A point that is not on the curve.
    const jwk = { ...key.jwk, y: other.jwk.y };
    const keys = [{ ...key, jwk, kid: await calculateThumbprint(jwk) }];
    const fault = await refusal(composeKeySet(keySetParts({ keys })));
    expect(fault.code).toBe("key_set_unusable");
    expect(fault.message).toContain("import_failed");
  });

  test("when the root is named by something else than its thumbprint", async () => {
    const root = { ...(await createLocalSigner("ES256")), kid: kidOf("alias-main-root") };
    const fault = await refusal(await firstKeySet(), root);
    expect(fault.code).toBe("key_set_unusable");
    expect(fault.message).toContain("key_set_unknown_root");
  });

  test("when a key is named by something else than its thumbprint", async () => {
    const keys = [{ ...(await keyToPublish("active")), kid: kidOf("alias-main-1") }];
    const fault = await refusal(composeKeySet(keySetParts({ keys })));
    expect(fault.code).toBe("key_set_unusable");
    expect(fault.message).toContain("thumbprint");
  });

  test("when the root cannot be pinned", async () => {
    const root = await createLocalSigner("ES256");
    const other = await createLocalSigner("ES384");
    expect(await refusal(await firstKeySet(), { ...root, jwk: { ...other.jwk, alg: "ES256" } })).toMatchObject({
      code: "key_set_unusable",
    });
  });

  test("when the signer fails, whose fault is passed on", async () => {
    const root = await createLocalSigner("ES256");
    const sign: Signer["sign"] = () => Promise.reject(new SealgateError("kms_throttled", "too fast"));
    expect(await refusal(await firstKeySet(), { ...root, sign })).toMatchObject({ code: "kms_throttled" });
  });
});
