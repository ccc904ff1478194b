/**
 * A thousand isolates at one time: what KV sees of them when they start, while they refresh, and when KV comes back after an
 * outage. In the same process, each with a ladder and a clock of its own; no isolate can see another.
 */
import { beforeAll, describe, expect, test } from "vitest";
import type { KeyLadder } from "../../../../shared/keys/key-ladder.ts";
import { ISSUED_AT_MS as T0, makeLadder, makeRing, MEMORY_TTL_MS } from "../../../support/edge-ring.ts";
import type { TestRing } from "../../../support/edge-ring.ts";
import { collectBackgroundWork, createManualTimer, createScriptedReader } from "../../../support/key-set-readers.ts";
import type { ScriptedReader } from "../../../support/key-set-readers.ts";

const ISOLATES = 1000;
const M_SECONDS = MEMORY_TTL_MS / 1000;

let ring: TestRing;
beforeAll(async () => {
  ring = await makeRing();
});

/** The same numbers in each run, spread like chance (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function startIsolates(reader: ScriptedReader): readonly KeyLadder[] {
  const random = createRandom(1);
  return Array.from({ length: ISOLATES }, () => makeLadder(ring, reader, { random }));
}

/** One request to each isolate in each of these seconds; what KV was asked in each. */
async function readsPerSecond(
  isolates: readonly KeyLadder[],
  reader: ScriptedReader,
  fromSecond: number,
  seconds: number,
): Promise<readonly number[]> {
  const counts: number[] = [];
  for (let second = fromSecond; second < fromSecond + seconds; second += 1) {
    const before = reader.reads.length;
    const work = collectBackgroundWork();
    const nowMs = T0 + second * 1000;
    await Promise.all(isolates.map((ladder) => ladder.current(nowMs, work.waitUntil)));
    await work.settle();
    counts.push(reader.reads.length - before);
  }
  return counts;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

describe("a thousand isolates", () => {
  test("that start at once read KV once each, refresh in different seconds from the first time on, and never again at once", async ({
    annotate,
  }) => {
    const reader = createScriptedReader(await ring.publish());
    const isolates = startIsolates(reader);
    const [first, ...later] = await readsPerSecond(isolates, reader, 0, 301);
    expect(first).toBe(ISOLATES);
    await annotate(`reads per second after the start: at most ${Math.max(...later)} of ${ISOLATES} isolates`);
    // Due between M/2 and 3M/4: spread over a quarter of M, so no second sees many more than its share of 134.
    expect(Math.max(...later)).toBeLessThan(ISOLATES / 5);
    expect(later.slice(0, M_SECONDS / 2 - 1)).toEqual(Array.from({ length: M_SECONDS / 2 - 1 }, () => 0));
    // Each isolate refreshes at least every M and at most every M/2.
    expect(sum(later) / ISOLATES).toBeGreaterThanOrEqual(300 / M_SECONDS);
    expect(sum(later) / ISOLATES).toBeLessThanOrEqual(300 / (M_SECONDS / 2));
    // After a few rounds the isolates are out of step: the busiest second is near the average.
    const settled = later.slice(-60);
    expect(Math.max(...settled)).toBeLessThan((3 * sum(settled)) / settled.length);
  });

  test("ask a KV that is down at different times, each at most once per backoff, and find it again within seconds", async () => {
    const reader = createScriptedReader(await ring.publish());
    const isolates = startIsolates(reader);
    await readsPerSecond(isolates, reader, 0, 30);
    reader.fail();
    const down = await readsPerSecond(isolates, reader, 30, 120);
    // The backoff is 2.5 to 5 s: what one request per second and isolate would be, divided by at least 2.5.
    expect(sum(down)).toBeLessThanOrEqual((ISOLATES * down.length) / 2.5);
    expect(Math.max(...down.slice(20))).toBeLessThan(ISOLATES / 2);
    expect(Math.min(...down.slice(20))).toBeGreaterThan(0);
    reader.answer(await ring.publish({ rev: 11 }));
    await readsPerSecond(isolates, reader, 150, 6);
    const revs = isolates.map((ladder) => ladder.ready(T0 + 156_000, () => {})?.keySet.document.rev);
    expect(revs.every((rev) => rev === 11)).toBe(true);
  });

  test("of which every second one hangs: the others answer, and nobody waits for a promise that is not its own", async () => {
    const text = await ring.publish();
    const [hanging, answering] = [createScriptedReader(null), createScriptedReader(text)];
    hanging.hang();
    const timer = createManualTimer();
    const isolates = Array.from({ length: ISOLATES }, (_, index) =>
      makeLadder(ring, index % 2 === 0 ? hanging : answering, { startTimer: timer.start }),
    );
    const work = collectBackgroundWork();
    const pending = isolates.map((ladder) => ladder.current(T0, work.waitUntil));
    // No timer goes off and no read of the others ends: had one of these to wait for it, this would never resolve.
    const answered = await Promise.all(pending.filter((_, index) => index % 2 === 1));
    expect(answered.every(({ ok }) => ok)).toBe(true);
    timer.fire();
    const givenUp = await Promise.all(pending.filter((_, index) => index % 2 === 0));
    expect(givenUp.every((answer) => !answer.ok && answer.error.problem === "key_set_read_timeout")).toBe(true);
  });

  test("and a thousand requests in one cold isolate: each has its own read, and one that hangs holds up none of them", async () => {
    const text = await ring.publish();
    const reader = createScriptedReader(text);
    const timer = createManualTimer();
    const ladder = makeLadder(ring, reader, { startTimer: timer.start });
    const work = collectBackgroundWork();
    reader.hang();
    const stuck = ladder.current(T0, work.waitUntil);
    reader.answer(text);
    const answers = await Promise.all(Array.from({ length: ISOLATES }, () => ladder.current(T0, work.waitUntil)));
    expect(answers.every(({ ok }) => ok)).toBe(true);
    timer.fire();
    expect((await stuck).ok).toBe(true);
    expect(reader.reads.length).toBeLessThanOrEqual(ISOLATES + 1);
  });
});
