/** What requests do after a failed read: they go on at once with what there is, and one of them tries again. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  ISSUED_AT_MS as T0,
  makeHoldingLadder,
  makeLadder,
  makeRing,
  MEMORY_TTL_MS,
} from "../../../support/edge-ring.ts";
import type { LadderChoices, LadderScene, TestRing } from "../../../support/edge-ring.ts";
import { collectBackgroundWork, createManualTimer, createScriptedReader } from "../../../support/key-set-readers.ts";
import { errorOf, given, valueOf } from "../../../support/values.ts";

const { waitUntil } = collectBackgroundWork();
const PAST_M = T0 + MEMORY_TTL_MS;

/** Backoff without jitter: half of the longest. */
const BACKOFF_MS = 2500;
const DEADLINE_MS = 2000;

let ring: TestRing;
beforeAll(async () => {
  ring = await makeRing();
});

/** A ladder that holds rev 10 since {@link T0}, with the reads counted from there. */
function holding(choices: LadderChoices = {}): Promise<LadderScene> {
  return makeHoldingLadder(ring, waitUntil, { readDeadlineMs: DEADLINE_MS, ...choices });
}

describe("backoff after a failed read", () => {
  test("requests do not wait again: the last good document is ready at once, with no I/O", async () => {
    const { reader, timer, ladder } = await holding();
    reader.hang();
    const pending = ladder.current(PAST_M, waitUntil);
    timer.fire();
    await pending;
    const failedAt = PAST_M + DEADLINE_MS;
    expect(ladder.ready(failedAt, waitUntil)?.source).toBe("last_good");
    expect(ladder.ready(failedAt + BACKOFF_MS - 1, waitUntil)?.source).toBe("last_good");
    expect(reader.reads).toHaveLength(2);
    expect(ladder.ready(failedAt + BACKOFF_MS, waitUntil)).toBeUndefined();
  });

  test("afterwards one request tries again, and the others do not queue behind it", async () => {
    const { reader, timer, ladder } = await holding();
    reader.fail();
    await ladder.current(PAST_M, waitUntil);
    reader.hang();
    const trying = ladder.current(PAST_M + BACKOFF_MS, waitUntil);
    expect(ladder.ready(PAST_M + BACKOFF_MS + 1, waitUntil)?.source).toBe("last_good");
    expect(reader.reads).toHaveLength(3);
    timer.fire();
    await trying;
  });

  test("an attempt that dies does not keep later requests from KV", async () => {
    const { reader, ladder } = await holding();
    reader.fail();
    await ladder.current(PAST_M, waitUntil);
    reader.hang();
    // Its timer never goes off: the request was cancelled.
    void ladder.current(PAST_M + BACKOFF_MS, waitUntil);
    reader.answer(await ring.publish({ rev: 11 }));
    const next = valueOf(await ladder.current(PAST_M + BACKOFF_MS + DEADLINE_MS, waitUntil));
    expect(next).toMatchObject({ source: "memory", keySet: { document: { rev: 11 } } });
  });

  test("long after a failure, two requests at once both ask KV: neither uses a copy older than M", async () => {
    const { reader, ladder } = await holding();
    reader.fail();
    await ladder.current(PAST_M, waitUntil);
    reader.answer(await ring.publish({ rev: 11 }));
    const hourLater = PAST_M + 3_600_000;
    const both = await Promise.all([ladder.current(hourLater, waitUntil), ladder.current(hourLater, waitUntil)]);
    expect(both.map((held) => valueOf(held).keySet.document.rev)).toEqual([11, 11]);
  });

  test("without any document, requests are answered at once with the time left, in whole seconds", async () => {
    const reader = createScriptedReader(null);
    reader.fail();
    const ladder = makeLadder(ring, reader);
    expect(errorOf(await ladder.current(T0, waitUntil)).retryAfterSeconds).toBe(3);
    expect(errorOf(await ladder.current(T0 + 1000, waitUntil)).retryAfterSeconds).toBe(2);
    expect(reader.reads).toHaveLength(1);
    reader.answer(await ring.publish());
    expect((await ladder.current(T0 + BACKOFF_MS, waitUntil)).ok).toBe(true);
  });

  test("without any document, those who come while one tries again are told to come back in a second", async () => {
    const reader = createScriptedReader(null);
    const timer = createManualTimer();
    const ladder = makeLadder(ring, reader, { startTimer: timer.start });
    await ladder.current(T0, waitUntil);
    reader.hang();
    const trying = ladder.current(T0 + BACKOFF_MS, waitUntil);
    expect(errorOf(await ladder.current(T0 + BACKOFF_MS + 1, waitUntil)).retryAfterSeconds).toBe(1);
    expect(reader.reads).toHaveLength(2);
    timer.fire();
    await trying;
  });

  test("is at most 5 s, and at most half of M", async () => {
    for (const [memoryTtlSeconds, longestMs] of [
      [30, 5000],
      [4, 2000],
    ] as const) {
      const timing = { kvCacheTtlSeconds: 60, memoryTtlSeconds, clockSkewSeconds: 60, maxTokenTtlSeconds: 3600 };
      const reader = createScriptedReader(await ring.publish({ timing }));
      const ladder = makeLadder(ring, reader, { random: () => 0.999_999 });
      await ladder.current(T0, waitUntil);
      reader.fail();
      await ladder.current(PAST_M, waitUntil);
      expect(ladder.ready(PAST_M + longestMs - 1, waitUntil)?.source).toBe("last_good");
      expect(ladder.ready(PAST_M + longestMs, waitUntil)).toBeUndefined();
    }
  });

  test("ends with the first read that succeeds", async () => {
    const { reader, ladder } = await holding();
    reader.fail();
    await ladder.current(PAST_M, waitUntil);
    reader.answer(await ring.publish());
    await ladder.current(PAST_M + BACKOFF_MS, waitUntil);
    expect(ladder.status(PAST_M + BACKOFF_MS).problem).toBeUndefined();
    expect(ladder.ready(PAST_M + BACKOFF_MS + MEMORY_TTL_MS, waitUntil)).toBeUndefined();
  });

  test("ends with an answer after the deadline too: past M of what it brings, KV is asked", async () => {
    const reader = createScriptedReader(null);
    const timer = createManualTimer();
    const work = collectBackgroundWork();
    const ladder = makeLadder(ring, reader, { startTimer: timer.start, readDeadlineMs: DEADLINE_MS });
    const answer = reader.hang();
    const first = ladder.current(T0, work.waitUntil);
    timer.fire();
    await first;
    const timing = { kvCacheTtlSeconds: 60, memoryTtlSeconds: 1, clockSkewSeconds: 60, maxTokenTtlSeconds: 3600 };
    answer(await ring.publish({ timing }));
    await work.settle();
    expect(ladder.ready(T0 + DEADLINE_MS + 1, waitUntil)).toBeUndefined();
  });

  test("a refused bootstrap document is not checked again for each request", async () => {
    let checks = 0;
    const [anchor] = ring.root.anchors;
    const counting = {
      ...given(anchor),
      get signatureBytes() {
        checks += 1;
        return 64;
      },
    };
    const watched = { ...ring, root: { ...ring.root, anchors: [counting] } };
    const ladder = makeLadder(watched, createScriptedReader(null), {
      bootstrap: await ring.publish({ rev: 1 }),
      minRev: 2,
    });
    for (let ms = 0; ms < 100; ms += 10) await ladder.current(T0 + ms, waitUntil);
    expect(checks).toBe(1);
  });
});
