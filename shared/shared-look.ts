/**
 * One look for many: calls that find no fresh key set, as in a backend that starts under load, wait together for one look at its
 * place. If each of them looked, the place would be asked once for each, and none of the answers might come in time.
 *
 * Not in Workers: a promise that another request has begun may never settle there, so that each request looks for itself.
 */
import type { KeyRings } from "./keys/key-rings.ts";
import type { WaitUntil } from "./keys/held-key-set.ts";

/** The rings whose documents are looked at: of keys alone, or of keys and lists. */
interface LookedAt {
  readonly rings: readonly {
    readonly ladder: { current(nowMs: number, waitUntil: WaitUntil): Promise<unknown> };
  }[];
}

/**
 * @param nowMs epoch milliseconds
 * @returns undefined when nothing has to be waited for
 */
export type SharedLook = (keys: KeyRings, all: LookedAt, nowMs: number) => Promise<unknown> | undefined;

export function createSharedLook(): SharedLook {
  const share = createSharedCall<unknown>();
  return (keys, all, nowMs) => {
    const isFresh = keys.rings.every(({ ladder }) => ladder.peek(nowMs) !== undefined);
    if (isFresh || isWorkers()) return undefined;
    return share(() => Promise.all(all.rings.map(({ ladder }) => ladder.current(nowMs, () => undefined))));
  };
}

/** @returns a function that makes the call it is given, unless the one before is still under way: then its answer is that one's */
export function createSharedCall<Answer>(): (call: () => Promise<Answer>) => Promise<Answer> {
  let underWay: Promise<Answer> | undefined;
  return (call) => {
    if (isWorkers()) return call();
    underWay ??= call().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
}

/** A global of workerd's, under each compatibility date. */
function isWorkers(): boolean {
  return "WebSocketPair" in globalThis;
}
