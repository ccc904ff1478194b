/**
 * What the middleware `hono/jwk` does with `keys`, without the middleware around it. The middleware itself stands in the
 * gateway suite.
 */
import { verifyWithJwks } from "hono/jwt";
import { serve, takesText } from "./serve.ts";
import type { ContenderWorker } from "./serve.ts";

type Options = Parameters<typeof verifyWithJwks>[1];

const worker: ContenderWorker = serve<string>(async ({ SETTINGS }) => {
  const options: Options = JSON.parse(
    JSON.stringify({
      keys: SETTINGS.jwks,
      allowedAlgorithms: [SETTINGS.alg],
      verification: { iss: SETTINGS.issuer, aud: SETTINGS.audience, typ: "at+jwt" },
    }),
  );
  return {
    prepare: takesText,
    async check(token) {
      await verifyWithJwks(token, options);
      return true;
    },
  };
});

export default worker;
