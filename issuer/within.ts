/** A limit on how long something is waited for. Work that takes longer goes on by itself, and its end is not seen. */

/** Calls back once after so many milliseconds. Returns what cancels it. */
export type StartTimer = (delayMs: number, onTime: () => void) => () => void;

export const hostTimer: StartTimer = (delayMs, onTime) => {
  const timer = setTimeout(onTime, delayMs);
  return () => clearTimeout(timer);
};

/** @throws what `work` throws, or what `late` makes once the time is over */
export async function within<Value>(
  limitMs: number,
  startTimer: StartTimer,
  work: () => Promise<Value>,
  late: () => Error,
): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const cancel = startTimer(limitMs, () => reject(late()));
  try {
    return await Promise.race([work(), promise]);
  } finally {
    cancel();
  }
}
