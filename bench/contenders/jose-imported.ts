/**
 * jose with the one key already imported: what is left when there is no key set to search.
 */
import { importJWK, jwtVerify } from "jose";
import type { JWK } from "jose";
import { joseOptions } from "./jose-options.ts";
import { serve, takesText } from "./serve.ts";
import type { ContenderWorker } from "./serve.ts";

const worker: ContenderWorker = serve<string>(async ({ SETTINGS }) => {
  const keys: JWK[] = JSON.parse(JSON.stringify(SETTINGS.jwks));
  const jwk = keys.find(({ kid }) => kid === SETTINGS.kid);
  if (jwk === undefined) throw new TypeError("the signing key is not in the set");
  const key = await importJWK(jwk, SETTINGS.alg);
  const options = joseOptions(SETTINGS);
  return {
    prepare: takesText,
    async check(token) {
      await jwtVerify(token, key, options);
      return true;
    },
  };
});

export default worker;
