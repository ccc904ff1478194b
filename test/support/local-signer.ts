/**
 * A signer with a key in memory, for tests that need signatures but no KMS: every algorithm, a fresh key each. Not part of
 * the product: the issuer signs with KMS.
 */
import type { Signer } from "../../issuer/signer.ts";
import { algorithmOf } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import { makeKey } from "./key-sets.ts";
import { utf8 } from "./values.ts";

export async function createLocalSigner(alg: Alg): Promise<Signer> {
  const { kid, jwk, privateKey } = await makeKey(alg);
  return {
    kid,
    alg,
    jwk,
    keyArn: `arn:aws:kms:eu-central-1:000000000000:key/${kid}`,
    sign: async (signingInput) =>
      new Uint8Array(await crypto.subtle.sign(algorithmOf(alg).params, privateKey, utf8(signingInput))),
  };
}
