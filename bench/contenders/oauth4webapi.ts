/**
 * oauth4webapi's `validateJwtAccessToken` with its key set cached. It takes a Request, so one is made for each token; that
 * is counted, as there is no other way to call it.
 */
import { jwksCache, validateJwtAccessToken } from "oauth4webapi";
import type { AuthorizationServer, JWKS } from "oauth4webapi";
import { serve, takesText } from "./serve.ts";
import type { ContenderWorker } from "./serve.ts";

/** Keys are fetched again when this is 300 s old; a run is shorter than an hour. */
const CACHED_UNTIL_SECONDS = 3600;

const worker: ContenderWorker = serve<string>(async ({ SETTINGS }) => {
  const server: AuthorizationServer = {
    issuer: SETTINGS.issuer,
    jwks_uri: `${SETTINGS.issuer}/.well-known/jwks.json`,
  };
  const jwks: JWKS = JSON.parse(JSON.stringify({ keys: SETTINGS.jwks }));
  const options = {
    [jwksCache]: { uat: Math.floor(Date.now() / 1000) + CACHED_UNTIL_SECONDS, jwks },
    signingAlgorithms: [SETTINGS.alg],
  };
  return {
    prepare: takesText,
    async check(token) {
      const request = new Request(SETTINGS.audience, { headers: { authorization: `Bearer ${token}` } });
      await validateJwtAccessToken(server, request, SETTINGS.audience, options);
      return true;
    },
  };
});

export default worker;
