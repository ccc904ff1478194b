/**
 * aws-jwt-verify with its key set cached beforehand. RS, ES and EdDSA; no PS.
 */
import { JwtVerifier } from "aws-jwt-verify";
import { serve, takesText } from "./serve.ts";
import type { ContenderWorker } from "./serve.ts";

const worker: ContenderWorker = serve<string>(async ({ SETTINGS }) => {
  const verifier = JwtVerifier.create({
    issuer: SETTINGS.issuer,
    audience: SETTINGS.audience,
    jwksUri: `${SETTINGS.issuer}/.well-known/jwks.json`,
    graceSeconds: 60,
  });
  verifier.cacheJwks(JSON.parse(JSON.stringify({ keys: SETTINGS.jwks })));
  return {
    prepare: takesText,
    async check(token) {
      await verifier.verify(token);
      return true;
    },
  };
});

export default worker;
