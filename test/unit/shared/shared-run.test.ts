/** One run for the calls of one moment, and none that a frozen process may have left behind. The clock is passed in. */
import { beforeEach, describe, expect, test } from "vitest";
import { createSharedRun } from "../../../shared/shared-run.ts";
import type { SharedRun } from "../../../shared/shared-run.ts";
import { seconds } from "../../support/key-sets.ts";
import { given } from "../../support/values.ts";

interface Begun {
  readonly end: (value: string) => void;
  readonly fail: (error: Error) => void;
  readonly isOvertaken: () => boolean;
}

let now: number;
let begun: Begun[];
let shared: SharedRun<string>;
beforeEach(() => {
  now = 1_800_000_000;
  begun = [];
  shared = createSharedRun(
    (isOvertaken) => {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      begun.push({ end: resolve, fail: reject, isOvertaken });
      return promise;
    },
    () => seconds(now),
  );
});

const run = (index: number): Begun => given(begun[index]);

describe("calls", () => {
  test("of the same second share one run and what it comes to", async () => {
    const joined = [shared.join(), shared.join(), shared.join()];
    expect([begun.length, shared.isUnderWay]).toEqual([1, true]);
    run(0).end("one");
    expect(await Promise.all(joined)).toEqual(["one", "one", "one"]);
    expect(shared.isUnderWay).toBe(false);
  });

  test("after its end begin a new one", async () => {
    const first = shared.join();
    run(0).end("one");
    await first;
    const second = shared.join();
    run(1).end("two");
    expect(await second).toBe("two");
  });

  test.each([1, 3600, -1, -3600])("%d s later begin one of their own, and wait for no other", async (later) => {
    void shared.join();
    now += later;
    const joined = [shared.join(), shared.join()];
    expect(begun).toHaveLength(2);
    run(1).end("two");
    expect(await Promise.all(joined)).toEqual(["two", "two"]);
  });
});

describe("a run that fails", () => {
  test("fails the call that began it, and is not remembered", async () => {
    const first = shared.join();
    run(0).fail(new Error("broken"));
    await expect(first).rejects.toThrow("broken");
    expect(shared.isUnderWay).toBe(false);
    const second = shared.join();
    run(1).end("two");
    expect(await second).toBe("two");
  });

  test("gives those who shared it a second run, one for all of them", async () => {
    const [first, ...others] = [shared.join(), shared.join(), shared.join()];
    run(0).fail(new Error("broken"));
    await expect(first).rejects.toThrow("broken");
    await expect.poll(() => begun.length).toBe(2);
    run(1).end("two");
    expect(await Promise.all(others)).toEqual(["two", "two"]);
    expect(begun).toHaveLength(2);
  });

  test("twice fails those as well, with the second reason", async () => {
    const [first, other] = [shared.join(), shared.join()];
    run(0).fail(new Error("first reason"));
    await expect(first).rejects.toThrow("first reason");
    await expect.poll(() => begun.length).toBe(2);
    run(1).fail(new Error("second reason"));
    await expect(other).rejects.toThrow("second reason");
  });
});

describe("a run that a later one has overtaken", () => {
  test("is told so once the later one has ended, and not before", async () => {
    const first = shared.join();
    now += 1;
    const second = shared.join();
    expect([run(0).isOvertaken(), run(1).isOvertaken()]).toEqual([false, false]);
    run(1).end("two");
    await second;
    expect([run(0).isOvertaken(), run(1).isOvertaken()]).toEqual([true, false]);
    run(0).end("one");
    expect(await first).toBe("one");
  });

  test("ends without ending what is under way", async () => {
    const first = shared.join();
    now += 1;
    const second = shared.join();
    run(0).end("one");
    await first;
    expect([shared.isUnderWay, run(1).isOvertaken()]).toEqual([true, false]);
    run(1).end("two");
    expect(await second).toBe("two");
  });
});
