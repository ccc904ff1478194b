/**
 * As many things at once as there are slots; the rest waits in the order in which it came. Here a slot is a connection to KMS:
 * the SDK counts the wait for one as KMS's time to answer, so calls wait before they are handed to it. Knows nothing of KMS.
 */

export interface Slots {
  /**
   * Waits for a slot.
   * @param signal ends the wait
   * @returns what gives the slot back, to be called once
   * @throws the signal's reason
   */
  take(signal: AbortSignal): Promise<() => void>;
}

/** @param count a whole number above 0, or Infinity */
export function createSlots(count: number): Slots {
  let free = count;
  /** In order of arrival. Each starts the one that waits behind it. */
  const waiting = new Set<() => void>();

  function release(): void {
    const [next] = waiting;
    if (next === undefined) {
      free += 1;
      return;
    }
    waiting.delete(next);
    next();
  }

  return {
    take(signal) {
      if (signal.aborted) return Promise.reject(signal.reason);
      if (free > 0) {
        free -= 1;
        return Promise.resolve(release);
      }
      const { promise, resolve, reject } = Promise.withResolvers<() => void>();
      const start = (): void => {
        signal.removeEventListener("abort", leave);
        resolve(release);
      };
      const leave = (): void => {
        waiting.delete(start);
        reject(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      waiting.add(start);
      return promise;
    },
  };
}
