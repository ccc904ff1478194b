/**
 * One look for many: calls that find no fresh document, as in a backend that starts under load, wait together for one look at its
 * place. If each of them looked, the place would be asked once for each, and every answer might come too late.
 *
 * Not in Workers: a promise that another request has begun may never settle there, so that each request looks for itself.
 */
import type { WaitUntil } from "./keys/held-key-set.ts";
import { createSharedRun, isWorkers } from "./shared-run.ts";

/** The rings whose documents are looked at: of keys alone, or of keys and lists. */
interface LookedAt {
  readonly rings: readonly {
    readonly ladder: {
      /** @returns undefined when a call would have to wait */
      peek(nowMs: number): unknown;
      current(nowMs: number, waitUntil: WaitUntil): Promise<unknown>;
    };
  }[];
}

/**
 * @param nowMs epoch milliseconds
 * @returns undefined when nothing has to be waited for
 */
export type SharedLook = (nowMs: number) => Promise<unknown> | undefined;

/** @param readClock epoch milliseconds */
export function createSharedLook({ rings }: LookedAt, readClock: () => number): SharedLook {
  const lookOnce = (): Promise<unknown> => {
    const nowMs = readClock();
    return Promise.all(rings.map(({ ladder }) => ladder.current(nowMs, () => undefined)));
  };
  const looks = createSharedRun(lookOnce, () => readClock() / 1000);
  return (nowMs) => {
    const isFresh = rings.every(({ ladder }) => ladder.peek(nowMs) !== undefined);
    return isFresh || isWorkers() ? undefined : looks.join();
  };
}
