/** `rev` only grows, whatever the clocks of the rotators say. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  chooseRev,
  isRevAhead,
  isSettled,
  revLeadSeconds,
  settleAfterSeconds,
} from "../../../../issuer/key-ring/rev.ts";
import type { EpochSeconds } from "../../../../shared/identifiers.ts";
import { isRev } from "../../../../shared/key-set.ts";
import { seconds } from "../../../support/key-sets.ts";

const NOW = seconds(1_800_000_000);
const clock = fc.integer({ min: 1_700_000_000, max: 4_000_000_000 }).map(seconds);
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const skew = fc.integer({ min: 0, max: 600 });

function choose(previous: number | undefined, leadSeconds: number, now: EpochSeconds, random: number): number {
  return chooseRev({ previous, leadSeconds, settles: false }, now, random);
}

describe("rev", () => {
  test("exceeds the one before, whatever the clock says", () => {
    fc.assert(
      fc.property(clock, clock, chance, chance, (one, other, r1, r2) => {
        const previous = choose(undefined, 0, one, r1);
        const next = choose(previous, 0, other, r2);
        expect(next).toBeGreaterThan(previous);
        expect(isRev(next)).toBe(true);
      }),
    );
  });

  test("differs between two rotators that compose in the same second", () => {
    expect(choose(undefined, 0, NOW, 0.25)).not.toBe(choose(undefined, 0, NOW, 0.75));
    const ahead = 1_900_000_000_000_000;
    expect(choose(ahead, 0, NOW, 0.25)).not.toBe(choose(ahead, 0, NOW, 0.75));
  });

  test("without knowing the last one, exceeds what a clock that is ahead by all the skew has made before", () => {
    fc.assert(
      fc.property(clock, skew, chance, chance, (now, k, r1, r2) => {
        const byFastClock = choose(undefined, 0, seconds(now + k), r1);
        const recovered = choose(undefined, revLeadSeconds(k), seconds(now - k), r2);
        expect(recovered).toBeGreaterThan(byFastClock);
      }),
    );
  });

  test("with a lead is recognised, and settles: the clock then exceeds every such rev made before", () => {
    fc.assert(
      fc.property(clock, skew, chance, chance, (now, k, r1, r2) => {
        const lead = revLeadSeconds(k);
        const earlier = choose(undefined, lead, seconds(now + k), r1);
        const recovered = { rev: choose(undefined, lead, seconds(now - k), r2), issuedAt: seconds(now - k) };
        expect(isRevAhead(recovered)).toBe(true);
        const settledAt = seconds(recovered.issuedAt + settleAfterSeconds(k));
        const settled = { rev: choose(recovered.rev, 0, settledAt, r1), issuedAt: settledAt };
        expect(settled.rev).toBeGreaterThan(earlier);
        expect(isRevAhead(settled)).toBe(false);
      }),
    );
  });

  test("says whether the document settles what was published before", () => {
    fc.assert(
      fc.property(clock, chance, fc.boolean(), (now, random, settles) => {
        const rev = chooseRev({ previous: undefined, leadSeconds: 0, settles }, now, random);
        expect(isSettled({ rev, issuedAt: now })).toBe(settles);
        expect(rev).toBeGreaterThanOrEqual(now * 1_000_000);
      }),
    );
    const ahead = chooseRev({ previous: undefined, leadSeconds: revLeadSeconds(0), settles: true }, NOW, 0);
    expect(isSettled({ rev: ahead, issuedAt: NOW })).toBe(false);
  });

  test("is not taken for one with a lead after a burst of documents, one each second", () => {
    let rev = choose(undefined, 0, NOW, 0.99);
    for (let second = 1; second < 30; second += 1) rev = choose(rev, 0, seconds(NOW + second), 0.99);
    expect(isRevAhead({ rev, issuedAt: seconds(NOW + 29) })).toBe(false);
  });
});
