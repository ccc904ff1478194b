/**
 * Waiting for a promise no longer than a deadline. The timer is made and cancelled inside the request that waits.
 */

/** Calls `onTime` once after `delayMs`, unless the function it returns has been called before. */
export type StartTimer = (delayMs: number, onTime: () => void) => () => void;

/** The platform's timer. */
export const startPlatformTimer: StartTimer = (delayMs, onTime) => {
  const timer = setTimeout(onTime, delayMs);
  return () => clearTimeout(timer);
};

/**
 * @param work must never reject; it goes on when the deadline passes first
 * @returns false when the deadline passed first
 */
export async function endsWithin(work: Promise<void>, deadlineMs: number, startTimer: StartTimer): Promise<boolean> {
  const { promise: deadline, resolve } = Promise.withResolvers<boolean>();
  const cancel = startTimer(deadlineMs, () => resolve(false));
  const ended = await Promise.race([work.then(() => true), deadline]);
  cancel();
  return ended;
}
