/** One public JWK of each type, and RSA integers made to measure. No test of these needs the private half. */
import { encodeBase64url } from "../../../shared/base64url.ts";

/** Base64urlUInt of a number with all bits set: `bytes` octets long, starting with `first`, ending with `last`. */
export function unsigned(bytes: number, first = 0xff, last = 0xff): string {
  const octets = new Uint8Array(bytes).fill(0xff);
  octets[0] = first;
  octets[bytes - 1] = last;
  return encodeBase64url(octets);
}

export const RSA_JWK = { kty: "RSA", n: unsigned(256, 0x80), e: "AQAB", alg: "RS256" } as const;

/** The key of RFC 7515 appendix A.3. */
export const EC_JWK = {
  kty: "EC",
  crv: "P-256",
  x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
  alg: "ES256",
} as const;

/** The key of RFC 8037 appendix A.2. */
export const OKP_JWK = {
  kty: "OKP",
  crv: "Ed25519",
  x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
  alg: "EdDSA",
} as const;
