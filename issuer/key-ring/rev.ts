/**
 * How `rev` is chosen. Pure; chance is passed in.
 *
 * A rev is microseconds of the clock: the second of composing, and a random part below it. Two rotators that compose in the
 * same second therefore do not choose the same rev for different documents, of which an edge would keep whichever it saw
 * first. Nothing has to remember the last rev: if KV loses it, the clock gives a higher one, given a lead that exceeds what
 * the clocks of two rotators may differ by.
 *
 * Even so an edge may hold a higher rev than the document in KV has: of another rotator, whose clock is ahead or which had a
 * lead, and whose document was overwritten by one that did not see it yet. That edge refuses what is in KV. So each document
 * with a change is followed by a second one ("settle") once the clock exceeds every rev that may have been chosen before it.
 * An even rev says that this has been done.
 */
import type { EpochSeconds } from "../../shared/identifiers.ts";
import type { KeySetDocument } from "../../shared/key-set.ts";

/** A rev is a time in microseconds, or a little more. */
export const REVS_PER_SECOND = 1_000_000;

/** A chain of documents, one each second at most, keeps closer to the clock than this. */
const CHAIN_SLACK_SECONDS = 5;

/** Beyond the skew, so that a lead can be told from a chain even without skew. */
const LEAD_SLACK_SECONDS = 10;

/** How far `rev` runs ahead of the clock when the newest rev is not known: more than two clocks differ by. */
export function revLeadSeconds(clockSkewSeconds: number): number {
  return 2 * clockSkewSeconds + LEAD_SLACK_SECONDS;
}

/** True when the document's rev was chosen without knowing the newest one. */
export function isRevAhead(document: Pick<KeySetDocument, "rev" | "issuedAt">): boolean {
  return document.rev > (document.issuedAt + CHAIN_SLACK_SECONDS) * REVS_PER_SECOND;
}

/** No edge holds a higher rev than this one: it was chosen after the clock had overtaken all of them. */
export function isSettled(document: Pick<KeySetDocument, "rev" | "issuedAt">): boolean {
  return document.rev % 2 === 0 && !isRevAhead(document);
}

/** How long after a document, with a lead or without, the clock exceeds every rev that was chosen before it. */
export function settleAfterSeconds(clockSkewSeconds: number): number {
  return 2 * revLeadSeconds(clockSkewSeconds);
}

/** For how long before it, at least, KV has said the same: a document that settles repeats the one before. */
export function repeatedSeconds(document: Pick<KeySetDocument, "rev" | "issuedAt" | "timing">): number {
  return isSettled(document) ? settleAfterSeconds(document.timing.clockSkewSeconds) : 0;
}

/** What a rev is chosen by. */
export interface RevChoice {
  /** The rev that has to be exceeded, if one is known. */
  readonly previous: number | undefined;
  /** 0, or {@link revLeadSeconds}. */
  readonly leadSeconds: number;
  /** The document says nothing new, so that no second document has to follow it. */
  readonly settles: boolean;
}

/**
 * The next rev.
 * @param random at least 0, less than 1
 */
export function chooseRev({ previous, leadSeconds, settles }: RevChoice, now: EpochSeconds, random: number): number {
  const byClock = (Math.floor(now) + leadSeconds) * REVS_PER_SECOND;
  const rev = Math.max(byClock, (previous ?? 0) + 1) + Math.floor(random * REVS_PER_SECOND);
  return (rev % 2 === 0) === settles ? rev : rev + 1;
}
