/**
 * What no verifier of tokens can leave out, and nothing else: the token cut at its dots and decoded, one native signature check,
 * the payload parsed as JSON. The key is known beforehand, the header is not looked at, no claim is checked.
 */
import { algorithmOf } from "../../shared/algorithms.ts";
import { serve, takesText } from "./serve.ts";
import type { ContenderWorker } from "./serve.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The platform's decoder (ECMA-262, 2026). */
interface Base64Decoder {
  fromBase64(text: string, options: { readonly alphabet: "base64url" }): Uint8Array<ArrayBuffer>;
}

function hasDecoder(value: object): value is Base64Decoder {
  return "fromBase64" in value;
}

const worker: ContenderWorker = serve<string>(async ({ SETTINGS: { alg, jwks, kid } }) => {
  const { params } = algorithmOf(alg);
  const jwk = jwks.find((key) => "kid" in key && key.kid === kid);
  const octets: object = Uint8Array;
  if (jwk === undefined || !hasDecoder(octets)) throw new TypeError("the signing key or the decoder is missing");
  const { kty, crv, n, e, x, y } = jwk;
  const material = JSON.parse(JSON.stringify({ kty, crv, n, e, x, y }));
  const key = await crypto.subtle.importKey("jwk", material, params, false, ["verify"]);
  const options = { alphabet: "base64url" } as const;
  return {
    prepare: takesText,
    async check(token) {
      const end = token.lastIndexOf(".");
      const signature = octets.fromBase64(token.slice(end + 1), options);
      if (!(await crypto.subtle.verify(params, key, signature, encoder.encode(token.slice(0, end))))) return false;
      const payload = octets.fromBase64(token.slice(token.indexOf(".") + 1, end), options);
      return typeof JSON.parse(decoder.decode(payload)) === "object";
    },
  };
});

export default worker;
