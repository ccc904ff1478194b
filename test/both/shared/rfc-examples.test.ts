/**
 * The signed examples of RFC 7515 appendix A and RFC 8037 appendix A, through the signature stage. They are not tokens of
 * sealgate (their headers carry no kid, one payload is not JSON), and the header stage says so.
 */
import { describe, expect, test } from "vitest";
import { encodeBase64url } from "../../../shared/base64url.ts";
import { parsePublicJwk } from "../../../shared/jwk.ts";
import { importVerificationKey, parseCompactJws, parseJwsHeader, verifySignature } from "../../../shared/jws.ts";
import { given, kidOf, utf8, valueOf } from "../../support/values.ts";
import { EC_JWK, OKP_JWK } from "./jwk-samples.ts";

const CLAIMS = '{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}';

const examples = [
  {
    source: "RFC 7515 appendix A.2, RS256",
    header: '{"alg":"RS256"}',
    payload: CLAIMS,
    signature:
      "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    jwk: {
      kty: "RSA",
      n: "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
      e: "AQAB",
      alg: "RS256",
    },
  },
  {
    source: "RFC 7515 appendix A.3, ES256",
    header: '{"alg":"ES256"}',
    payload: CLAIMS,
    signature: "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    jwk: EC_JWK,
  },
  {
    source: "RFC 7515 appendix A.4, ES512",
    header: '{"alg":"ES512"}',
    payload: "Payload",
    signature:
      "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
    jwk: {
      kty: "EC",
      crv: "P-521",
      x: "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
      y: "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
      alg: "ES512",
    },
  },
  {
    source: "RFC 8037 appendix A.4, EdDSA",
    header: '{"alg":"EdDSA"}',
    payload: "Example of Ed25519 signing",
    signature: "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
    jwk: OKP_JWK,
  },
];

describe.each(examples)("$source", ({ header, payload, signature, jwk }) => {
  const token = `${encodeBase64url(utf8(header))}.${encodeBase64url(utf8(payload))}.${signature}`;

  test("is cut into its parts, and its signature holds", async () => {
    const jws = valueOf(parseCompactJws(token));
    const key = given(await importVerificationKey(valueOf(parsePublicJwk(jwk)), kidOf("example")));
    expect(jws.payload).toEqual(utf8(payload));
    expect(jws.signature.length).toBe(key.signatureBytes);
    expect(await verifySignature(key, jws)).toBe(true);
  });

  test("does not hold for another payload, nor after a change of the signature", async () => {
    const jws = valueOf(parseCompactJws(token));
    const key = given(await importVerificationKey(valueOf(parsePublicJwk(jwk)), kidOf("example")));
    const last = jws.signature.length - 1;
    const changed = Uint8Array.from(jws.signature, (octet, index) => (index === last ? octet ^ 1 : octet));
    expect(await verifySignature(key, { ...jws, signature: changed })).toBe(false);
    expect(await verifySignature(key, { ...jws, signingInput: `${jws.signingInput}A` })).toBe(false);
  });

  test("is refused as a token, because its header names no key", () => {
    const { encodedHeader } = valueOf(parseCompactJws(token));
    expect(parseJwsHeader(encodedHeader)).toEqual({ ok: false, error: { code: "kid_missing" } });
  });
});

test("the unsecured example of RFC 7515 appendix A.5 is refused before its header is read", () => {
  const token = `${encodeBase64url(utf8('{"alg":"none"}'))}.${encodeBase64url(utf8(CLAIMS))}.`;
  expect(parseCompactJws(token)).toEqual({ ok: false, error: { code: "token_malformed", part: "signature" } });
});
