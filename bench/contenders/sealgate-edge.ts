/**
 * sealgate as the gateway runs it: key ladder, verification and the memory of verified tokens. With a memory too small for
 * the tokens in turn, every token is seen for the first time; with a large one, each is recalled.
 */
import { createKeyLadder } from "../../shared/keys/key-ladder.ts";
import { createKeyRings } from "../../shared/keys/key-rings.ts";
import { createTokenVerifiers } from "../../shared/keys/token-verifier.ts";
import type { ForeignProblem } from "../../shared/foreign/tokens.ts";
import type { TokenVerifier } from "../../shared/keys/token-verifier.ts";
import type { TokenMemoryLimits } from "../../shared/keys/token-memory.ts";
import { importTrustAnchors } from "../../shared/signed-key-set.ts";
import { foreignTokensOf } from "./foreign.ts";
import { BENCH_RING, issuerOf, rulesOf } from "./sealgate.ts";
import type { Settings } from "./settings.ts";

export async function edgeVerifier(
  settings: Settings,
  memoryLimits: TokenMemoryLimits,
): Promise<TokenVerifier<ForeignProblem>> {
  const anchors = await importTrustAnchors(settings.anchors);
  if (!anchors.ok) throw new TypeError("the trust anchors are refused");
  const ladder = createKeyLadder({
    reader: { read: async () => ({ text: settings.keySet, ageSeconds: 0 }) },
    anchors: anchors.value,
    issuer: issuerOf(settings),
    ring: BENCH_RING,
    acceptsUnnamed: true,
    minRev: 1,
    bootstrapKeySet: undefined,
    readDeadlineMs: 1000,
    random: () => 0.5,
  });
  const rings = createKeyRings([{ name: BENCH_RING, ladder }]);
  return createTokenVerifiers({ rings, memoryLimits }).under(
    rulesOf(settings),
    foreignTokensOf(settings, memoryLimits),
  );
}
