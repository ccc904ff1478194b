/**
 * The KMS calls that sealgate makes, and no others, in its own small shapes: what the adapter over the AWS SDK implements
 * and what everything else in the issuer depends on. Pages are joined, dates are epoch seconds, names that KMS may extend
 * stay plain strings. Every call throws SealgateError with a `kms_…` code; none returns a half answer.
 *
 * Operations: https://docs.aws.amazon.com/kms/latest/APIReference/API_Operations.html
 */
import type { EpochSeconds } from "../../shared/identifiers.ts";

/** Key specs whose keys can sign tokens. KMS has more; those a signer refuses by name. */
export type KmsSigningKeySpec =
  | "RSA_2048"
  | "RSA_3072"
  | "RSA_4096"
  | "ECC_NIST_P256"
  | "ECC_NIST_P384"
  | "ECC_NIST_P521"
  | "ECC_NIST_EDWARDS25519";

export type KmsSigningAlgorithm =
  | "RSASSA_PKCS1_V1_5_SHA_256"
  | "RSASSA_PKCS1_V1_5_SHA_384"
  | "RSASSA_PKCS1_V1_5_SHA_512"
  | "RSASSA_PSS_SHA_256"
  | "RSASSA_PSS_SHA_384"
  | "RSASSA_PSS_SHA_512"
  | "ECDSA_SHA_256"
  | "ECDSA_SHA_384"
  | "ECDSA_SHA_512"
  | "ED25519_SHA_512";

/** DIGEST: the message is a hash made here. RAW: KMS hashes; at most 4096 bytes. */
export type KmsMessageType = "DIGEST" | "RAW";

/** What DescribeKey tells of a key. */
export interface KmsKey {
  readonly keyArn: string;
  /** KMS's own name, e.g. "ECC_NIST_P256", "HMAC_256". */
  readonly keySpec: string;
  /** "SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", … */
  readonly keyUsage: string;
  /** "Enabled", "Disabled", "PendingDeletion", "Creating", "Unavailable", … */
  readonly keyState: string;
  readonly createdAt: EpochSeconds;
  /** What was given when the key was created. None if left out: an RSA key has only its tag to say its algorithm. */
  readonly description?: string | undefined;
  /** ARNs of the same key in other Regions, of a Multi-Region key; none if left out. */
  readonly relatedArns?: readonly string[];
  /** When a key in the state PendingDeletion will be deleted. */
  readonly deletionAt: EpochSeconds | undefined;
  /** The `Date` of KMS's answer, if it carried one. */
  readonly serverTime?: EpochSeconds | undefined;
}

export interface KmsPublicKey {
  readonly keyArn: string;
  readonly keySpec: string;
  readonly keyUsage: string;
  /** DER SubjectPublicKeyInfo (RFC 5280 section 4.1). */
  readonly spki: Uint8Array;
}

export interface KmsSignRequest {
  /** Key ARN; an alias would leave open which key signs. */
  readonly keyArn: string;
  readonly signingAlgorithm: KmsSigningAlgorithm;
  readonly messageType: KmsMessageType;
  readonly message: Uint8Array;
}

export interface KmsSignature {
  /** The key that signed, as KMS names it. */
  readonly keyArn: string;
  /** As KMS returns it: PKCS#1 octets for RSA, DER for ECDSA, 64 bytes for Ed25519. */
  readonly signature: Uint8Array;
  /** The `Date` of KMS's answer, if it carried one: a clock to compare the host's with. */
  readonly serverTime: EpochSeconds | undefined;
}

export interface KmsVerifyRequest extends KmsSignRequest {
  /** In the form that KMS expects: DER for ECDSA. */
  readonly signature: Uint8Array;
}

export type KmsTags = Readonly<Record<string, string>>;

export interface KmsAlias {
  /** With the prefix "alias/". */
  readonly aliasName: string;
  /** Key id (not an ARN) of the target. */
  readonly targetKeyId: string;
  readonly createdAt: EpochSeconds;
  /** When the alias was last pointed at a key; equal to `createdAt` until then. */
  readonly updatedAt: EpochSeconds;
}

/** `keyId` below is a key id, key ARN, alias name or alias ARN, unless it is called something narrower. */
export interface Kms {
  describeKey(keyId: string): Promise<KmsKey>;
  getPublicKey(keyId: string): Promise<KmsPublicKey>;
  sign(request: KmsSignRequest): Promise<KmsSignature>;
  /** False for a signature that does not hold; KMS reports that as KMSInvalidSignatureException. */
  verify(request: KmsVerifyRequest): Promise<boolean>;

  /** Creates a signing key. The tags are set in the same call, so that no key is ever without an owner. */
  createKey(request: {
    readonly keySpec: KmsSigningKeySpec;
    readonly description: string;
    readonly tags: KmsTags;
    /** The key policy as JSON; by default KMS's own. */
    readonly policy?: string | undefined;
  }): Promise<KmsKey>;
  /** ARNs of all keys of the account and Region. */
  listKeys(): Promise<readonly string[]>;
  /** Adds tags, or changes the value of tags that exist. */
  tagKey(keyId: string, tags: KmsTags): Promise<void>;
  listTags(keyId: string): Promise<KmsTags>;
  disableKey(keyId: string): Promise<void>;
  /** @param pendingDays 7 to 30 */
  scheduleKeyDeletion(keyId: string, pendingDays: number): Promise<void>;

  /**
   * "exists" when the name is taken, by whichever key: creating an alias succeeds for at most one caller. After a lost
   * answer even that one is told "exists", because the call is repeated; who owns the alias is for ListAliases to say.
   */
  createAlias(aliasName: string, targetKeyId: string): Promise<"created" | "exists">;
  updateAlias(aliasName: string, targetKeyId: string): Promise<void>;
  /** Aliases whose names start with `prefix`, those without a target left out. */
  listAliases(prefix: string): Promise<readonly KmsAlias[]>;
}
