/** A policy that changes durations: the larger of old and new counts until the old has run out. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseTimingNote, serialiseTimingNote, timingInForce } from "../../../issuer/key-ring/timing-in-force.ts";
import type { TimingNote } from "../../../issuer/key-ring/timing-in-force.ts";
import { DEFAULT_TIMING } from "../../../shared/timing.ts";
import type { RingTiming } from "../../../shared/timing.ts";
import { after, START } from "../../support/observed-ring.ts";
import { given } from "../../support/values.ts";

const LONG: RingTiming = DEFAULT_TIMING;
const SHORT: RingTiming = { ...DEFAULT_TIMING, maxTokenTtlSeconds: 600, kvCacheTtlSeconds: 30 };
/** A + L + 2K of the long timing. */
const HOLD = 360 + 3600 + 120;
/** S + K of the long timing. */
const LEAD = 180 + 60 + 30 + 60;

const noteOf = (wanted: RingTiming): TimingNote => ({ largest: LONG, wanted, since: START });

describe("raising a duration", () => {
  test("takes effect at once", () => {
    const timing = timingInForce(LONG, { timing: SHORT, issuedAt: START }, undefined, START);
    expect(timing.toPublish).toMatchObject({ maxTokenTtlSeconds: 3600, kvCacheTtlSeconds: 60 });
    expect(timing.note).toBeUndefined();
  });
});

describe("lowering a duration", () => {
  test("is noted first, while the document keeps the larger values", () => {
    const timing = timingInForce(SHORT, { timing: LONG, issuedAt: START }, undefined, START);
    expect(timing.note).toMatchObject({ largest: { maxTokenTtlSeconds: 3600 }, wanted: { maxTokenTtlSeconds: 600 } });
    expect(timing.toPublish).toMatchObject({ maxTokenTtlSeconds: 3600, kvCacheTtlSeconds: 60 });
  });

  test("waits until tokens of the larger lifetime have run out", () => {
    const published = { timing: LONG, issuedAt: START };
    const early = timingInForce(SHORT, published, noteOf(SHORT), after(HOLD - 1));
    expect(early.toPublish.maxTokenTtlSeconds).toBe(3600);
    expect(early.lowerNotBefore).toBe(after(HOLD));
    const inTime = timingInForce(SHORT, published, noteOf(SHORT), after(HOLD));
    expect(inTime.toPublish.maxTokenTtlSeconds).toBe(600);
    expect(inTime.largest.maxTokenTtlSeconds).toBe(3600);
  });

  test("lets every inequality use the larger values until no edge holds the document before", () => {
    const published = { timing: SHORT, issuedAt: after(5000) };
    const early = timingInForce(SHORT, published, noteOf(SHORT), after(5000 + LEAD - 1));
    expect(early.largest).toMatchObject({ maxTokenTtlSeconds: 3600, kvCacheTtlSeconds: 60 });
    expect(early.forgetNotBefore).toBe(after(5000 + LEAD));
    const inTime = timingInForce(SHORT, published, noteOf(SHORT), after(5000 + LEAD));
    expect(inTime.note).toMatchObject({ largest: { maxTokenTtlSeconds: 600 }, wanted: { maxTokenTtlSeconds: 600 } });
  });

  test("never forgets the larger values before a document with the lower ones is published", () => {
    for (const published of [undefined, { timing: LONG, issuedAt: START }]) {
      const timing = timingInForce(SHORT, published, noteOf(SHORT), after(100 * HOLD));
      expect(timing).toMatchObject({ note: undefined, forgetNotBefore: undefined });
      expect(timing.toPublish.maxTokenTtlSeconds).toBe(600);
      expect(timing.largest.maxTokenTtlSeconds).toBe(3600);
    }
  });

  test("begins to wait again when the policy changes once more", () => {
    const other = { ...SHORT, maxTokenTtlSeconds: 900 };
    const timing = timingInForce(other, { timing: LONG, issuedAt: START }, noteOf(SHORT), after(HOLD));
    expect(timing.note?.since).toBe(after(HOLD));
    expect(timing.toPublish.maxTokenTtlSeconds).toBe(3600);
  });

  test("does not skip its wait because of an earlier lowering that was taken back", () => {
    const back = timingInForce(LONG, { timing: LONG, issuedAt: START }, noteOf(SHORT), after(HOLD));
    const again = timingInForce(SHORT, { timing: LONG, issuedAt: START }, given(back.note), after(HOLD + 1));
    expect(again.toPublish.maxTokenTtlSeconds).toBe(3600);
    expect(again.note?.since).toBe(after(HOLD + 1));
  });

  test("does not skip its wait because of an earlier lowering that is long over", () => {
    const forgotten: TimingNote = { largest: LONG, wanted: LONG, since: START };
    const timing = timingInForce(SHORT, { timing: LONG, issuedAt: START }, forgotten, after(100 * HOLD));
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
});

describe("the note", () => {
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
