/**
 * sealgate at the edge, each token verified before. The token is cut out of a header for each look-up, as in a request:
 * a string that has been looked up before would carry its hash with it.
 */
import { edgeVerifier } from "./sealgate-edge.ts";
import { serve, takesText } from "./serve.ts";
import type { ContenderWorker } from "./serve.ts";

const worker: ContenderWorker = serve<string>(async ({ SETTINGS }) => {
  const verifier = await edgeVerifier(SETTINGS, { maxEntries: 400_000, maxCharacters: 400_000_000 });
  return {
    prepare: takesText,
    check(stored, waitUntil) {
      const token = `Bearer ${stored}`.slice("Bearer ".length);
      const nowMs = Date.now();
      const answer = verifier.verify(token, nowMs, waitUntil);
      return answer instanceof Promise ? answer.then((outcome) => outcome.ok) : answer.ok;
    },
  };
});

export default worker;
