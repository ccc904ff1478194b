/** The local check of RSA signatures: PSS and PKCS#1 are told apart, and no octet may be missing. */
import { constants, generateKeyPairSync, sign } from "node:crypto";
import { expect, test } from "vitest";
import { createSignatureCheck } from "../../../../issuer/kms/signature.ts";
import { readSpki } from "../../../../issuer/kms/public-key.ts";
import type { Alg } from "../../../../shared/algorithms.ts";
import { valueOf } from "../../../support/values.ts";

const INPUT = "eyJhIjoxfQ.eyJiIjoyfQ";
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const spki = publicKey.export({ format: "der", type: "spki" });

async function checkFor(alg: Alg): Promise<ReturnType<typeof createSignatureCheck>> {
  return createSignatureCheck(valueOf(await readSpki(spki, alg)));
}

function signPss(input: string, saltLength: number): Buffer {
  return sign("sha256", Buffer.from(input), { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
}

test("a PSS signature without its leading zero octet does not count as one", async () => {
  const holds = await checkFor("PS256");
  let signature = signPss(INPUT, 32);
  while (signature[0] !== 0) signature = signPss(INPUT, 32);
  expect(holds(INPUT, signature)).toBe(true);
  expect(holds(INPUT, signature.subarray(1))).toBe(false);
});

test.each([0, 20, 31, 33, 64, 222])(
  "a PSS signature with a salt of %d bytes is not one of PS256",
  async (saltLength) => {
    const holds = await checkFor("PS256");
    expect(holds(INPUT, signPss(INPUT, saltLength))).toBe(false);
  },
);

test("PKCS#1 and PSS signatures of one key are not taken for each other", async () => {
  const pkcs1 = sign("sha256", Buffer.from(INPUT), privateKey);
  expect((await checkFor("RS256"))(INPUT, pkcs1)).toBe(true);
  expect((await checkFor("PS256"))(INPUT, pkcs1)).toBe(false);
  expect((await checkFor("RS256"))(INPUT, signPss(INPUT, 32))).toBe(false);
  expect((await checkFor("RS384"))(INPUT, pkcs1)).toBe(false);
});
