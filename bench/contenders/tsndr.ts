/**
 * @tsndr/cloudflare-worker-jwt with an imported key, which is the fastest it can be asked. It does not check iss and aud;
 * that is done here, as its users have to. RS and ES; no PS, no EdDSA.
 */
import { verify } from "@tsndr/cloudflare-worker-jwt";
import type { JwtAlgorithm } from "@tsndr/cloudflare-worker-jwt";
import { algorithmOf } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import { serve, takesText } from "./serve.ts";
import type { ContenderWorker } from "./serve.ts";

const SUPPORTED: Readonly<Partial<Record<Alg, JwtAlgorithm>>> = {
  RS256: "RS256",
  RS384: "RS384",
  RS512: "RS512",
  ES256: "ES256",
  ES384: "ES384",
  ES512: "ES512",
};

const worker: ContenderWorker = serve<string>(async ({ SETTINGS }) => {
  const { alg, issuer, audience } = SETTINGS;
  const algorithm = SUPPORTED[alg];
  const jwk = SETTINGS.jwks.find((key) => "kid" in key && key.kid === SETTINGS.kid);
  if (algorithm === undefined || jwk === undefined) throw new TypeError("the algorithm is not supported");
  const { kty, crv, n, e, x, y } = jwk;
  const material = JSON.parse(JSON.stringify({ kty, crv, n, e, x, y }));
  const key = await crypto.subtle.importKey("jwk", material, algorithmOf(alg).params, false, ["verify"]);
  return {
    prepare: takesText,
    async check(token) {
      const verified = await verify(token, key, { algorithm, clockTolerance: 60, throwError: true });
      return verified?.payload.iss === issuer && verified.payload.aud === audience;
    },
  };
});

export default worker;
