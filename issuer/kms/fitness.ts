/**
 * Whether a KMS key is one that sealgate can use: spec and usage for the algorithm, state, and a public key that edges
 * accept. Every refusal names what was found.
 */
import type { Alg } from "../../shared/algorithms.ts";
import { SealgateError } from "../errors.ts";
import type { FaultCode } from "../errors.ts";
import { algsOfKeySpec, kmsAlgorithmOf } from "./algorithms.ts";
import { requireSameKey } from "./faults.ts";
import { algInDescription } from "./key-description.ts";
import type { Kms, KmsKey, KmsPublicKey } from "./port.ts";
import { readSpki } from "./public-key.ts";
import type { PublicKey } from "./public-key.ts";

/** States of a key that have a code of their own; all others are passing ("Creating", "Updating") or rare. */
const CODE_OF_STATE: ReadonlyMap<string, FaultCode> = new Map<string, FaultCode>([
  ["Disabled", "kms_key_disabled"],
  ["PendingDeletion", "kms_key_pending_deletion"],
]);

/**
 * @param name what the key was called by, for the message
 * @throws SealgateError `kms_key_unfit`
 */
export function requireFit(name: string, key: Pick<KmsKey, "keySpec" | "keyUsage">, alg: Alg): void {
  const { keySpecs } = kmsAlgorithmOf(alg);
  const fits = keySpecs.some((spec) => spec === key.keySpec) && key.keyUsage === "SIGN_VERIFY";
  if (!fits) throw unfit(name, `${alg} needs ${keySpecs.join(" or ")} with usage SIGN_VERIFY`, key);
}

/** @throws SealgateError `kms_key_disabled`, `kms_key_pending_deletion` or `kms_key_unavailable` */
export function requireEnabled(name: string, key: Pick<KmsKey, "keyState">): void {
  if (key.keyState === "Enabled") return;
  const code = CODE_OF_STATE.get(key.keyState) ?? "kms_key_unavailable";
  throw new SealgateError(code, `KMS key ${name} is in the state ${key.keyState}; only an enabled key can be used.`, {
    retryable: code === "kms_key_unavailable",
  });
}

/** The algorithms a key can be used with, by what KMS says of it; none for a key that cannot sign tokens. */
function algsOf({ keySpec, keyUsage }: Pick<KmsKey, "keySpec" | "keyUsage">): readonly Alg[] {
  return keyUsage === "SIGN_VERIFY" ? algsOfKeySpec(keySpec) : [];
}

/**
 * The one algorithm of a key of a ring. The only place that decides it. A key that sealgate made keeps what it was made for, also
 * without its tag: tokens name the algorithm, and a gateway refuses those that name another one than its key set.
 * @param tagged what the key's tag `sealgate:alg` says
 * @param preferred for a key that fits several algorithms and says nothing of them
 * @returns undefined for a key that does not fit what it is meant for, or does not say what that is
 */
export function algOfKey(
  key: Pick<KmsKey, "keySpec" | "keyUsage" | "description">,
  tagged: Alg | undefined,
  preferred: Alg | undefined,
): Alg | undefined {
  const algs = algsOf(key);
  const made = algInDescription(key.description);
  const wanted = made ?? tagged ?? (algs.length === 1 ? algs[0] : preferred);
  return algs.find((alg) => alg === wanted);
}

/**
 * The algorithms a key can be used with.
 * @throws SealgateError `kms_key_unfit` when there is none
 */
export function requireAlgs(name: string, key: Pick<KmsPublicKey, "keySpec" | "keyUsage">): readonly Alg[] {
  const algs = algsOf(key);
  if (algs.length === 0) throw unfit(name, "tokens are signed with RSA, NIST P-256/384/521 or Ed25519 keys", key);
  return algs;
}

/**
 * Gets the public key and reads it for the algorithm.
 * @param keyArn the ARN, so that the answer can be compared
 * @throws SealgateError `kms_wrong_key`, `kms_key_unfit` or another `kms_…` code
 */
export async function readPublicKeyFor(kms: Kms, keyArn: string, alg: Alg): Promise<PublicKey> {
  const answer = await kms.getPublicKey(keyArn);
  requireSameKey("GetPublicKey", keyArn, answer.keyArn);
  return toPublicKey(keyArn, answer, alg);
}

/** @throws SealgateError `kms_key_unfit` for a public key that edges would refuse */
export async function toPublicKey(name: string, answer: KmsPublicKey, alg: Alg): Promise<PublicKey> {
  requireFit(name, answer, alg);
  const publicKey = await readSpki(answer.spki, alg);
  if (!publicKey.ok) throw unfit(name, `its public key cannot be used for ${alg}: ${publicKey.error}`, answer);
  return publicKey.value;
}

function unfit(name: string, rule: string, found: Pick<KmsKey, "keySpec" | "keyUsage">): SealgateError {
  return new SealgateError("kms_key_unfit", `KMS key ${name} is ${found.keySpec} (${found.keyUsage}); ${rule}.`);
}
