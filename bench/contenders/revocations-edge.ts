/** sealgate at the edge beside a revocation list; without the feature when KV holds no list. Shared by the contenders; no Worker. */
import { createVerification } from "../../shared/keys/verification.ts";
import type { TokenMemoryLimits } from "../../shared/keys/token-memory.ts";
import type { TokenVerifier } from "../../shared/keys/token-verifier.ts";
import { guardVerification } from "../../shared/revocations/guard.ts";
import { importTrustAnchors } from "../../shared/signed-key-set.ts";
import { BENCH_RING, issuerOf, rulesOf } from "./sealgate.ts";
import type { ContenderEnv } from "./serve.ts";

export async function listVerifier(
  { SETTINGS, KEYS }: ContenderEnv,
  limits: TokenMemoryLimits,
): Promise<TokenVerifier> {
  const anchors = await importTrustAnchors(SETTINGS.anchors);
  if (!anchors.ok) throw new TypeError("the trust anchors are refused");
  const list = await KEYS?.get("revocations", { type: "text", cacheTtl: 60 });
  const reading = (text: string) => ({ read: async () => ({ text, ageSeconds: 0 }) });
  const config = {
    issuer: issuerOf(SETTINGS),
    rings: [{ ring: BENCH_RING, anchors: anchors.value, minRev: 1, bootstrapKeySet: undefined }],
  };
  const made = createVerification({ readerOf: () => reading(SETTINGS.keySet) }, config, limits);
  const verifiers = list == null ? made.verifiers : guardVerification(made, config, () => reading(list)).verifiers;
  return verifiers.under(rulesOf(SETTINGS));
}
