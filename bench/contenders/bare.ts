/**
 * The floor: `crypto.subtle.verify` with an imported key and nothing else. In a batch, signature and signing input are
 * decoded beforehand; over HTTP they have to be cut out of the request's token first. Checks the signature only.
 */
import { algorithmOf } from "../../shared/algorithms.ts";
import { serve } from "./serve.ts";
import type { ContenderWorker } from "./serve.ts";

interface Prepared {
  readonly signature: Uint8Array<ArrayBuffer>;
  readonly signed: Uint8Array;
}

const encoder = new TextEncoder();

const worker: ContenderWorker = serve<Prepared>(async ({ SETTINGS: { alg, jwks, kid } }) => {
  const { params } = algorithmOf(alg);
  const jwk = jwks.find((key) => "kid" in key && key.kid === kid);
  if (jwk === undefined) throw new TypeError("the signing key is not in the set");
  const { kty, crv, n, e, x, y } = jwk;
  const material = JSON.parse(JSON.stringify({ kty, crv, n, e, x, y }));
  const key = await crypto.subtle.importKey("jwk", material, params, false, ["verify"]);
  return {
    prepare(token) {
      const end = token.lastIndexOf(".");
      const text = atob(
        token
          .slice(end + 1)
          .replaceAll("-", "+")
          .replaceAll("_", "/"),
      );
      return {
        signature: Uint8Array.from(text, (character) => character.charCodeAt(0)),
        signed: encoder.encode(token.slice(0, end)),
      };
    },
    // Wrapped in an async function like every other contender's check: what the harness costs is the same for all.
    check: async ({ signature, signed }) => await crypto.subtle.verify(params, key, signature, signed),
  };
});

export default worker;
