/**
 * Which octets are a public key of Ed25519 that binds a signature to a message. BoringSSL (workerd, Chromium) imports any
 * point; under one of small order, a signature without any private key holds for every message. Pure; whether a point lies
 * on the curve is left to verify.
 */

import { decodeBase64url } from "./base64url.ts";

/** The field prime 2^255 - 19 (RFC 8032 section 5.1). */
const P = 2n ** 255n - 19n;

/** The y of the points of order 8; the other four have p - y. */
const ORDER_8_Y = 0x5fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;

/** y of all eight points whose order divides the cofactor 8: orders 4, 1, 2, 8 and 8. */
const SMALL_ORDER_Y: ReadonlySet<bigint> = new Set([0n, 1n, P - 1n, ORDER_8_Y, P - ORDER_8_Y]);

/**
 * False for an encoding that RFC 8032 section 5.1.3 cannot decode because y is not below p, and for the points of small
 * order, which "Secure Curves in the Web Cryptography API" tells verify to refuse, and Node does.
 * @param key base64url of 32 octets: y, little-endian, with the sign of x in the highest bit. What is none is 0, which is not strong
 */
export function isStrongEd25519Key(key: string): boolean {
  let y = 0n;
  for (const octet of decodeBase64url(key)?.toReversed() ?? []) y = (y << 8n) | BigInt(octet);
  y &= 2n ** 255n - 1n;
  return y < P && !SMALL_ORDER_Y.has(y);
}
