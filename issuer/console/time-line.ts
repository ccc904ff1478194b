/** The ring on a time line: for each generation the spans of its life, past and planned. Pure; times are epoch seconds. */
import type { Generation, RingState, Upcoming } from "../key-ring/index.ts";

export type SpanKind = "created" | "published" | "safe" | "signs" | "retiring" | "gone";

/** What each kind means, for the legend and for screen readers. */
export const SPAN_WORDS: Readonly<Record<SpanKind, string>> = {
  created: "created, not published",
  published: "published, not safe to sign yet",
  safe: "safe to sign",
  signs: "signs",
  retiring: "retiring: verifies only",
  gone: "gone: retired or revoked",
};

export interface Span {
  readonly kind: SpanKind;
  readonly from: number;
  readonly until: number;
}

export interface Bar {
  readonly generation: number;
  readonly spans: readonly Span[];
}

export interface TimeLine {
  readonly from: number;
  readonly until: number;
  readonly now: number;
  readonly bars: readonly Bar[];
}

/** A key that is gone is shown as far back as the keys in use go. */
export function timeLineOf({ generations, observed, now }: RingState, upcoming: readonly Upcoming[]): TimeLine {
  const inUse = generations.filter(({ phase }) => phase !== "retired" && phase !== "revoked");
  const from = Math.min(now - 60, ...inUse.map(({ createdAt }) => createdAt));
  // A rotation takes an hour, and the next one may be a month ahead: a young ring's keys stay wide enough to be seen.
  const near = latestOf(
    now + 60,
    inUse.flatMap(({ ripeAt, dropAt }) => [ripeAt, dropAt]),
  );
  const planned = latestOf(
    near,
    upcoming.map(({ notBefore }) => notBefore),
  );
  const last = Math.max(near, Math.min(planned, now + MOST_FUTURE * (now - from)));
  const until = Math.ceil(last + (last - from) / 20);
  const life: Life = {
    now,
    until,
    movedAt: observed.active?.updatedAt,
    isListingKnown: observed.document.kind === "read" || observed.document.kind === "missing",
    takeover: upcoming.find(({ what }) => what === "activate")?.notBefore,
  };
  const bars = generations.map((generation) => ({
    generation: generation.number,
    spans: spansOf(generation, life)
      .map((span) => ({ ...span, from: Math.max(from, span.from), until: Math.min(until, span.until) }))
      .filter((span) => span.from < span.until),
  }));
  return { from, until, now, bars };
}

/** Of what lies ahead, in times of what lies behind, which then has a twentieth of the line at least. */
const MOST_FUTURE = 19;

function latestOf(least: number, dates: readonly (number | undefined)[]): number {
  return Math.max(least, ...dates.filter((date) => date !== undefined));
}

interface Life {
  readonly now: number;
  readonly until: number;
  /** When `active` was last moved. */
  readonly movedAt: number | undefined;
  /** When the next generation will sign. */
  readonly takeover: number | undefined;
  /** While KV cannot be read, or holds something else, a key that is not seen in a key set may be published all the same. */
  readonly isListingKnown: boolean;
}

function spansOf(generation: Generation, { now, until, movedAt, takeover, isListingKnown }: Life): readonly Span[] {
  const { phase, createdAt, entry, ripeAt, dropAt, revokedAt } = generation;
  const publishedAt = entry?.publishedAt ?? now;
  const created: Span = { kind: "created", from: createdAt, until: publishedAt };
  switch (phase) {
    case "pending": {
      const signsFrom = Math.max(takeover ?? until, now);
      if (entry === undefined) return isListingKnown ? [{ ...created, until: signsFrom }] : [];
      const safeFrom = Math.min(ripeAt ?? signsFrom, signsFrom);
      return [
        created,
        { kind: "published", from: publishedAt, until: safeFrom },
        { kind: "safe", from: safeFrom, until: signsFrom },
        { kind: "signs", from: signsFrom, until },
      ];
    }
    case "active": {
      const last = Math.max(takeover ?? until, now);
      // What KMS says of it holds without a key set.
      if (entry === undefined) return [{ kind: "signs", from: movedAt ?? now, until: last }];
      const from = Math.max(movedAt ?? now, publishedAt);
      const safeFrom = Math.min(ripeAt ?? from, from);
      return [
        created,
        { kind: "published", from: publishedAt, until: safeFrom },
        { kind: "safe", from: safeFrom, until: from },
        { kind: "signs", from, until: last },
      ];
    }
    case "retiring": {
      // KMS keeps the last move of `active` only, so the beginning of this span is when the key could sign at the earliest.
      const superseded = movedAt ?? now;
      const retiring: Span = { kind: "retiring", from: superseded, until: Math.max(dropAt ?? now, now) };
      if (entry === undefined) return [retiring];
      return [created, { kind: "signs", from: publishedAt, until: superseded }, retiring];
    }
    case "retired":
    case "revoked":
      return [{ kind: "gone", from: revokedAt ?? createdAt, until: now }];
  }
}
