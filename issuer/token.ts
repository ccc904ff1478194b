/**
 * From claims to a compact JWS (RFC 7515 section 7.1), through the signer port. Knows no claim by name and no clock; used
 * for tokens and for key set documents alike.
 */
import type { Alg } from "../shared/algorithms.ts";
import { algorithmOf } from "../shared/algorithms.ts";
import type { Kid } from "../shared/identifiers.ts";
import { signatureBytesOf } from "../shared/jwk.ts";
import type { JsonObject } from "../shared/json.ts";
import type { Signer } from "./signer.ts";

/** The protected header of everything that sealgate signs: these three members, in this order. */
interface ProtectedHeader {
  readonly alg: Alg;
  readonly kid: Kid;
  readonly typ: string;
}

/**
 * The text that is signed: `BASE64URL(header).BASE64URL(payload)` (RFC 7515 section 5.1).
 * @param payload plain JSON values only (see plain-json.ts)
 */
export function toSigningInput({ alg, kid, typ }: ProtectedHeader, payload: JsonObject): string {
  return `${toSegment({ alg, kid, typ })}.${toSegment(payload)}`;
}

/** Length of the compact JWS in octets, known before it is signed. */
export function tokenBytesOf(signingInput: string, { alg, jwk }: Pick<Signer, "alg" | "jwk">): number {
  return signingInput.length + 1 + Math.ceil((signatureBytesOf(jwk, algorithmOf(alg)) * 4) / 3);
}

/**
 * Signs a signing input that was made for this signer.
 * @returns the compact JWS
 * @throws SealgateError with a `kms_…` code
 */
export async function signCompactJws(signer: Signer, signingInput: string): Promise<string> {
  const signature = await signer.sign(signingInput);
  return `${signingInput}.${Buffer.from(signature).toString("base64url")}`;
}

function toSegment(json: object): string {
  return Buffer.from(JSON.stringify(json), "utf8").toString("base64url");
}
