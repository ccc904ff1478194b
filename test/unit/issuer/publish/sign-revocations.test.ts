import { expect, test } from "vitest";
import { signRevocations } from "../../../../issuer/publish/sign-revocations.ts";
import { composeBody } from "../../../../shared/revocations/sections.ts";
import { openRevocations } from "../../../../shared/revocations/signed-list.ts";
import { importTrustAnchors } from "../../../../shared/signed-key-set.ts";
import { seconds, TEST_ISSUER, TEST_RING } from "../../../support/key-sets.ts";
import { createLocalSigner } from "../../../support/local-signer.ts";
import { takenBack } from "../../../support/revocations.ts";
import { valueOf } from "../../../support/values.ts";

const root = await createLocalSigner("ES256");
const READ_AT = seconds(1_800_000_000.9);
const parts = {
  issuer: TEST_ISSUER,
  ring: TEST_RING,
  rev: 9,
  readAt: READ_AT,
  lifetimeSeconds: 60,
  ...composeBody([takenBack("jti", "a")]),
};

test("what is signed is what an edge opens; iat is when reading began", async () => {
  const anchors = valueOf(await importTrustAnchors([root.jwk]));
  const rules = { anchors, issuer: TEST_ISSUER, ring: TEST_RING, leastRev: 9 };
  const list = valueOf(await openRevocations(await signRevocations(parts, root), rules, READ_AT));
  expect(list).toMatchObject({ rev: 9, issuedAt: 1_800_000_000, expiresAt: 1_800_000_060, counts: { jti: 1 } });
});

test("a signature that does not hold is a fault that may pass", async () => {
  const broken = { ...root, sign: async () => new Uint8Array(64) };
  await expect(signRevocations(parts, broken)).rejects.toMatchObject({ code: "kms_bad_signature", retryable: true });
});

test("a list that an edge could not use is not signed for publishing", async () => {
  const counts = { jti: 2, sid: 0, sub: 0 };
  await expect(signRevocations({ ...parts, counts }, root)).rejects.toMatchObject({ code: "revocations_unusable" });
});
