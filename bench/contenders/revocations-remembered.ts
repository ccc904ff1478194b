/** sealgate at the edge with a revocation list, each token verified before; without a list when SETTINGS has none. */
import { guardVerification } from "../../shared/revocations/guard.ts";
import { createVerification } from "../../shared/keys/verification.ts";
import { importTrustAnchors } from "../../shared/signed-key-set.ts";
import { BENCH_RING, issuerOf, rulesOf } from "./sealgate.ts";
import { serve, takesText } from "./serve.ts";
import type { ContenderWorker } from "./serve.ts";

const worker: ContenderWorker = serve<string>(async ({ SETTINGS, KEYS }) => {
  const anchors = await importTrustAnchors(SETTINGS.anchors);
  const list = await KEYS?.get("revocations", { type: "text", cacheTtl: 60 });
  if (!anchors.ok || list == null) throw new TypeError("the anchors cannot be imported, or there is no list");
  const reading = (text: string) => ({ read: async () => ({ text, ageSeconds: 0 }) });
  const config = {
    issuer: issuerOf(SETTINGS),
    rings: [{ ring: BENCH_RING, anchors: anchors.value, minRev: 1, bootstrapKeySet: undefined }],
  };
  const made = createVerification({ readerOf: () => reading(SETTINGS.keySet) }, config);
  const verifier = guardVerification(made, config, () => reading(list)).verifiers.under(rulesOf(SETTINGS));
  return {
    prepare: takesText,
    check(stored, waitUntil) {
      const token = `Bearer ${stored}`.slice("Bearer ".length);
      const answer = verifier.verify(token, Date.now(), waitUntil);
      return answer instanceof Promise ? answer.then((outcome) => outcome.ok) : answer.ok;
    },
  };
});

export default worker;
