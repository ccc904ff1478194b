/** A policy that changes durations: the larger of old and new counts until the old has run out. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  parseTimingNote,
  serialiseTimingNote,
  timingInForce,
} from "../../../../../issuer/key-ring/plan/timing-in-force.ts";
import type { TimingNote } from "../../../../../issuer/key-ring/plan/timing-in-force.ts";
import { DEFAULT_TIMING } from "../../../../../shared/timing.ts";
import type { RingTiming } from "../../../../../shared/timing.ts";
import { after, START } from "../../../../support/observed-ring.ts";
import { given } from "../../../../support/values.ts";

const LONG: RingTiming = DEFAULT_TIMING;
const SHORT: RingTiming = { ...DEFAULT_TIMING, maxTokenTtlSeconds: 600, kvCacheTtlSeconds: 30 };
const SETTLED = { timing: LONG, issuedAt: START, isSettled: true };
/** A + L + 2K of the long timing. */
const HOLD = 360 + 3600 + 120;
/** S + K + 1 of the long timing. */
const LEAD = 180 + 60 + 30 + 60 + 1;

const noteOf = (wanted: RingTiming): TimingNote => ({ largest: LONG, wanted, since: START });

describe("raising a duration", () => {
  const low: TimingNote = { largest: SHORT, wanted: SHORT, since: START };

  test("takes effect at once for every inequality, and in the document as soon as it is noted", () => {
    const published = { ...SETTLED, timing: SHORT };
    for (const note of [undefined, low]) {
      const timing = timingInForce(LONG, published, note, after(10));
      expect(timing.largest).toEqual(LONG);
      expect(timing.note).toEqual({ largest: LONG, wanted: LONG, since: after(10) });
      expect(timing.toPublish).toMatchObject({ maxTokenTtlSeconds: 600, kvCacheTtlSeconds: 30 });
    }
    const noted = timingInForce(LONG, published, { largest: LONG, wanted: LONG, since: after(10) }, after(10));
    expect(noted.toPublish).toMatchObject({ maxTokenTtlSeconds: 3600, kvCacheTtlSeconds: 60 });
    expect(noted.note).toBeUndefined();
  });
});

describe("the note", () => {
  test("is there before anything changes, so that it outlives the document", () => {
    expect(timingInForce(LONG, undefined, undefined, START)).toMatchObject({
      toPublish: { maxTokenTtlSeconds: 3600 },
      note: { largest: LONG, wanted: LONG, since: START },
    });
    expect(timingInForce(LONG, SETTLED, { largest: LONG, wanted: LONG, since: START }, after(10)).note).toBeUndefined();
  });

  test("keeps a rotator that has neither document nor memory from publishing a lower lifetime at once", () => {
    const untouched: TimingNote = { largest: LONG, wanted: LONG, since: after(-1_000_000) };
    const timing = timingInForce(SHORT, undefined, untouched, after(10));
    expect(timing.toPublish).toMatchObject({ maxTokenTtlSeconds: 3600, kvCacheTtlSeconds: 60 });
    expect(timing.largest).toEqual(LONG);
  });

  test("keeps its higher values when a document with lower ones is found, whoever has published that", () => {
    const early = { timing: SHORT, issuedAt: after(5), isSettled: true };
    for (const note of [noteOf(LONG), noteOf(SHORT)]) {
      const timing = timingInForce(SHORT, early, note, after(10));
      expect(timing.largest).toEqual(LONG);
      expect(timing.toPublish).toMatchObject({ maxTokenTtlSeconds: 3600, kvCacheTtlSeconds: 60 });
    }
  });
});

describe("lowering W or A, which no document carries", () => {
  const LESS: RingTiming = { ...LONG, kvPropagationSeconds: 150, signerLagSeconds: 310 };

  test("waits like lowering the others: a signer may obey the old A, and its tokens live for L", () => {
    const first = timingInForce(LESS, SETTLED, { largest: LONG, wanted: LONG, since: START }, START);
    expect(first).toMatchObject({ largest: LONG, note: { largest: LONG, wanted: LESS, since: START } });
    const early = timingInForce(LESS, SETTLED, noteOf(LESS), after(HOLD - 1));
    expect(early).toMatchObject({ largest: LONG, note: undefined, lowerNotBefore: after(HOLD) });
    const inTime = timingInForce(LESS, SETTLED, noteOf(LESS), after(HOLD));
    expect(inTime.note).toEqual({ largest: LESS, wanted: LESS, since: after(HOLD) });
  });
});

describe("lowering a duration", () => {
  test("is noted first, while the document keeps the larger values", () => {
    const timing = timingInForce(SHORT, SETTLED, undefined, START);
    expect(timing.note).toMatchObject({ largest: { maxTokenTtlSeconds: 3600 }, wanted: { maxTokenTtlSeconds: 600 } });
    expect(timing.toPublish).toMatchObject({ maxTokenTtlSeconds: 3600, kvCacheTtlSeconds: 60 });
  });

  test("waits until tokens of the larger lifetime have run out", () => {
    const published = SETTLED;
    const early = timingInForce(SHORT, published, noteOf(SHORT), after(HOLD - 1));
    expect(early.toPublish.maxTokenTtlSeconds).toBe(3600);
    expect(early.lowerNotBefore).toBe(after(HOLD));
    const inTime = timingInForce(SHORT, published, noteOf(SHORT), after(HOLD));
    expect(inTime.toPublish.maxTokenTtlSeconds).toBe(600);
    expect(inTime.largest.maxTokenTtlSeconds).toBe(3600);
  });

  test("lets every inequality use the larger values until no edge holds the document before", () => {
    const published = { ...SETTLED, timing: SHORT, issuedAt: after(5000) };
    const early = timingInForce(SHORT, published, noteOf(SHORT), after(5000 + LEAD - 1));
    expect(early.largest).toMatchObject({ maxTokenTtlSeconds: 3600, kvCacheTtlSeconds: 60 });
    expect(early.forgetNotBefore).toBe(after(5000 + LEAD));
    const inTime = timingInForce(SHORT, published, noteOf(SHORT), after(5000 + LEAD));
    expect(inTime.note).toMatchObject({ largest: { maxTokenTtlSeconds: 600 }, wanted: { maxTokenTtlSeconds: 600 } });
  });

  test("never forgets the larger values before a settled document with the lower ones is published", () => {
    const lower = { ...SETTLED, timing: SHORT };
    for (const published of [undefined, SETTLED, lower, { ...lower, issuedAt: after(HOLD), isSettled: false }]) {
      const timing = timingInForce(SHORT, published, noteOf(SHORT), after(100 * HOLD));
      expect(timing).toMatchObject({ note: undefined, forgetNotBefore: undefined });
      expect(timing.toPublish.maxTokenTtlSeconds).toBe(600);
      expect(timing.largest.maxTokenTtlSeconds).toBe(3600);
    }
  });

  test("begins to wait again when the policy changes once more", () => {
    const other = { ...SHORT, maxTokenTtlSeconds: 900 };
    const timing = timingInForce(other, SETTLED, noteOf(SHORT), after(HOLD));
    expect(timing.note?.since).toBe(after(HOLD));
    expect(timing.toPublish.maxTokenTtlSeconds).toBe(3600);
  });

  test("does not skip its wait because of an earlier lowering that was taken back", () => {
    const back = timingInForce(LONG, SETTLED, noteOf(SHORT), after(HOLD));
    const again = timingInForce(SHORT, SETTLED, given(back.note), after(HOLD + 1));
    expect(again.toPublish.maxTokenTtlSeconds).toBe(3600);
    expect(again.note?.since).toBe(after(HOLD + 1));
  });

  test("does not skip its wait because of an earlier lowering that is long over", () => {
    const forgotten: TimingNote = { largest: LONG, wanted: LONG, since: START };
    const timing = timingInForce(SHORT, SETTLED, forgotten, after(100 * HOLD));
    expect(timing.toPublish.maxTokenTtlSeconds).toBe(3600);
    expect(timing.note?.since).toBe(after(100 * HOLD));
  });
});

const member = fc.integer({ min: 30, max: 100_000 });
const anyTiming = fc.record({
  kvCacheTtlSeconds: member,
  memoryTtlSeconds: member,
  clockSkewSeconds: member,
  maxTokenTtlSeconds: member,
  kvPropagationSeconds: member,
  signerLagSeconds: member,
});

describe("the text of the note", () => {
  test("of four values, as earlier versions wrote it, is read: it says nothing of W and A", () => {
    const note = parseTimingNote("60/30/60/3600 to 60/30/60/600 @1800000000");
    expect(note).toEqual({
      largest: { ...LONG, kvPropagationSeconds: 0, signerLagSeconds: 0 },
      wanted: { ...LONG, maxTokenTtlSeconds: 600, kvPropagationSeconds: 0, signerLagSeconds: 0 },
      since: START,
    });
    const policy = { ...LONG, maxTokenTtlSeconds: 600 };
    const timing = timingInForce(policy, SETTLED, note, after(10));
    expect(timing.note).toEqual({ largest: LONG, wanted: policy, since: after(10) });
  });

  test("is read back as it was written", () => {
    fc.assert(
      fc.property(anyTiming, anyTiming, (largest, wanted) => {
        const note = { largest, wanted, since: START };
        expect(parseTimingNote(serialiseTimingNote(note))).toEqual(note);
      }),
    );
  });

  test.each([undefined, "", "60/30/60 to 60/30/60 @1", "1/1/1/1 to 1/1/1/1 @1", "60/30/60/3600/1 to 60/30/60/600 @1"])(
    "that is malformed counts as absent: %s",
    (text) => {
      expect(parseTimingNote(text)).toBeUndefined();
    },
  );
});
