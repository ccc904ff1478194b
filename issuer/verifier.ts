/**
 * Verification of tokens in Node, by the edge's own code and rules, against keys named in KMS: for backends behind no
 * gateway, and for checking a gateway's work. It knows no ring and no key set document; what an edge learns from those
 * (tombstones, states), it learns from the keys' states in KMS.
 */
import { ALGS } from "../shared/algorithms.ts";
import type { Alg } from "../shared/algorithms.ts";
import { decodeBase64url, encodeBase64url } from "../shared/base64url.ts";
import { parseAudience, parseIssuerUrl } from "../shared/identifiers.ts";
import type { EpochSeconds, Kid } from "../shared/identifiers.ts";
import { parseJsonObject } from "../shared/json.ts";
import { verifySignature } from "../shared/jws.ts";
import { refuseUnknownOptions } from "../shared/options.ts";
import type { KnownOptions } from "../shared/options.ts";
import type { TokenRejection } from "../shared/rejection.ts";
import { err } from "../shared/result.ts";
import type { Result } from "../shared/result.ts";
import { DEFAULT_TIMING } from "../shared/timing.ts";
import { DEFAULT_MAX_TOKEN_BYTES, verifyToken } from "../shared/verify-token.ts";
import type { SignatureVerifier, TokenRules, TokenTyp, VerifiedToken } from "../shared/verify-token.ts";
import { MAX_RAW_MESSAGE_BYTES, kmsAlgorithmOf } from "./kms/algorithms.ts";
import { createAwsKms } from "./kms/aws-kms.ts";
import type { Kms } from "./kms/port.ts";
import { messageFor, toKmsSignature } from "./kms/signature.ts";
import { createKmsKeyCache, isWithdrawn } from "./kms/verification-keys.ts";
import { isWholeNumber } from "../shared/whole-number.ts";
import { systemClock } from "./clock.ts";
import type { KmsKeyRef, KmsVerificationKeys } from "./kms/verification-keys.ts";

export interface KmsVerifierSettings {
  /** Expected `iss`. */
  readonly issuer: string;
  /** Accepted `aud`, at least one. */
  readonly audiences: readonly string[];
  /** "local": with the public key, remembered. "kms": each signature by KMS's own Verify, which costs a request each. */
  readonly mode: "local" | "kms";
  /** How long a public key is used without asking KMS again, in seconds; in "local" mode this bounds a revocation. */
  readonly publicKeyTtlSeconds: number;
  /** Leeway on exp, nbf and iat, in seconds. Default 60. */
  readonly clockSkewSeconds?: number;
  /** Longest lifetime that is accepted, in seconds. Default 3600. */
  readonly maxTokenTtlSeconds?: number;
  /** Accepted `typ`; "none" stands for a header without one. Default all three. */
  readonly typs?: readonly (TokenTyp | "none")[];
  /**
   * Whether a token without `kid` is verified with the one key, as jwt-go-aws-kms, golang-jwt and jsonwebtoken sign by default.
   * Default false. With several keys it is a TypeError: a token must say which key has signed it.
   */
  readonly acceptMissingKid?: boolean;
  /** By default KMS through the AWS SDK with its default configuration. */
  readonly kms?: Kms;
  /** Epoch seconds; by default this host's clock. */
  readonly clock?: () => EpochSeconds;
}

/** One key, or several while a rotation is under way. */
export type KmsVerifierOptions = KmsVerifierSettings &
  (
    | { readonly keyId: string; readonly alg: Alg; readonly keys?: undefined }
    | { readonly keys: readonly KmsKeyRef[]; readonly keyId?: undefined; readonly alg?: undefined }
  );

export interface KmsVerifier {
  /**
   * Verifies a compact JWT as an edge does. A kid that is not known causes one look at KMS, at most every 30 s.
   * @returns the claims, or why the token is refused. A token of a key that is disabled or waits for deletion is
   *   `kid_revoked`.
   * @throws SealgateError with a `kms_…` code when KMS cannot be asked; that says nothing about the token
   */
  verify(token: string): Promise<Result<VerifiedToken, TokenRejection>>;
  /** Forgets the public keys; the next token asks KMS again. */
  clearPublicKeyCache(): void;
}

const KNOWN_OPTIONS: KnownOptions<KmsVerifierOptions> = {
  issuer: true,
  audiences: true,
  mode: true,
  publicKeyTtlSeconds: true,
  clockSkewSeconds: true,
  maxTokenTtlSeconds: true,
  typs: true,
  acceptMissingKid: true,
  kms: true,
  clock: true,
  keyId: true,
  alg: true,
  keys: true,
};

const OPTION_HINTS = { audience: "audiences, an array", algs: "alg, or keys", clockTolerance: "clockSkewSeconds" };

/**
 * Makes a verifier. KMS is asked for the first time when the first token is verified.
 * @throws TypeError for options that make no sense, all of them named at once
 */
export function createKmsVerifier(options: KmsVerifierOptions): KmsVerifier {
  refuseUnknownOptions("createKmsVerifier", options, KNOWN_OPTIONS, OPTION_HINTS);
  const keys = options.keys ?? [{ keyId: options.keyId, alg: options.alg }];
  const rules = toRules(options, keys);
  const { mode, publicKeyTtlSeconds, acceptMissingKid = false } = options;
  const kms = options.kms ?? createAwsKms();
  const clock = options.clock ?? systemClock;
  const cache = createKmsKeyCache({ kms, keys, publicKeyTtlSeconds, clock });

  async function verifyWith(
    token: string,
    known: KmsVerificationKeys,
    signed: string = token,
  ): ReturnType<KmsVerifier["verify"]> {
    const check = mode === "local" ? verifySignature : askKms(kms, known);
    try {
      return await verifyToken(token, rules, known, clock(), (key, jws) =>
        check(key, { ...jws, signingInput: signed.slice(0, signed.lastIndexOf(".")) }),
      );
    } catch (error) {
      if (mode === "kms" && isWithdrawn(error)) return err({ code: "kid_revoked" });
      throw error;
    }
  }

  /** With each key that the one name may stand for: two while an alias has just been moved. */
  async function verifyNameless(token: string, known: KmsVerificationKeys): ReturnType<KmsVerifier["verify"]> {
    for (const kid of known.kids) {
      const verified = await verifyWith(withKid(token, kid), known, token);
      if (verified.ok || verified.error.code !== "signature_invalid") return verified;
    }
    return err({ code: known.kids.length === 0 ? "kid_revoked" : "signature_invalid" });
  }

  return {
    async verify(token) {
      const known = await cache.current();
      const named = await verifyWith(token, known);
      const isNameless = acceptMissingKid && !named.ok && named.error.code === "kid_missing";
      const verify = isNameless ? verifyNameless : verifyWith;
      const first = isNameless ? await verify(token, known) : named;
      const mayBeOfNewKey = isNameless ? "signature_invalid" : "kid_unknown";
      if (first.ok || first.error.code !== mayBeOfNewKey) return first;
      // Another call's look may have ended since this one began; a kid costs nothing to look up again.
      const newer = (await cache.lookAgain()) ?? (isNameless ? undefined : await cache.current());
      return newer === undefined ? first : verify(token, newer);
    },
    clearPublicKeyCache: () => cache.clear(),
  };
}

/** The same token with a kid in its header, so that it is read by the same code. What was signed is the token as it came. */
function withKid(token: string, kid: Kid): string {
  const dot = token.indexOf(".");
  const octets = decodeBase64url(token.slice(0, dot));
  const header = octets === undefined ? undefined : parseJsonObject(octets);
  if (header?.ok !== true) return token;
  const named = new TextEncoder().encode(JSON.stringify({ ...header.value, kid }));
  return `${encodeBase64url(named)}${token.slice(dot)}`;
}

/** The signature step by KMS's Verify, after the check of length that the local step makes too. */
function askKms(kms: Kms, known: KmsVerificationKeys): SignatureVerifier {
  return async ({ kid, algorithm, signatureBytes }, { signature, signingInput }) => {
    const keyArn = known.arnOf(kid);
    if (keyArn === undefined || signature.length !== signatureBytes) return false;
    const { alg } = algorithm;
    const { signingAlgorithm, messageType } = kmsAlgorithmOf(alg);
    const message = messageFor(alg, signingInput);
    // KMS cannot have signed it, so the signature is not KMS's.
    if (messageType === "RAW" && message.length > MAX_RAW_MESSAGE_BYTES) return false;
    return kms.verify({ keyArn, signingAlgorithm, messageType, message, signature: toKmsSignature(alg, signature) });
  };
}

const ALL_TYPS: readonly (TokenTyp | "none")[] = ["jwt", "at+jwt", "none"];

function toRules(options: KmsVerifierOptions, keys: readonly KmsKeyRef[]): TokenRules {
  const { typs = ALL_TYPS, mode, publicKeyTtlSeconds, acceptMissingKid } = options;
  const clockSkewSeconds = options.clockSkewSeconds ?? DEFAULT_TIMING.clockSkewSeconds;
  const maxTokenTtlSeconds = options.maxTokenTtlSeconds ?? DEFAULT_TIMING.maxTokenTtlSeconds;
  const issuer = parseIssuerUrl(options.issuer);
  const given: readonly unknown[] = Array.isArray(options.audiences) ? options.audiences : [];
  const audiences = given.map(parseAudience).filter((audience) => audience !== undefined);
  const problems = [
    ...(issuer.ok ? [] : [`issuer ${issuer.error}`]),
    ...(audiences.length > 0 && audiences.length === given.length
      ? []
      : ["audiences must be an array of one or more strings of 1 to 512 visible ASCII characters"]),
    ...(keys.length > 0 && keys.every(isKeyRef) ? [] : ["each key needs a keyId and one of sealgate's algorithms"]),
    ...(mode === "local" || mode === "kms" ? [] : ['mode must be "local" or "kms"']),
    ...(typs.length > 0 && typs.every((typ) => ALL_TYPS.includes(typ))
      ? []
      : [`typs must be of ${ALL_TYPS.join(", ")}`]),
    ...wholeSecondsProblems({ publicKeyTtlSeconds, maxTokenTtlSeconds }, 1),
    ...wholeSecondsProblems({ clockSkewSeconds }, 0),
    ...(acceptMissingKid === undefined || typeof acceptMissingKid === "boolean"
      ? []
      : ["acceptMissingKid must be true or false"]),
    ...(acceptMissingKid === true && keys.length > 1 ? ["acceptMissingKid needs exactly one key"] : []),
    ...(["function", "undefined"].includes(typeof options.clock) ? [] : ["clock must be a function"]),
  ];
  if (!issuer.ok || problems.length > 0) throw new TypeError(`createKmsVerifier: ${problems.join("; ")}`);
  return {
    issuer: issuer.value,
    audiences,
    algs: new Set(keys.map(({ alg }) => alg)),
    typs: new Set(typs.map((typ) => (typ === "none" ? undefined : typ))),
    clockSkewSeconds,
    maxTokenTtlSeconds,
    maxTokenBytes: DEFAULT_MAX_TOKEN_BYTES,
  };
}

function isKeyRef({ keyId, alg }: KmsKeyRef): boolean {
  return typeof keyId === "string" && keyId !== "" && ALGS.includes(alg);
}

function wholeSecondsProblems(durations: Readonly<Record<string, number>>, least: number): readonly string[] {
  return Object.entries(durations)
    .filter(([, seconds]) => !isWholeNumber(seconds, least))
    .map(([name]) => `${name} must be a whole number of seconds, at least ${least}`);
}
