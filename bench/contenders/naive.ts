/**
 * The naive verifier as a contender of the verification suite.
 */
import { verifyNaively } from "./naive-check.ts";
import { serve, takesText } from "./serve.ts";
import type { ContenderWorker } from "./serve.ts";

const worker: ContenderWorker = serve<string>(async ({ SETTINGS, KEYS }) => {
  if (KEYS === undefined) throw new TypeError("KEYS is not bound");
  return { prepare: takesText, check: (token) => verifyNaively(token, SETTINGS, KEYS) };
});

export default worker;
