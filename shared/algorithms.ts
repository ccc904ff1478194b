/**
 * Everything sealgate knows about a JWS algorithm, one row each. Nothing below this table switches on an algorithm's
 * name: adding an algorithm is adding a row (and its KMS name in the issuer's table).
 *
 * RS/PS/ES: RFC 7518 section 3.1. EdDSA: RFC 8037. Ed25519: RFC 9864. There is no symmetric algorithm and no "none".
 */

/** The `alg` a JWK is bound to, and what the issuer writes into a token's header. */
export type Alg = "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" | "ES256" | "ES384" | "ES512" | "EdDSA";

/** An `alg` that a token's header may carry: the names of {@link Alg}, and RFC 9864's name for Ed25519. */
export type HeaderAlg = Alg | "Ed25519";

export type EllipticCurve = "P-256" | "P-384" | "P-521";
export type HashName = "SHA-256" | "SHA-384" | "SHA-512";

interface AlgorithmBase {
  readonly alg: Alg;
  /** For `crypto.subtle.importKey`, `sign` and `verify`: each takes the members that it knows (Web IDL, dictionaries). */
  readonly params: {
    readonly name: string;
    readonly hash?: HashName;
    readonly namedCurve?: string;
    readonly saltLength?: number;
  };
}

export interface RsaAlgorithm extends AlgorithmBase {
  readonly kty: "RSA";
  readonly hash: HashName;
}

export interface EcAlgorithm extends AlgorithmBase {
  readonly kty: "EC";
  readonly crv: EllipticCurve;
  readonly hash: HashName;
  /** Octets of each coordinate (RFC 7518 section 6.2.1.2). */
  readonly coordinateBytes: number;
  /** Octets of r and s together (RFC 7518 section 3.4). */
  readonly signatureBytes: number;
}

export interface OkpAlgorithm extends AlgorithmBase {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly signatureBytes: 64;
}

/** One row of the table. The signature of an RSA row is as long as the key's modulus. */
export type Algorithm = RsaAlgorithm | EcAlgorithm | OkpAlgorithm;

const rows: { readonly [Name in Alg]: Algorithm } = {
  RS256: rsaPkcs1("RS256", "SHA-256"),
  RS384: rsaPkcs1("RS384", "SHA-384"),
  RS512: rsaPkcs1("RS512", "SHA-512"),
  // RFC 7518 section 3.5: the salt is as long as the hash.
  PS256: rsaPss("PS256", "SHA-256", 32),
  PS384: rsaPss("PS384", "SHA-384", 48),
  PS512: rsaPss("PS512", "SHA-512", 64),
  ES256: ecdsa("ES256", "P-256", "SHA-256", 32),
  ES384: ecdsa("ES384", "P-384", "SHA-384", 48),
  ES512: ecdsa("ES512", "P-521", "SHA-512", 66),
  EdDSA: {
    alg: "EdDSA",
    kty: "OKP",
    crv: "Ed25519",
    signatureBytes: 64,
    params: { name: "Ed25519" },
  },
};

/** A Map, so that a look-up cannot resolve to something inherited from Object.prototype. */
const byHeaderAlg: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ...Object.entries(rows),
  ["Ed25519", rows.EdDSA],
]);

/** All algorithms, in the order of RFC 7518, then EdDSA. */
export const ALGS: readonly Alg[] = Object.values(rows).map((row) => row.alg);

/** The row of an algorithm that is known to exist. */
export function algorithmOf(alg: Alg): Algorithm {
  return rows[alg];
}

/**
 * The row for the `alg` of an untrusted header or JWK; case-sensitive (RFC 7515 section 4.1.1). `Ed25519` resolves to the
 * row of `EdDSA`.
 */
export function findAlgorithm(alg: unknown): Algorithm | undefined {
  return typeof alg === "string" ? byHeaderAlg.get(alg) : undefined;
}

function rsaPkcs1(alg: Alg, hash: HashName): RsaAlgorithm {
  return { alg, kty: "RSA", hash, params: { name: "RSASSA-PKCS1-v1_5", hash } };
}

function rsaPss(alg: Alg, hash: HashName, saltLength: number): RsaAlgorithm {
  return { alg, kty: "RSA", hash, params: { name: "RSA-PSS", hash, saltLength } };
}

function ecdsa(alg: Alg, crv: EllipticCurve, hash: HashName, coordinateBytes: number): EcAlgorithm {
  return {
    alg,
    kty: "EC",
    crv,
    hash,
    coordinateBytes,
    signatureBytes: 2 * coordinateBytes,
    params: { name: "ECDSA", namedCurve: crv, hash },
  };
}
