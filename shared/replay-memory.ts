/**
 * Remembers which assertions were used, so that each counts once. One memory per process: several processes behind one
 * load balancer see a replay only if it comes to the same one; share a store by implementing {@link ReplayMemory}.
 */

export interface ReplayMemory {
  /**
   * Notes the use of an identifier. Synchronous, so that of two uses at once only one is the first.
   * @param until epoch seconds; from then on the identifier is refused for its age and need not be known
   * @param now epoch seconds
   * @returns `full`: it could not be noted, so it must not be accepted
   * @throws {TypeError} for times that are no numbers: everything would be forgotten, or nothing
   */
  use(id: string, until: number, now: number): "first" | "again" | "full";
}

/**
 * A memory that holds what was used within the lifetime of an assertion and the clock skew.
 * @param maxEntries requests per second times that lifetime; about 150 bytes each
 * @throws {TypeError} when it is not a positive whole number
 */
export function createReplayMemory(maxEntries: number): ReplayMemory {
  if (!Number.isSafeInteger(maxEntries) || maxEntries < 1) throw new TypeError("maxEntries must be a positive number");
  // In order of use, which is nearly the order of expiry: old ones are found at the front.
  const used = new Map<string, number>();
  return {
    use(id, until, now) {
      if (!Number.isFinite(until) || !Number.isFinite(now)) throw new TypeError("until and now must be epoch seconds");
      for (const [oldest, expiry] of used) {
        if (expiry > now) break;
        used.delete(oldest);
      }
      if (used.has(id)) return "again";
      if (used.size >= maxEntries) return "full";
      used.set(id, until);
      return "first";
    },
  };
}
