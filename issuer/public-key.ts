/**
 * The public half of a KMS key, for verifiers that are configured by hand. Edges do not need it: they get all keys of a
 * ring in the signed key set document.
 */
import type { Alg } from "../shared/algorithms.ts";
import type { JsonObject } from "../shared/json.ts";
import { serialiseJwk } from "../shared/key-set.ts";
import { refuseUnknownOptions } from "../shared/options.ts";
import type { KnownOptions } from "../shared/options.ts";
import { SealgateError } from "./errors.ts";
import { createAwsKms } from "./kms/aws-kms.ts";
import { requireAlgs, requireFit, toPublicKey } from "./kms/fitness.ts";
import type { Kms } from "./kms/port.ts";
import { spkiToPem } from "./kms/public-key.ts";

export interface ExportPublicKeyOptions {
  /** By default KMS through the AWS SDK with its default configuration. */
  readonly kms?: Kms;
  /** The algorithm that the key is bound to. A JWK of an RSA key needs it, since KMS lets such a key sign with six. */
  readonly alg?: Alg;
}

const KNOWN_OPTIONS: KnownOptions<ExportPublicKeyOptions> = { kms: true, alg: true };

/**
 * Exports the public key of a KMS key.
 * @param keyId key id, key ARN, alias name or alias ARN
 * @param format "pem": SubjectPublicKeyInfo as text (RFC 7468 section 13); "jwk": a JWK with `alg`, `use` and `kid`
 * @throws SealgateError `kms_key_unfit` for a key that cannot sign tokens, `input_invalid` for the JWK of an RSA key without
 *   `alg`, and other `kms_…` codes
 * @throws TypeError for another format, and for options that mean nothing here
 */
export function exportPublicKey(keyId: string, format: "pem", options?: ExportPublicKeyOptions): Promise<string>;
export function exportPublicKey(keyId: string, format: "jwk", options?: ExportPublicKeyOptions): Promise<JsonObject>;
export async function exportPublicKey(
  keyId: string,
  format: "pem" | "jwk",
  options: ExportPublicKeyOptions = {},
): Promise<string | JsonObject> {
  refuseUnknownOptions("exportPublicKey", options, KNOWN_OPTIONS, { algorithm: "alg", client: "kms" });
  if (format !== "pem" && format !== "jwk") throw new TypeError('format must be "pem" or "jwk"');
  const { kms = createAwsKms(), alg } = options;
  const answer = await kms.getPublicKey(keyId);
  if (alg !== undefined) requireFit(keyId, answer, alg);
  const algs = requireAlgs(keyId, answer);
  if (format === "pem") return toPem(keyId, answer.spki);
  const bound = alg ?? onlyOne(algs, keyId);
  const { jwk, kid } = await toPublicKey(keyId, answer, bound);
  return serialiseJwk(jwk, kid);
}

function toPem(keyId: string, spki: Uint8Array): string {
  const pem = spkiToPem(spki);
  if (pem === undefined)
    throw new SealgateError("kms_internal", `KMS GetPublicKey for ${keyId}: the answer is no key.`);
  return pem;
}

function onlyOne(algs: readonly Alg[], keyId: string): Alg {
  const [alg, ...others] = algs;
  if (alg !== undefined && others.length === 0) return alg;
  throw new SealgateError(
    "input_invalid",
    `KMS key ${keyId} fits ${algs.join(", ")}: say which alg its JWK is bound to.`,
  );
}
