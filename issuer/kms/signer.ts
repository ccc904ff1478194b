/**
 * A signer over one KMS key. The key is resolved once, to an ARN and a kid, and from then on named by its ARN: an alias that
 * moves changes nothing here. A signature leaves only after it has been verified with the public key that edges use.
 * Which key of a ring signs, and when another takes over, is decided elsewhere.
 */
import { ALGS } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import { demand } from "../../shared/demands.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { refuseUnknownOptions } from "../../shared/options.ts";
import type { KnownOptions } from "../../shared/options.ts";
import { DEFAULT_TIMING } from "../../shared/timing.ts";
import { systemClock } from "../clock.ts";
import { SealgateError } from "../errors.ts";
import type { Signer } from "../signer.ts";
import { MAX_RAW_MESSAGE_BYTES, kmsAlgorithmOf } from "./algorithms.ts";
import { createAwsKms } from "./aws-kms.ts";
import { requireSameKey } from "./faults.ts";
import { readPublicKeyFor, requireEnabled, requireFit, toPublicKey } from "./fitness.ts";
import type { Kms } from "./port.ts";
import type { PublicKey } from "./public-key.ts";
import { ringAliasProblem } from "./ring-alias.ts";
import { requireSameTime } from "./same-time.ts";
import { createSignatureCheck, messageFor, toJoseSignature } from "./signature.ts";

export interface KmsSignerOptions {
  /**
   * Key id, key ARN, alias name ("alias/…") or alias ARN. Not `alias/sealgate/<ring>/active`, which moves: a ring signs with
   * `createIssuer({ ring: createRingSource(policy), … })`.
   */
  readonly keyId: string;
  /** The one algorithm that this key signs with; an RSA key would fit six. */
  readonly alg: Alg;
  /** By default KMS through the AWS SDK with its default configuration. */
  readonly kms?: Kms;
  /** This host's clock, epoch seconds; the same that dates the tokens. */
  readonly clock?: () => EpochSeconds;
  /** How far that clock may be from KMS's, in seconds. Default 60: beyond that, edges refuse the tokens. */
  readonly maxClockSkewSeconds?: number;
}

const KNOWN_OPTIONS: KnownOptions<KmsSignerOptions> = {
  keyId: true,
  alg: true,
  kms: true,
  clock: true,
  maxClockSkewSeconds: true,
};

const OPTION_HINTS = {
  kid: "nothing: the kid is the thumbprint of the key",
  key: "keyId",
  keyArn: "keyId",
  alias: "keyId",
  algorithm: "alg",
  client: "kms: createAwsKms({ client })",
  region: "kms: createAwsKms({ region })",
  endpoint: "kms: createAwsKms({ endpoint })",
  ttlSeconds: "ttlSeconds of sign",
};

/**
 * Makes a signer for a KMS key, after asking KMS what the key is.
 * @throws TypeError for options that make no sense or mean nothing here, and for the alias `active` of a ring
 * @throws SealgateError `kms_key_unfit` for a key whose spec or usage does not fit the algorithm, `kms_key_disabled`,
 *   `kms_key_pending_deletion` or `kms_key_unavailable` for one that cannot sign now, and other `kms_…` codes
 */
export async function createKmsSigner(options: KmsSignerOptions): Promise<Signer> {
  refuseUnknownOptions("createKmsSigner", options, KNOWN_OPTIONS, OPTION_HINTS);
  const { keyId, alg, kms = createAwsKms(), clock = systemClock } = options;
  const maxClockSkewSeconds = options.maxClockSkewSeconds ?? DEFAULT_TIMING.clockSkewSeconds;
  checkOptions(keyId, alg, maxClockSkewSeconds);
  demand(typeof clock === "function", "clock must be a function");
  const { keyArn, publicKey } = await resolveKey(kms, keyId, alg);
  const holds = createSignatureCheck(publicKey);
  return {
    kid: publicKey.kid,
    alg,
    jwk: publicKey.jwk,
    keyArn,
    async sign(signingInput) {
      const message = messageFor(alg, signingInput);
      const { signingAlgorithm, messageType } = kmsAlgorithmOf(alg);
      if (messageType === "RAW") requireRawSize(message);
      const startedAt = clock();
      const answer = await kms.sign({ keyArn, signingAlgorithm, messageType, message });
      requireSameKey("Sign", keyArn, answer.keyArn);
      const timed = { serverTime: answer.serverTime, startedAt, endedAt: clock() };
      requireSameTime(timed, maxClockSkewSeconds, "Tokens dated by it would be refused, or live too long.");
      const signature = toJoseSignature(alg, answer.signature);
      if (signature === undefined || !holds(signingInput, signature)) throw badSignature(keyArn, alg);
      return signature;
    },
  };
}

/** What the key is and its public half, asked for at once: a cold start waits for both. */
async function resolveKey(kms: Kms, keyId: string, alg: Alg): Promise<{ keyArn: string; publicKey: PublicKey }> {
  const [described, answered] = await Promise.allSettled([kms.describeKey(keyId), kms.getPublicKey(keyId)]);
  // What DescribeKey says explains best why a key cannot be used.
  if (described.status === "rejected") throw described.reason;
  const { keyArn } = described.value;
  requireFit(keyId, described.value, alg);
  requireEnabled(keyId, described.value);
  if (answered.status === "rejected") throw answered.reason;
  // An alias that moved between the two answers: the first one counts.
  if (answered.value.keyArn !== keyArn) return { keyArn, publicKey: await readPublicKeyFor(kms, keyArn, alg) };
  return { keyArn, publicKey: await toPublicKey(keyArn, answered.value, alg) };
}

function checkOptions(keyId: string, alg: Alg, maxClockSkewSeconds: number): void {
  if (typeof keyId !== "string" || keyId === "") throw new TypeError("keyId must name a KMS key");
  const problem = ringAliasProblem(keyId, useRing);
  if (problem !== undefined) throw new TypeError(`keyId ${problem}`);
  if (!ALGS.includes(alg)) throw new TypeError(`alg must be one of ${ALGS.join(", ")}`);
  if (!(Number.isFinite(maxClockSkewSeconds) && maxClockSkewSeconds > 0)) {
    throw new TypeError("maxClockSkewSeconds must be a number of seconds above 0");
  }
}

function useRing(ring: string): string {
  return `Use createIssuer({ ring: createRingSource(createRingPolicy({ ring: "${ring}", issuer })), … }), which follows it.`;
}

function requireRawSize(message: Uint8Array): void {
  if (message.length <= MAX_RAW_MESSAGE_BYTES) return;
  throw new SealgateError(
    "kms_message_too_large",
    `KMS signs at most ${MAX_RAW_MESSAGE_BYTES} bytes with Ed25519, and header and claims have ${message.length}. ` +
      "Put less into the token, or use a key for ES256: what it signs is a hash, of any number of claims.",
  );
}

function badSignature(keyArn: string, alg: Alg): SealgateError {
  return new SealgateError(
    "kms_bad_signature",
    `KMS Sign for ${keyArn}: the signature does not hold as ${alg} under the key's public half, and was discarded. ` +
      "Check that the endpoint is KMS; some emulators hash a digest again or use another PSS salt length.",
  );
}
