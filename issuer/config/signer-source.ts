/** The signer that a configuration names, for an issuer that runs by itself. */
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { createKmsSigner } from "../kms/signer.ts";
import { createRingSource } from "../key-ring/sign/ring-source.ts";
import type { SigningKey } from "./signing.ts";
import type { SignerSource } from "../signer.ts";

/**
 * A ring's signer, or one key that is looked up at once.
 * @param options the clock in epoch seconds, by default this host's
 * @throws SealgateError with a `kms_…` code when the key cannot be used
 */
export async function createSignerSource(
  signWith: SigningKey,
  options: { readonly clock?: () => EpochSeconds } = {},
): Promise<SignerSource> {
  if (signWith.kind === "ring") return createRingSource(signWith.policy, options);
  const { keyId, alg } = signWith;
  const signer = await createKmsSigner({ keyId, alg, ...options });
  return { current: async () => signer };
}
