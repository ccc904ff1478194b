/** The key of a kid, for a caller that verifies tokens itself: from the same ladder, with the same bounds, as in createVerifier. */
import type { Kid } from "../identifiers.ts";
import { ok } from "../result.ts";
import type { Result } from "../result.ts";
import type { VerificationKeys } from "../verification-keys.ts";
import type { KeysUnavailable, WaitUntil } from "./held-key-set.ts";
import type { KeyLadder } from "./key-ladder.ts";

/**
 * Looks a kid up. One that is not known causes one more read, at most once per cooldown.
 * @param nowMs epoch milliseconds
 */
export async function findKey(
  ladder: KeyLadder,
  kid: Kid,
  nowMs: number,
  waitUntil: WaitUntil,
): Promise<Result<ReturnType<VerificationKeys["find"]>, KeysUnavailable>> {
  const held = await ladder.current(nowMs, waitUntil);
  if (!held.ok) return held;
  const { keySet } = held.value;
  const found = keySet.find(kid);
  if (found !== undefined) return ok(found);
  const newer = await ladder.refreshForUnknownKid(keySet, nowMs, waitUntil);
  return ok(newer?.keySet.find(kid));
}
