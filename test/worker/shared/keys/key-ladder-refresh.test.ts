/** When the ladder asks KV: in the background, side by side, for unknown kids, and after the clock went back. */
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
import { given, valueOf } from "../../../support/values.ts";

const { waitUntil } = collectBackgroundWork();
const PAST_M = T0 + MEMORY_TTL_MS;
const HALF_M = T0 + MEMORY_TTL_MS / 2;

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

describe("background refresh", () => {
  test("begins between half and three quarters of M, by chance", async () => {
    for (const [random, startsAfterMs] of [
      [0, 15_000],
      [0.5, 18_750],
      [0.999_999, 22_500],
    ] as const) {
      const { reader, ladder } = await holding({ random: () => random });
      ladder.ready(T0 + startsAfterMs - 1, waitUntil);
      expect(reader.reads).toHaveLength(1);
      ladder.ready(T0 + startsAfterMs, waitUntil);
      expect(reader.reads).toHaveLength(2);
    }
  });

  test("a thousand isolates started at once do not refresh at once", async () => {
    const text = await ring.publish();
    const reader = createScriptedReader(text);
    const ladders = Array.from({ length: 1000 }, (_, index) =>
      makeLadder(ring, reader, { random: () => index / 1000 }),
    );
    await Promise.all(ladders.map((ladder) => ladder.current(T0, waitUntil)));
    const perSecond: number[] = [];
    for (let second = 15; second <= 23; second += 1) {
      const before = reader.reads.length;
      const work = collectBackgroundWork();
      for (const ladder of ladders) ladder.ready(T0 + second * 1000, work.waitUntil);
      await work.settle();
      perSecond.push(reader.reads.length - before);
    }
    expect(perSecond.reduce((sum, reads) => sum + reads)).toBe(1000);
    expect(Math.max(...perSecond)).toBeLessThan(150);
  });

  test("its age counts from the start of the read, not from its end", async () => {
    const { reader, ladder } = await holding();
    const work = collectBackgroundWork();
    const answer = reader.hang();
    ladder.ready(HALF_M, work.waitUntil);
    answer(await ring.publish());
    await work.settle();
    expect(ladder.ready(HALF_M + 1500, waitUntil)?.ageSeconds).toBe(1.5);
  });

  test("one that hangs does not delay requests, and is given up at the deadline", async () => {
    const { reader, timer, ladder } = await holding();
    reader.hang();
    const work = collectBackgroundWork();
    expect(ladder.ready(HALF_M, work.waitUntil)?.source).toBe("memory");
    timer.fire();
    expect(ladder.ready(HALF_M + DEADLINE_MS, waitUntil)?.source).toBe("memory");
    await Promise.race(work.promises);
    expect(ladder.status(HALF_M + DEADLINE_MS).problem).toBe("key_set_read_timeout");
  });

  test("one whose deadline passes while the isolate is frozen has the next request past M ask KV itself", async () => {
    const { reader, timer, ladder } = await holding();
    reader.hang();
    const work = collectBackgroundWork();
    const lastMs = PAST_M - 1;
    ladder.ready(lastMs, work.waitUntil);
    timer.fire();
    await Promise.race(work.promises);
    expect(ladder.ready(lastMs, waitUntil)?.source).toBe("memory");
    reader.answer(await ring.publish({ rev: 11 }));
    const held = valueOf(await ladder.current(lastMs + DEADLINE_MS, waitUntil));
    expect(held).toMatchObject({ source: "memory", keySet: { document: { rev: 11 } } });
  });

  test("one that dies with its request leaves nothing behind: the next is started after the deadline", async () => {
    const { reader, ladder } = await holding();
    reader.hang();
    // Neither the read nor its timer is ever heard of again.
    ladder.ready(HALF_M, waitUntil);
    ladder.ready(HALF_M + DEADLINE_MS - 1, waitUntil);
    expect(reader.reads).toHaveLength(2);
    reader.answer(await ring.publish({ rev: 11 }));
    const work = collectBackgroundWork();
    ladder.ready(HALF_M + DEADLINE_MS, work.waitUntil);
    expect(reader.reads).toHaveLength(3);
    await work.settle();
    expect(ladder.ready(HALF_M + DEADLINE_MS + 1, waitUntil)?.keySet.document.rev).toBe(11);
  });

  test("only a read under way holds the next one back, not one that has ended, however long the deadline", async () => {
    const { reader, ladder } = await holding({ readDeadlineMs: 60_000 });
    ladder.ready(HALF_M, waitUntil);
    expect(reader.reads).toHaveLength(2);
  });

  test("one that fails is tried again after the backoff, not for each request", async () => {
    const { reader, ladder } = await holding();
    reader.fail();
    const work = collectBackgroundWork();
    ladder.ready(HALF_M, work.waitUntil);
    await work.settle();
    for (let ms = 1; ms < BACKOFF_MS; ms += 100) ladder.ready(HALF_M + ms, work.waitUntil);
    expect(reader.reads).toHaveLength(2);
    ladder.ready(HALF_M + BACKOFF_MS, work.waitUntil);
    expect(reader.reads).toHaveLength(3);
  });
});

describe("requests side by side", () => {
  test("a request whose read never ends holds up no other: each has its own read and its own timer", async () => {
    const reader = createScriptedReader(null);
    const timer = createManualTimer();
    const ladder = makeLadder(ring, reader, { startTimer: timer.start });
    reader.hang();
    let firstEnded = false;
    const first = ladder.current(T0, waitUntil).then(() => (firstEnded = true));
    reader.answer(await ring.publish());
    expect(valueOf(await ladder.current(T0 + 1, waitUntil)).source).toBe("memory");
    expect(firstEnded).toBe(false);
    expect(reader.reads).toHaveLength(2);
    timer.fire();
    await first;
  });

  test("what one request has read, the next one uses, as a settled value", async () => {
    const { reader, ladder } = await holding();
    expect(ladder.ready(T0 + 1, waitUntil)?.source).toBe("memory");
    expect(reader.reads).toHaveLength(1);
  });

  test("a late answer from before does not hide that KV has failed since", async () => {
    const { reader, timer, ladder } = await holding();
    const work = collectBackgroundWork();
    const answer = reader.hang();
    const first = ladder.current(PAST_M, work.waitUntil);
    reader.fail();
    await ladder.current(PAST_M + 100, work.waitUntil);
    answer(await ring.publish());
    await first;
    expect(ladder.status(PAST_M + 100).problem).toBe("key_set_read_failed");
    expect(timer.running).toEqual([]);
  });
});

describe("unknown kid", () => {
  test("a new key is picked up at once, with the shortest cacheTtl", async () => {
    const { reader, ladder } = await holding();
    const { keySet } = given(ladder.ready(T0 + 1000, waitUntil));
    reader.answer(await ring.publish({ rev: 11 }, [ring.key, ring.newKey]));
    await ladder.refreshForUnknownKid(keySet, T0 + 1000, waitUntil);
    const newer = given(ladder.ready(T0 + 1000, waitUntil));
    expect(newer.keySet.find(ring.newKey.kid)).toMatchObject({ kid: ring.newKey.kid });
    expect(reader.reads).toEqual([30, 30]);
  });

  test("a thousand of them cost one read per 30 s", async () => {
    const { reader, ladder } = await holding();
    const { keySet } = given(ladder.ready(T0 + 1, waitUntil));
    for (let index = 0; index < 1000; index += 1) {
      expect(await ladder.refreshForUnknownKid(keySet, T0 + index, waitUntil)).toBeUndefined();
    }
    expect(reader.reads).toHaveLength(2);
    await ladder.refreshForUnknownKid(keySet, T0 + 29_999, waitUntil);
    expect(reader.reads).toHaveLength(2);
    await ladder.refreshForUnknownKid(keySet, T0 + 30_000, waitUntil);
    expect(reader.reads).toHaveLength(3);
  });

  test("one whose read hangs delays nobody with a known kid, and evicts nothing", async () => {
    const { reader, timer, ladder } = await holding();
    const { keySet } = given(ladder.ready(T0 + 1, waitUntil));
    reader.hang();
    const unknown = ladder.refreshForUnknownKid(keySet, T0 + 2, waitUntil);
    expect(ladder.ready(T0 + 3, waitUntil)?.keySet).toBe(keySet);
    timer.fire();
    expect(await unknown).toBeUndefined();
    expect(ladder.ready(T0 + 4, waitUntil)?.keySet).toBe(keySet);
  });

  test("while cooling down, a new key arrives with the next refresh", async () => {
    const { reader, ladder } = await holding();
    const { keySet } = given(ladder.ready(T0 + 1, waitUntil));
    await ladder.refreshForUnknownKid(keySet, T0 + 1, waitUntil);
    reader.answer(await ring.publish({ rev: 11 }, [ring.key, ring.newKey]));
    expect(await ladder.refreshForUnknownKid(keySet, T0 + 2, waitUntil)).toBeUndefined();
    const work = collectBackgroundWork();
    ladder.ready(HALF_M + 1, work.waitUntil);
    await work.settle();
    expect(ladder.ready(HALF_M + 2, waitUntil)?.keySet.keys.has(ring.newKey.kid)).toBe(true);
  });

  test("needs no read when another request has brought a newer key set meanwhile", async () => {
    const { reader, ladder } = await holding();
    const { keySet } = given(ladder.ready(T0 + 1, waitUntil));
    reader.answer(await ring.publish({ rev: 11 }, [ring.key, ring.newKey]));
    await ladder.current(PAST_M, waitUntil);
    await ladder.refreshForUnknownKid(keySet, PAST_M, waitUntil);
    const newer = given(ladder.ready(PAST_M, waitUntil));
    expect(newer.keySet.document.rev).toBe(11);
    expect(reader.reads).toHaveLength(2);
  });
});

describe("a clock that goes back", () => {
  test("by hours: the age of the copy is unknown, so KV is asked, and no pause lasts until the old time comes again", async () => {
    const { reader, ladder } = await holding();
    const { keySet } = given(ladder.ready(T0 + 1, waitUntil));
    await ladder.refreshForUnknownKid(keySet, T0 + 1, waitUntil);
    reader.fail();
    await ladder.current(PAST_M, waitUntil);
    reader.answer(await ring.publish());
    const back = T0 - 60_000;
    expect(ladder.ready(back, waitUntil)).toBeUndefined();
    expect(valueOf(await ladder.current(back, waitUntil)).source).toBe("memory");
    const before = reader.reads.length;
    await ladder.refreshForUnknownKid(keySet, back + 1, waitUntil);
    expect(reader.reads).toHaveLength(before + 1);
    ladder.ready(back + 1 + MEMORY_TTL_MS / 2, waitUntil);
    expect(reader.reads).toHaveLength(before + 2);
  });

  test("by less than a request may have waited: nothing is forgotten", async () => {
    const { reader, ladder } = await holding();
    ladder.ready(T0 + 10_000, waitUntil);
    expect(ladder.ready(T0 + 10_000 - DEADLINE_MS - 5000, waitUntil)?.source).toBe("memory");
    expect(reader.reads).toHaveLength(1);
  });
});
