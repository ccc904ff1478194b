/**
 * One use of the signer of the moment. A key may be taken away between the look at the ring and KMS's answer. Then the key
 * that signs by now is used instead, once: the caller gets its token, and no second of the same one.
 */
import { SealgateError } from "./errors.ts";
import type { Signer, SignerPool, SignerSource } from "./signer.ts";
import { hostTimer, within } from "./within.ts";

/** Faults of Sign that another look at the ring may heal: the key was taken away. */
const KEY_IS_GONE: readonly string[] = ["kms_key_disabled", "kms_key_pending_deletion", "kms_key_not_found"];

export function isKeyGone(error: unknown): boolean {
  return error instanceof SealgateError && KEY_IS_GONE.includes(error.code);
}

/**
 * @param use is called again with another key when KMS has refused the first one as gone
 * @throws what `use` throws; what the source throws when it has no signer to begin with
 */
export async function useSigner<Value>(source: SignerSource, use: (signer: Signer) => Promise<Value>): Promise<Value> {
  const signer = await source.current();
  try {
    return await use(signer);
  } catch (error) {
    if (!isKeyGone(error)) throw error;
    // Without another key, the first fault tells more than that there is none.
    const other = await source.current().catch(() => signer);
    if (other.keyArn === signer.keyArn) throw error;
    return use(other);
  }
}

/** A source that has no other one beside it. */
export function singleSource(source: SignerSource): SignerPool {
  return {
    use: (use, deadlineMs) =>
      deadlineMs === undefined
        ? useSigner(source, use)
        : within(
            deadlineMs,
            hostTimer,
            () => useSigner(source, use),
            () => tooLate(deadlineMs),
          ),
  };
}

function tooLate(deadlineMs: number): SealgateError {
  const message = `No signature came within the caller's deadline of ${deadlineMs} ms (deadlineMs).`;
  return new SealgateError("kms_timeout", message, { retryable: true });
}
