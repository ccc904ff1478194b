/** A limit on waiting, on a timer that the test lets pass. */
import { expect, test } from "vitest";
import { hostTimer, within } from "../../../issuer/within.ts";

const late = (): Error => new Error("late");

test("what ends in time is passed on, whichever way, and the timer is taken away", async () => {
  let cancelled = 0;
  const timer = (): (() => void) => () => void (cancelled += 1);
  expect(await within(5, timer, async () => "done", late)).toBe("done");
  await expect(within(5, timer, () => Promise.reject(new Error("failed")), late)).rejects.toThrow("failed");
  expect(cancelled).toBe(2);
});

test("what does not end is given up when the time is over", async () => {
  let pass = (): void => {};
  const waiting = within(
    5,
    (_ms, onTime) => {
      pass = onTime;
      return () => {};
    },
    () => new Promise(() => {}),
    late,
  );
  pass();
  await expect(waiting).rejects.toThrow("late");
  await expect(within(1, hostTimer, () => new Promise(() => {}), late)).rejects.toThrow("late");
});
