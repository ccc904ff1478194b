/**
 * sealgate's verification core: `verifyToken` with an imported key set. Nothing is remembered between two tokens.
 */
import { epochSecondsFromMs } from "../../shared/identifiers.ts";
import { importTrustAnchors, openKeySet } from "../../shared/signed-key-set.ts";
import { importKeySet } from "../../shared/verification-keys.ts";
import { verifyToken } from "../../shared/verify-token.ts";
import { BENCH_RING, issuerOf, rulesOf } from "./sealgate.ts";
import { serve, takesText } from "./serve.ts";
import type { ContenderWorker } from "./serve.ts";

const worker: ContenderWorker = serve<string>(async ({ SETTINGS }) => {
  const rules = rulesOf(SETTINGS);
  const anchors = await importTrustAnchors(SETTINGS.anchors);
  if (!anchors.ok) throw new TypeError("the trust anchors are refused");
  const now = epochSecondsFromMs(Date.now());
  const opened = await openKeySet(
    SETTINGS.keySet,
    { anchors: anchors.value, issuer: issuerOf(SETTINGS), ring: BENCH_RING, leastRev: 1 },
    now,
  );
  if (!opened.ok) throw new TypeError(opened.error.code);
  const keys = await importKeySet(opened.value);
  return {
    prepare: takesText,
    check: async (token) => (await verifyToken(token, rules, keys, epochSecondsFromMs(Date.now()))).ok,
  };
});

export default worker;
