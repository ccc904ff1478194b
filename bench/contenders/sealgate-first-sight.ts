/**
 * sealgate at the edge, each token new to it: ladder, look-up in the memory, verification, insertion into the memory.
 */
import { edgeVerifier } from "./sealgate-edge.ts";
import { serve, takesText } from "./serve.ts";
import type { ContenderWorker } from "./serve.ts";

const worker: ContenderWorker = serve<string>(async ({ SETTINGS }) => {
  const verifier = await edgeVerifier(SETTINGS, { maxEntries: 128, maxCharacters: 1_000_000 });
  return {
    prepare: takesText,
    check: async (token, waitUntil) => (await verifier.verify(token, Date.now(), waitUntil)).ok,
  };
});

export default worker;
