/**
 * The public keys of KMS keys, fetched once and remembered for a stated time: what a verifier in Node looks kids up in. A
 * key that is disabled or waits for its deletion counts as withdrawn, by a rotator or by hand. Verifies nothing itself.
 */
import type { Alg } from "../../shared/algorithms.ts";
import type { EpochSeconds, Kid } from "../../shared/identifiers.ts";
import { importVerificationKey } from "../../shared/jws.ts";
import type { VerificationKey } from "../../shared/jws.ts";
import { createSharedRun, SHARED_SECONDS } from "../../shared/shared-run.ts";
import type { VerificationKeys } from "../../shared/verification-keys.ts";
import { SealgateError } from "../errors.ts";
import type { FaultCode } from "../errors.ts";
import { toPublicKey } from "./fitness.ts";
import type { Kms } from "./port.ts";

/** A KMS key and the algorithm that its tokens carry. */
export interface KmsKeyRef {
  /** Key id, key ARN, alias name or alias ARN. */
  readonly keyId: string;
  readonly alg: Alg;
}

/** The keys as they were when KMS was last asked. */
export interface KmsVerificationKeys extends VerificationKeys {
  /** Of the keys that verify. */
  readonly kids: readonly Kid[];
  arnOf(kid: Kid): string | undefined;
}

export interface KmsKeyCache {
  /**
   * The keys, asking KMS when they are older than their time to live. Calls at the same moment share one answer.
   * @throws SealgateError when KMS cannot be asked, or when no key at all is usable
   */
  current(): Promise<KmsVerificationKeys>;
  /**
   * Looks at KMS once more, because a token's kid is not among {@link KmsKeyCache.current}: an alias may name another key by
   * now. Keys that are known stay known for their time. At most once per {@link UNKNOWN_KID_COOLDOWN_SECONDS}; calls of the same
   * moment share one look.
   * @returns undefined when KMS was asked a moment ago, or cannot be asked: an invented kid is no reason for a fault
   */
  lookAgain(): Promise<KmsVerificationKeys | undefined>;
  clear(): void;
}

export interface KmsKeyCacheOptions {
  readonly kms: Kms;
  readonly keys: readonly KmsKeyRef[];
  readonly publicKeyTtlSeconds: number;
  readonly clock: () => EpochSeconds;
}

/** How often a token with an unknown kid may cause a look at KMS. */
export const UNKNOWN_KID_COOLDOWN_SECONDS = 30;

export function createKmsKeyCache(options: KmsKeyCacheOptions): KmsKeyCache {
  const { clock, publicKeyTtlSeconds } = options;
  /** Outlives the cache: a kid that was ours and is withdrawn is revoked, not unknown. */
  const kidOfRef = new Map<KmsKeyRef, Kid>();
  let cache = createOneCache(options, kidOfRef);
  let lookedAt: number = Number.NEGATIVE_INFINITY;
  let found: { readonly at: EpochSeconds; readonly keys: KmsVerificationKeys } | undefined;

  async function current(): Promise<KmsVerificationKeys> {
    const known = await cache();
    const now = clock();
    const isFresh = found !== undefined && now >= found.at && now - found.at < publicKeyTtlSeconds;
    return isFresh && found !== undefined ? together(known, found.keys) : known;
  }

  const looks = createSharedRun(async (isOvertaken) => {
    try {
      const at = clock();
      const keys = await loadKeys(options, kidOfRef);
      if (!isOvertaken()) found = { at, keys };
      return await current();
    } catch {
      return undefined;
    }
  }, clock);

  return {
    current,
    async lookAgain() {
      const at = clock();
      // A clock that was set back makes the time unknown.
      const isCooling = at >= lookedAt && at - lookedAt < UNKNOWN_KID_COOLDOWN_SECONDS;
      const isShared = isCooling && looks.isUnderWay && at - lookedAt < SHARED_SECONDS;
      if (isCooling && !isShared) return undefined;
      if (!isShared) lookedAt = at;
      return looks.join();
    },
    // What is being loaded goes to those who wait for it, and no further.
    clear: () => {
      cache = createOneCache(options, kidOfRef);
      found = undefined;
    },
  };
}

/** A key that either look has found, unless one of them has found it withdrawn. */
function together(one: KmsVerificationKeys, other: KmsVerificationKeys): KmsVerificationKeys {
  const find = (kid: Kid): ReturnType<VerificationKeys["find"]> => {
    const answers = [one.find(kid), other.find(kid)];
    return answers.includes("revoked") ? "revoked" : (answers[0] ?? answers[1]);
  };
  return {
    find,
    // The later look first: what an alias names by now.
    kids: [...new Set([...other.kids, ...one.kids])].filter((kid) => find(kid) !== "revoked"),
    arnOf: (kid) => one.arnOf(kid) ?? other.arnOf(kid),
  };
}

/** Failures are not remembered. */
function createOneCache(options: KmsKeyCacheOptions, kidOfRef: Map<KmsKeyRef, Kid>): KmsKeyCache["current"] {
  const { clock, publicKeyTtlSeconds } = options;
  let loaded: { readonly at: EpochSeconds; readonly keys: KmsVerificationKeys } | undefined;
  const loads = createSharedRun(async (isOvertaken) => {
    const at = clock();
    const keys = await loadKeys(options, kidOfRef);
    if (!isOvertaken()) loaded = { at, keys };
    return keys;
  }, clock);
  return async () => {
    const now = clock();
    // A clock that was set back makes the age unknown.
    const isFresh = loaded !== undefined && now >= loaded.at && now - loaded.at < publicKeyTtlSeconds;
    return isFresh && loaded !== undefined ? loaded.keys : loads.join();
  };
}

const WITHDRAWN: ReadonlySet<FaultCode> = new Set<FaultCode>(["kms_key_disabled", "kms_key_pending_deletion"]);

/** True for the fault of a key that was withdrawn on purpose, as opposed to one that cannot be had just now. */
export function isWithdrawn(error: unknown): error is SealgateError {
  return error instanceof SealgateError && WITHDRAWN.has(error.code);
}

async function loadKeys(
  { kms, keys: refs }: KmsKeyCacheOptions,
  kidOfRef: Map<KmsKeyRef, Kid>,
): Promise<KmsVerificationKeys> {
  const keys = new Map<Kid, { readonly key: VerificationKey; readonly keyArn: string }>();
  const revoked = new Set<Kid>();
  let withdrawal: SealgateError | undefined;
  for (const ref of refs) {
    try {
      const usable = await loadKey(kms, ref);
      keys.set(usable.key.kid, usable);
      kidOfRef.set(ref, usable.key.kid);
    } catch (error) {
      const kid = kidOfRef.get(ref);
      // A key that was there and is not found any more has reached the end of its deletion.
      const isDeleted = kid !== undefined && error instanceof SealgateError && error.code === "kms_key_not_found";
      if (!isWithdrawn(error) && !isDeleted) throw error;
      withdrawal = error;
      if (kid !== undefined) revoked.add(kid);
    }
  }
  // From the first moment without a single key, this is a configuration to correct and not a token to refuse.
  if (withdrawal !== undefined && keys.size === 0 && revoked.size === 0) throw withdrawal;
  return {
    find: (kid) => (revoked.has(kid) ? "revoked" : keys.get(kid)?.key),
    kids: [...keys.keys()].filter((kid) => !revoked.has(kid)),
    arnOf: (kid) => keys.get(kid)?.keyArn,
  };
}

async function loadKey(kms: Kms, { keyId, alg }: KmsKeyRef): Promise<{ key: VerificationKey; keyArn: string }> {
  const answer = await kms.getPublicKey(keyId);
  const { jwk, kid } = await toPublicKey(keyId, answer, alg);
  const key = await importVerificationKey(jwk, kid);
  if (key === undefined)
    throw new SealgateError("kms_key_unfit", `KMS key ${keyId}: its public key cannot be imported.`);
  return { key, keyArn: answer.keyArn };
}
