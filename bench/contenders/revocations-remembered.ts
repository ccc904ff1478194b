/** sealgate at the edge beside a revocation list, each token verified before. */
import { listVerifier } from "./revocations-edge.ts";
import { serve, takesText } from "./serve.ts";
import type { ContenderWorker } from "./serve.ts";

const worker: ContenderWorker = serve<string>(async (env) => {
  const verifier = await listVerifier(env, { maxEntries: 400_000, maxCharacters: 400_000_000 });
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
