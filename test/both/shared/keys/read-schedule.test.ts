/** When KV is asked and when it is left alone: backoff, overtaken reads, the cooldown of unknown kids. Times are passed in. */
import { describe, expect, test } from "vitest";
import { createReadSchedule, DEFAULT_MEMORY_TTL_MS, MAX_BACKOFF_MS } from "../../../../shared/keys/read-schedule.ts";
import type { ReadSchedule } from "../../../../shared/keys/read-schedule.ts";
import { DEFAULT_TIMING } from "../../../../shared/timing.ts";

const T = 1_800_000_000_000;
const DEADLINE_MS = 2000;
/** M of 30 s: the longest backoff is MAX_BACKOFF_MS, and without chance it is half of that. */
const M_MS = 30_000;
const SHORTEST_MS = MAX_BACKOFF_MS / 2;

function schedule(random = 0): ReadSchedule {
  return createReadSchedule({ readDeadlineMs: DEADLINE_MS, random: () => random });
}

/** A schedule whose one read began at T and failed at once. */
function failed(random = 0, memoryTtlMs = M_MS): ReadSchedule {
  const one = schedule(random);
  one.begin(T);
  one.fail(T, "key_set_read_failed", memoryTtlMs, T);
  return one;
}

describe("a refresh may begin", () => {
  test("when nothing has happened", () => {
    expect(schedule().mayRefresh(T)).toBe(true);
    expect(schedule().holdsBack(T)).toBe(false);
    expect(schedule().backoffLeftMs(T)).toBe(0);
    expect(schedule().problem).toBeUndefined();
  });

  test("not while a read may still end, and again once it is past its deadline", () => {
    const one = schedule();
    one.begin(T);
    expect(one.mayRefresh(T + DEADLINE_MS - 1)).toBe(false);
    expect(one.mayRefresh(T + DEADLINE_MS)).toBe(true);
  });

  test("as soon as the read has ended well", () => {
    const one = schedule();
    one.begin(T);
    one.succeed(T, undefined);
    expect(one.mayRefresh(T + 1)).toBe(true);
    expect(one.holdsBack(T + 1)).toBe(false);
  });

  test("not in the backoff after a failure", () => {
    const one = failed();
    expect(one.mayRefresh(T + SHORTEST_MS - 1)).toBe(false);
    expect(one.mayRefresh(T + SHORTEST_MS)).toBe(true);
  });
});

describe("the backoff", () => {
  test.each([
    [0, M_MS, SHORTEST_MS],
    [0.5, M_MS, MAX_BACKOFF_MS * 0.75],
    [0, 4000, 1000],
    [0.5, 4000, 1500],
  ])("with chance %d and an M of %d ms is %d ms", (random, memoryTtlMs, expectedMs) => {
    const one = failed(random, memoryTtlMs);
    expect(one.backoffLeftMs(T)).toBe(expectedMs);
    expect(one.backoffLeftMs(T + expectedMs - 1)).toBe(1);
    expect(one.backoffLeftMs(T + expectedMs + 1)).toBe(0);
  });

  test("after a time-out counts from the deadline", () => {
    const one = schedule();
    one.begin(T);
    one.fail(T, "key_set_read_timeout", M_MS, T + DEADLINE_MS);
    expect(one.backoffLeftMs(T + DEADLINE_MS)).toBe(SHORTEST_MS);
  });

  test("never counts from an earlier time than that of a failure before", () => {
    const one = schedule();
    one.begin(T);
    one.fail(T, "key_set_read_timeout", M_MS, T + DEADLINE_MS);
    one.begin(T + 1);
    one.fail(T + 1, "key_set_read_failed", M_MS, T + 1);
    expect(one.backoffLeftMs(T + DEADLINE_MS)).toBe(SHORTEST_MS);
  });

  test("ends with the first read that succeeds, whose problem is reported all the same", () => {
    const one = failed();
    one.begin(T + 1);
    one.succeed(T + 1, "key_set_rev_conflict");
    expect(one.backoffLeftMs(T + 1)).toBe(0);
    expect(one.problem).toBe("key_set_rev_conflict");
    one.succeed(T + 2, undefined);
    expect(one.problem).toBeUndefined();
  });
});

describe("a request goes without a read of its own", () => {
  test("in the backoff, and not after it", () => {
    const one = failed();
    expect(one.holdsBack(T + SHORTEST_MS - 1)).toBe(true);
    expect(one.holdsBack(T + SHORTEST_MS)).toBe(false);
  });

  test("while another tries again after the backoff, and no longer than that may take", () => {
    const one = failed();
    one.begin(T + SHORTEST_MS);
    expect(one.holdsBack(T + SHORTEST_MS)).toBe(true);
    expect(one.holdsBack(T + SHORTEST_MS + DEADLINE_MS - 1)).toBe(true);
    expect(one.holdsBack(T + SHORTEST_MS + DEADLINE_MS)).toBe(false);
  });

  test("not because of an attempt that began before the backoff ended", () => {
    const one = failed();
    one.begin(T + SHORTEST_MS - 1);
    expect(one.holdsBack(T + SHORTEST_MS)).toBe(false);
  });
});

describe("a read that a later one has overtaken", () => {
  test("and that fails is no failure of KV", () => {
    const one = schedule();
    one.begin(T);
    one.begin(T + 10);
    one.succeed(T + 10, undefined);
    one.fail(T, "key_set_read_failed", M_MS, T);
    expect(one.problem).toBeUndefined();
    expect(one.holdsBack(T + 11)).toBe(false);
  });

  test("and that succeeds does not end a backoff", () => {
    const one = schedule();
    one.begin(T);
    one.begin(T + 10);
    one.fail(T + 10, "key_set_missing", M_MS, T + 10);
    one.succeed(T, undefined);
    expect(one.problem).toBe("key_set_missing");
    expect(one.holdsBack(T + 11)).toBe(true);
  });

  test("and that ends leaves the later one under way", () => {
    const one = schedule();
    one.begin(T);
    one.begin(T + 10);
    one.succeed(T, undefined);
    expect(one.mayRefresh(T + 11)).toBe(false);
  });
});

test("unknown kids cause one read in 30 s; a refusal does not prolong that", () => {
  const one = schedule();
  expect(one.takeUnknownKidRead(T)).toBe(true);
  expect(one.takeUnknownKidRead(T)).toBe(false);
  expect(one.takeUnknownKidRead(T + 29_999)).toBe(false);
  expect(one.takeUnknownKidRead(T + 30_000)).toBe(true);
  expect(one.takeUnknownKidRead(T + 30_001)).toBe(false);
});

test("a reset forgets every time and keeps what is known of KV", () => {
  const one = failed();
  one.begin(T + 1);
  one.takeUnknownKidRead(T);
  one.reset();
  const earlier = T - 1_000_000;
  expect([one.mayRefresh(earlier), one.holdsBack(earlier), one.takeUnknownKidRead(earlier)]).toEqual([
    true,
    false,
    true,
  ]);
  expect(one.problem).toBe("key_set_read_failed");
  one.begin(earlier);
  one.succeed(earlier, undefined);
  expect(one.problem).toBeUndefined();
});

test("M is that of the default timing until a document has said otherwise", () => {
  expect(DEFAULT_MEMORY_TTL_MS).toBe(DEFAULT_TIMING.memoryTtlSeconds * 1000);
});
