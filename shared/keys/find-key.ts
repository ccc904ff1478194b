/** Whose a kid is, among the rings of an issuer: from their ladders, with their bounds. */
import type { Kid } from "../identifiers.ts";
import { err, ok } from "../result.ts";
import type { Result } from "../result.ts";
import type { ImportedKeySet, VerificationKeys } from "../verification-keys.ts";
import type { KeysUnavailable, WaitUntil } from "./held-key-set.ts";
import type { HeldKeys, KeyRings } from "./key-rings.ts";

/** A kid and the key set that decides about it. */
export interface KidOwner {
  readonly kid: Kid;
  readonly keySet: ImportedKeySet;
  /** Where the owner was last looked up; while the rings hold the same, it need not be looked up again. */
  heldKeys: HeldKeys;
}

/**
 * Looks a kid up. One that no ring lists causes one more read of each, at most once per cooldown.
 * @param ready keys that need no waiting, if there are any
 * @param nowMs epoch milliseconds
 * @returns undefined for a kid that is unknown, which can be said only when every ring has a key set
 */
export async function findOwner(
  rings: KeyRings,
  ready: HeldKeys | undefined,
  kid: Kid,
  nowMs: number,
  waitUntil: WaitUntil,
): Promise<Result<KidOwner | undefined, KeysUnavailable>> {
  let heldKeys = ready ?? (await rings.current(nowMs, waitUntil));
  let keySet = heldKeys.ownerOf(kid);
  if (keySet === undefined) {
    heldKeys = await rings.refreshForUnknownKid(heldKeys, nowMs, waitUntil);
    keySet = heldKeys.ownerOf(kid);
  }
  if (keySet !== undefined) return ok({ kid, keySet, heldKeys });
  const missing = rings.missing(nowMs);
  return missing === undefined ? ok(undefined) : err(missing);
}

/** The key of a kid, for a caller that verifies tokens itself. */
export async function findKey(
  rings: KeyRings,
  kid: Kid,
  nowMs: number,
  waitUntil: WaitUntil,
): Promise<Result<ReturnType<VerificationKeys["find"]>, KeysUnavailable>> {
  const owner = await findOwner(rings, rings.ready(nowMs, waitUntil), kid, nowMs, waitUntil);
  return owner.ok ? ok(owner.value?.keySet.find(kid)) : owner;
}
