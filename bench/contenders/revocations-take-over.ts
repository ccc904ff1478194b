/** What an isolate does with a new revocation list: signature, digest, decoding, order. Its "tokens" are lists. */
import { importTrustAnchors } from "../../shared/signed-key-set.ts";
import { openRevocations } from "../../shared/revocations/signed-list.ts";
import { epochSecondsFromMs } from "../../shared/identifiers.ts";
import { BENCH_RING, issuerOf } from "./sealgate.ts";
import { serve, takesText } from "./serve.ts";
import type { ContenderWorker } from "./serve.ts";

const worker: ContenderWorker = serve<string>(async ({ SETTINGS }) => {
  const anchors = await importTrustAnchors(SETTINGS.anchors);
  if (!anchors.ok) throw new TypeError("the anchors cannot be imported");
  const rules = { anchors: anchors.value, issuer: issuerOf(SETTINGS), ring: BENCH_RING, leastRev: 1 };
  return {
    prepare: takesText,
    check: async (list) => (await openRevocations(list, rules, epochSecondsFromMs(Date.now()))).ok,
  };
});

export default worker;
