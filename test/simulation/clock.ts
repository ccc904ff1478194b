/**
 * Virtual time: events in the order of their time, and nothing in between. After each event everything that it set in
 * motion runs to its end before time moves on, so that one seed always gives one history. Nothing here waits for real time.
 */
import { epochSecondsFromMs } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";

/** When every simulated history begins, epoch milliseconds. */
export const START_MS = 1_800_000_000_000;

export interface WorldClock {
  /** True time, epoch milliseconds. No host of the simulation sees it; each has its own skew. */
  readonly nowMs: number;
  /** Calls back once at a time; at once in the next event if that has passed. Returns what cancels it. */
  at(timeMs: number, event: () => void): () => void;
  sleep(ms: number): Promise<void>;
  /** What a host whose clock is off by `skewMs` reads. */
  secondsOf(skewMs: number): EpochSeconds;
  /** Lets time pass until `endMs`, or until `isOver` says so after an event. */
  runUntil(endMs: number, isOver: () => boolean): Promise<void>;
}

interface Scheduled {
  readonly timeMs: number;
  readonly order: number;
  event: (() => void) | undefined;
}

export function createWorldClock(): WorldClock {
  const heap: Scheduled[] = [];
  let nowMs = START_MS;
  let order = 0;

  function at(timeMs: number, event: () => void): () => void {
    const scheduled: Scheduled = { timeMs: Math.max(timeMs, nowMs), order: order++, event };
    push(heap, scheduled);
    return () => {
      scheduled.event = undefined;
    };
  }

  return {
    get nowMs() {
      return nowMs;
    },
    at,
    sleep: (ms) => new Promise((resolve) => void at(nowMs + ms, resolve)),
    secondsOf: (skewMs) => epochSecondsFromMs(nowMs + skewMs),
    async runUntil(endMs, isOver) {
      for (let next = heap[0]; next !== undefined && next.timeMs <= endMs && !isOver(); next = heap[0]) {
        pop(heap);
        if (next.event === undefined) continue;
        nowMs = next.timeMs;
        next.event();
        await settled();
      }
      nowMs = Math.max(nowMs, endMs);
    },
  };
}

/** Resolves once no promise job is left: the event loop turns only then. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function isBefore(left: Scheduled, right: Scheduled): boolean {
  return left.timeMs < right.timeMs || (left.timeMs === right.timeMs && left.order < right.order);
}

function push(heap: Scheduled[], scheduled: Scheduled): void {
  let index = heap.push(scheduled) - 1;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || isBefore(above, scheduled)) break;
    heap[index] = above;
    heap[parent] = scheduled;
    index = parent;
  }
}

function pop(heap: Scheduled[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    const left = heap[child];
    const right = heap[child + 1];
    if (left === undefined) break;
    if (right !== undefined && isBefore(right, left)) child++;
    const below = heap[child];
    if (below === undefined || !isBefore(below, last)) break;
    heap[index] = below;
    index = child;
  }
  heap[index] = last;
}
