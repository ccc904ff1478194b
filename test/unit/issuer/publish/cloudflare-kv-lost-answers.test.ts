/** Answers that never come, come too late, or come from somebody else: what was written is found out by reading. */
import { describe, expect, test } from "vitest";
import type { Misbehaviour } from "../../../support/fake-cloudflare.ts";
import { documentOf } from "../../../support/publisher-contract.ts";
import { DOCUMENT, faultOf, MAIN, REV, setUpBench } from "../../../support/published-by.ts";

const KEY = "key-set:main";

/** For tests that end in the same way when an honest answer is late too. */
const SHORT = { timeoutMs: 300 };

/** For a test in which only one call may time out. */
const AMPLE = { timeoutMs: 1500 };

describe("a lost answer", () => {
  test.each<[string, Misbehaviour]>([
    ["the connection is closed", { kind: "reset", store: true }],
    ["no answer comes", { kind: "hang", store: true }],
  ])("is resolved by reading back when the write had its effect and %s", async (_what, does) => {
    const bench = await setUpBench(AMPLE);
    bench.fake.script({ on: "write", does });
    expect((await bench.publish()).rev).toBe(REV);
    expect(bench.calls().filter((kind) => kind === "write")).toHaveLength(1);
    expect(bench.fake.stored(KEY)).toBe(DOCUMENT);
  });

  test.each<[string, Misbehaviour]>([
    ["the connection is closed", { kind: "reset" }],
    ["no answer comes", { kind: "hang" }],
  ])("leads to a second write when the first had no effect and %s", async (_what, does) => {
    const bench = await setUpBench(AMPLE);
    bench.fake.script({ on: "write", does });
    await bench.publish();
    expect(bench.calls().filter((kind) => kind === "write")).toHaveLength(2);
    expect(bench.fake.stored(KEY)).toBe(DOCUMENT);
  });

  test("is not taken for success because the same bytes were there before", async () => {
    const bench = await setUpBench();
    await bench.publish();
    bench.clock.advance(1000);
    bench.fake.script({ on: "write", does: { kind: "reset" } });
    await bench.publish();
    expect(bench.calls()).toEqual(["read", "write", "read", "read", "write", "write", "read"]);
  });
});

describe("a server that never answers", () => {
  test("writes: ends in publish_timeout", async () => {
    const bench = await setUpBench({ ...SHORT, maxAttempts: 2 });
    bench.fake.script({ on: "write", times: 99, does: { kind: "hang" } });
    expect(await bench.faultOfPublish()).toMatchObject({ code: "publish_timeout", retryable: true });
    expect(bench.calls().filter((kind) => kind === "write")).toHaveLength(2);
  });

  test("reads: ends in publish_timeout, never in an absent document", async () => {
    const bench = await setUpBench({ ...SHORT, maxAttempts: 2 });
    bench.fake.script({ on: "read", times: 99, does: { kind: "hang" } });
    expect(await faultOf(bench.publisher.read(MAIN))).toMatchObject({ code: "publish_timeout", retryable: true });
  });

  test("stops in the middle of a body: the timeout covers the body too", async () => {
    const bench = await setUpBench({ ...SHORT, maxAttempts: 1 });
    bench.fake.script({ on: "write", does: { kind: "stall" } });
    expect(await bench.faultOfPublish()).toMatchObject({ code: "publish_timeout" });
  });

  test("the deadline ends a call that has a longer timeout of its own", async () => {
    const bench = await setUpBench({ timeoutMs: 3_600_000, deadlineMs: 300, maxAttempts: 1 });
    bench.fake.script({ on: "write", does: { kind: "hang" } });
    expect(await bench.faultOfPublish()).toMatchObject({ code: "publish_timeout" });
  });
});

describe("a server that is not there", () => {
  test("ends in publish_unreachable that names the system's error", async () => {
    const bench = await setUpBench({ maxAttempts: 2 });
    await bench.fake.close();
    const fault = await bench.faultOfPublish();
    expect(fault).toMatchObject({ code: "publish_unreachable", retryable: true });
    expect(fault.message).toContain("ECONNREFUSED");
    expect(bench.clock.sleeps).toEqual([1000]);
  });

  test("closes every connection: publish_unreachable on reading", async () => {
    const bench = await setUpBench({ maxAttempts: 2 });
    bench.fake.script({ on: "read", times: 99, does: { kind: "reset" } });
    expect(await faultOf(bench.publisher.read(MAIN))).toMatchObject({ code: "publish_unreachable" });
  });
});

describe("reading back", () => {
  test("is repeated while an older value is served", async () => {
    const bench = await setUpBench();
    await bench.publisher.publish(MAIN, documentOf("older"), 1);
    bench.clock.advance(1000);
    // The first read is the one before the write.
    bench.fake.script({ on: "read", times: 3, does: { kind: "stale" } });
    await bench.publish();
    expect(bench.calls().slice(3)).toEqual(["read", "write", "read", "read", "read"]);
  });

  test("is repeated through 5xx, 429 and closed connections", async () => {
    const bench = await setUpBench();
    bench.fake.script(
      { on: "read", does: { kind: "answer", status: 404, body: '{"success":false,"errors":[{"code":10009}]}' } },
      { on: "read", does: { kind: "answer", status: 500 } },
      { on: "read", does: { kind: "reset" } },
      { on: "read", does: { kind: "answer", status: 429, headers: { "retry-after": "11" } } },
    );
    await bench.publish();
    expect(bench.clock.sleeps).toEqual([1000, 2000, 11_000]);
  });

  test("of other bytes for ever ends in publish_not_confirmed", async () => {
    const bench = await setUpBench();
    bench.fake.script({ on: "read", times: 99, does: { kind: "answer", status: 200, body: documentOf("another") } });
    expect(await bench.faultOfPublish()).toMatchObject({ code: "publish_not_confirmed", retryable: true });
    expect(bench.calls().filter((kind) => kind === "write")).toHaveLength(1);
  });

  test.each([
    ["one character more", `${DOCUMENT}A`],
    ["one character less", DOCUMENT.slice(0, -1)],
    ["a byte order mark", `\uFEFF${DOCUMENT}`],
    ["white space", `${DOCUMENT}\n`],
  ])("of the document with %s is not a confirmation", async (_what, body) => {
    const bench = await setUpBench({ maxAttempts: 2 });
    bench.fake.script({ on: "read", times: 99, does: { kind: "answer", status: 200, body } });
    expect(await bench.faultOfPublish()).toMatchObject({ code: "publish_not_confirmed" });
  });

  test("that fails for ever ends in publish_not_confirmed", async () => {
    const bench = await setUpBench({ maxAttempts: 2 });
    bench.fake.script(
      { on: "read", does: { kind: "answer", status: 404, body: '{"success":false,"errors":[{"code":10009}]}' } },
      { on: "read", times: 99, does: { kind: "answer", status: 503 } },
    );
    const fault = await bench.faultOfPublish();
    expect(fault).toMatchObject({ code: "publish_not_confirmed", retryable: true });
    expect(fault.message).toContain("publish_failed");
  });

  test("that is forbidden says so at once", async () => {
    const bench = await setUpBench();
    bench.fake.script(
      { on: "read", does: { kind: "answer", status: 404, body: '{"success":false,"errors":[{"code":10009}]}' } },
      { on: "read", does: { kind: "answer", status: 403 } },
    );
    expect(await bench.faultOfPublish()).toMatchObject({ code: "publish_unauthorized", retryable: false });
  });
});
