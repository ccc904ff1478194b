/** Waiting for work no longer than a deadline: which of the two came first, and that no timer is left behind. */
import { describe, expect, test } from "vitest";
import { endsWithin, startPlatformTimer } from "../../../../shared/keys/deadline.ts";
import { createManualTimer } from "../../../support/key-set-readers.ts";

describe("work", () => {
  test("that ends before the deadline has ended, and the timer is cancelled", async () => {
    const timer = createManualTimer();
    const { promise, resolve } = Promise.withResolvers<void>();
    const ended = endsWithin(promise, 2000, timer.start);
    expect(timer.running).toEqual([2000]);
    resolve();
    expect(await ended).toBe(true);
    expect(timer.running).toEqual([]);
  });

  test("that is still going on at the deadline has not, and goes on", async () => {
    const timer = createManualTimer();
    const { promise, resolve } = Promise.withResolvers<void>();
    let isDone = false;
    async function work(): Promise<void> {
      await promise;
      isDone = true;
    }
    const going = work();
    const ended = endsWithin(going, 2000, timer.start);
    timer.fire();
    expect(await ended).toBe(false);
    expect(isDone).toBe(false);
    resolve();
    await going;
    expect(isDone).toBe(true);
  });

  test("that never ends keeps no caller past the deadline", async () => {
    const timer = createManualTimer();
    const { promise: never } = Promise.withResolvers<void>();
    const waits = [endsWithin(never, 10, timer.start), endsWithin(never, 20, timer.start)];
    expect(timer.running).toEqual([10, 20]);
    timer.fire();
    expect(await Promise.all(waits)).toEqual([false, false]);
    expect(timer.running).toEqual([]);
  });
});

describe("the platform's timer", () => {
  test("goes off, unless it is cancelled before", async () => {
    const wentOff: string[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = startPlatformTimer(1, () => void wentOff.push("cancelled"));
    // Timers of the same delay go off in the order in which they were made.
    startPlatformTimer(1, () => {
      wentOff.push("kept");
      resolve();
    });
    cancel();
    await promise;
    expect(wentOff).toEqual(["kept"]);
  });
});
