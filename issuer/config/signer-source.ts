/** The signers that a configuration names, for an issuer that runs by itself. */
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { createAwsKms } from "../kms/aws-kms.ts";
import { createKmsSigner } from "../kms/signer.ts";
import { createRingSource } from "../key-ring/sign/ring-source.ts";
import { createRings } from "../rings.ts";
import type { Rings } from "../rings.ts";
import type { SignerSource } from "../signer.ts";
import type { SigningKey } from "./signing.ts";

/** As `createIssuer` takes it: one source, or several rings. */
export type ConfiguredSigners = { readonly ring: SignerSource } | { readonly rings: Rings };

/**
 * A ring's signer, several rings, or one key that is looked up at once.
 * @param options the clock in epoch seconds, by default this host's
 * @throws SealgateError with a `kms_…` code when the key cannot be used
 */
export async function createConfiguredSigners(
  signWith: SigningKey,
  options: { readonly clock?: () => EpochSeconds } = {},
): Promise<ConfiguredSigners> {
  if (signWith.kind === "key") {
    const { keyId, alg } = signWith;
    const signer = await createKmsSigner({ keyId, alg, ...options });
    return { ring: { current: async () => signer } };
  }
  const sources = signWith.rings.map(({ policy, kms }) =>
    createRingSource(policy, { kms: createAwsKms(kms), ...options }),
  );
  const [home] = sources;
  return home === undefined || sources.length > 1 ? { rings: createRings(sources) } : { ring: home };
}
