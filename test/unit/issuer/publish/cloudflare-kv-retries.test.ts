/** What is retried, how long, and where it stops. The server's faults are real answers; time is virtual. */
import { describe, expect, test } from "vitest";
import type { Misbehaviour } from "../../../support/fake-cloudflare.ts";
import { DOCUMENT, MAIN, REV, setUpBench, faultOf } from "../../../support/published-by.ts";

const KEY = "key-set:main";

function bulkAnswer(result: unknown, store = false): Misbehaviour {
  const body = JSON.stringify({ success: true, errors: [], messages: [], result });
  return { kind: "answer", status: 200, body, store };
}

describe("a publish without faults", () => {
  test("reads, writes once, reads back", async () => {
    const bench = await setUpBench();
    expect(await bench.publish()).toEqual({ rev: REV, serverSkewSeconds: 0 });
    expect(bench.calls()).toEqual(["read", "write", "read"]);
    expect(bench.fake.stored(KEY)).toBe(DOCUMENT);
    expect(bench.clock.sleeps).toEqual([]);
  });
});

describe("429", () => {
  test("without Retry-After is retried after growing pauses of at least a second", async () => {
    const bench = await setUpBench();
    bench.fake.script({ on: "write", times: 3, does: { kind: "answer", status: 429 } });
    await bench.publish();
    expect(bench.clock.sleeps).toEqual([1000, 2000, 4000]);
    expect(bench.calls()).toEqual(["read", "write", "write", "write", "write", "read"]);
  });

  test("with Retry-After in seconds is retried no earlier", async () => {
    const bench = await setUpBench();
    bench.fake.script({ on: "write", does: { kind: "answer", status: 429, headers: { "retry-after": "17" } } });
    await bench.publish();
    expect(bench.clock.sleeps).toEqual([17_000]);
  });

  test("with Retry-After as a date is retried no earlier", async () => {
    const bench = await setUpBench();
    const date = new Date(bench.clock.epochMs() + 9000).toUTCString();
    bench.fake.script({ on: "write", does: { kind: "answer", status: 429, headers: { "retry-after": date } } });
    await bench.publish();
    expect(bench.clock.sleeps).toEqual([9000]);
  });

  test("with a Retry-After beyond the deadline ends at once, without waiting", async () => {
    const bench = await setUpBench();
    bench.fake.script({ on: "write", does: { kind: "answer", status: 429, headers: { "retry-after": "300" } } });
    expect(await bench.faultOfPublish()).toMatchObject({ code: "publish_rate_limited", retryable: true });
    expect(bench.clock.sleeps).toEqual([]);
    expect(bench.fake.stored(KEY)).toBeUndefined();
  });

  test("for ever ends in publish_rate_limited after maxAttempts", async () => {
    const bench = await setUpBench({ maxAttempts: 3 });
    bench.fake.script({ on: "write", times: 99, does: { kind: "answer", status: 429 } });
    expect(await bench.faultOfPublish()).toMatchObject({ code: "publish_rate_limited", retryable: true });
    expect(bench.calls()).toEqual(["read", "write", "write", "write"]);
  });

  test("on reading is retried too", async () => {
    const bench = await setUpBench();
    bench.fake.script({ on: "read", times: 2, does: { kind: "answer", status: 429 } });
    expect(await bench.publisher.read(MAIN)).toBeUndefined();
    expect(bench.clock.sleeps).toEqual([1000, 2000]);
  });
});

describe("408 and 5xx", () => {
  test.each([408, 500, 502, 503, 504, 520, 524])("%i, then success, publishes", async (status) => {
    const bench = await setUpBench();
    bench.fake.script({ on: "write", times: 2, does: { kind: "answer", status, body: "<html>oops</html>" } });
    await bench.publish();
    expect(bench.fake.stored(KEY)).toBe(DOCUMENT);
  });

  test("for ever ends in publish_failed that names the status, within the deadline", async () => {
    const bench = await setUpBench();
    bench.fake.script({ on: "write", times: 99, does: { kind: "answer", status: 503 } });
    const fault = await bench.faultOfPublish();
    expect(fault).toMatchObject({ code: "publish_failed", retryable: true });
    expect(fault.message).toContain("503");
    expect(bench.clock.monotonicMs()).toBeLessThan(60_000);
    expect(bench.calls().filter((kind) => kind === "write")).toHaveLength(5);
  });

  test("after the write had its effect is a success without a second write", async () => {
    const bench = await setUpBench();
    bench.fake.script({ on: "write", does: { kind: "answer", status: 502, store: true } });
    await bench.publish();
    expect(bench.calls()).toEqual(["read", "write", "read"]);
  });

  test("on reading ends in a fault, never in an absent document", async () => {
    const bench = await setUpBench();
    bench.fake.script({ on: "read", times: 99, does: { kind: "answer", status: 500 } });
    expect(await faultOf(bench.publisher.read(MAIN))).toMatchObject({ code: "publish_failed", retryable: true });
  });
});

describe("partial success", () => {
  test("is written again until the API has written all of it", async () => {
    const bench = await setUpBench();
    const partial = bulkAnswer({ successful_key_count: 0, unsuccessful_keys: [KEY] });
    bench.fake.script({ on: "write", times: 2, does: partial });
    await bench.publish();
    expect(bench.calls()).toEqual(["read", "write", "write", "write", "read"]);
  });

  test("for ever ends in publish_failed, even when the count looks right", async () => {
    const bench = await setUpBench();
    const partial = bulkAnswer({ successful_key_count: 1, unsuccessful_keys: [KEY] }, true);
    bench.fake.script({ on: "write", times: 99, does: partial });
    expect(await bench.faultOfPublish()).toMatchObject({ code: "publish_failed", retryable: true });
  });

  test.each([
    ["no key", { successful_key_count: 0, unsuccessful_keys: [] }],
    ["two keys", { successful_key_count: 2, unsuccessful_keys: [] }],
    ["a count that is text", { successful_key_count: "1", unsuccessful_keys: [] }],
    ["no count", { unsuccessful_keys: [] }],
    ["a list that is none", { successful_key_count: 1, unsuccessful_keys: "none" }],
    ["no result", null],
  ])("an answer that counts %s is refused at once, although the bytes are there", async (_what, result) => {
    const bench = await setUpBench();
    bench.fake.script({ on: "write", does: bulkAnswer(result, true) });
    expect(await bench.faultOfPublish()).toMatchObject({ code: "publish_failed", retryable: false });
    expect(bench.calls()).toEqual(["read", "write"]);
  });

  test("a list of unsuccessful keys that is left out or null counts as empty", async () => {
    const bench = await setUpBench();
    bench.fake.script({ on: "write", does: bulkAnswer({ successful_key_count: 1 }, true) });
    await bench.publish();
    bench.clock.advance(1000);
    const withNull = bulkAnswer({ successful_key_count: 1, unsuccessful_keys: null }, true);
    bench.fake.script({ on: "write", does: withNull });
    await bench.publish();
    expect(bench.fake.stored(KEY)).toBe(DOCUMENT);
  });
});

describe("the deadline", () => {
  test("ends a publish before the next pause would pass it, whatever attempts are left", async () => {
    const bench = await setUpBench({ deadlineMs: 6000, maxAttempts: 99 });
    bench.fake.script({ on: "write", times: 99, does: { kind: "answer", status: 429 } });
    expect(await bench.faultOfPublish()).toMatchObject({ code: "publish_rate_limited" });
    expect(bench.clock.sleeps).toEqual([1000, 2000]);
  });

  test("covers reading, writing and reading back together", async () => {
    const bench = await setUpBench({ deadlineMs: 6000, maxAttempts: 99 });
    bench.fake.script(
      { on: "read", times: 2, does: { kind: "answer", status: 503 } },
      { on: "write", times: 99, does: { kind: "answer", status: 503 } },
    );
    expect(await bench.faultOfPublish()).toMatchObject({ code: "publish_failed" });
    expect(bench.clock.sleeps).toEqual([1000, 2000, 1000]);
  });
});
