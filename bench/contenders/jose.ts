/**
 * jose with the key set in memory: `jwtVerify` and `createLocalJWKSet`, made once.
 */
import { createLocalJWKSet, jwtVerify } from "jose";
import type { JWK } from "jose";
import { joseOptions } from "./jose-options.ts";
import { serve, takesText } from "./serve.ts";
import type { ContenderWorker } from "./serve.ts";

const worker: ContenderWorker = serve<string>(async ({ SETTINGS }) => {
  const keys: JWK[] = JSON.parse(JSON.stringify(SETTINGS.jwks));
  const keySet = createLocalJWKSet({ keys });
  const options = joseOptions(SETTINGS);
  return {
    prepare: takesText,
    async check(token) {
      await jwtVerify(token, keySet, options);
      return true;
    },
  };
});

export default worker;
