/**
 * KMS's public keys (DER SubjectPublicKeyInfo) as sealgate uses them: a parsed JWK bound to one algorithm with its kid, and
 * a node:crypto key to verify with. Parsing is Node's, the rules are those of shared/jwk.ts. No I/O.
 */
import { createPublicKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { Alg } from "../../shared/algorithms.ts";
import type { Kid } from "../../shared/identifiers.ts";
import { calculateThumbprint, parsePublicJwk } from "../../shared/jwk.ts";
import type { JwkProblem, PublicJwk } from "../../shared/jwk.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";

export interface PublicKey {
  readonly kid: Kid;
  readonly jwk: PublicJwk;
  readonly keyObject: KeyObject;
}

/**
 * Reads a SubjectPublicKeyInfo (RFC 5280 section 4.1) as a key for `alg`.
 * @returns the rule that the key breaks: not a public key at all, or unfit for the algorithm
 */
export async function readSpki(spki: Uint8Array, alg: Alg): Promise<Result<PublicKey, JwkProblem | "not_spki">> {
  const keyObject = parseSpki(spki);
  if (keyObject === undefined) return err("not_spki");
  const jwk = parsePublicJwk({ ...keyObject.export({ format: "jwk" }), alg });
  if (!jwk.ok) return jwk;
  return ok({ kid: await calculateThumbprint(jwk.value), jwk: jwk.value, keyObject });
}

/**
 * PEM of a SubjectPublicKeyInfo (RFC 7468 section 13): "-----BEGIN PUBLIC KEY-----" and lines of base64.
 * @returns undefined when the bytes are not a SubjectPublicKeyInfo
 */
export function spkiToPem(spki: Uint8Array): string | undefined {
  return parseSpki(spki)?.export({ format: "pem", type: "spki" }).toString();
}

function parseSpki(spki: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  } catch {
    return undefined;
  }
}
