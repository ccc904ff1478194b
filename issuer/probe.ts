/** One signature for the sake of knowing that a signer signs. */
import type { Signer } from "./signer.ts";
import { toSigningInput } from "./token.ts";

/** A type that no verifier accepts, so that what is signed here is no token of anything. */
const PROBE_TYP = "sealgate-readiness";

/** Has it sign. The signature is verified as each is, and leaves this process in no form. @throws as `signer.sign` */
export async function probeSigner(signer: Signer): Promise<void> {
  await signer.sign(toSigningInput({ alg: signer.alg, kid: signer.kid, typ: PROBE_TYP }, {}));
}
