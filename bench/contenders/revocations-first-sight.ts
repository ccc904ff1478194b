/** sealgate at the edge beside a revocation list, each token new to it. */
import { listVerifier } from "./revocations-edge.ts";
import { serve, takesText } from "./serve.ts";
import type { ContenderWorker } from "./serve.ts";

const worker: ContenderWorker = serve<string>(async (env) => {
  const verifier = await listVerifier(env, { maxEntries: 128, maxCharacters: 1_000_000 });
  return {
    prepare: takesText,
    check: async (token, waitUntil) => (await verifier.verify(token, Date.now(), waitUntil)).ok,
  };
});

export default worker;
