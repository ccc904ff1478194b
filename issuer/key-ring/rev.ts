/**
 * How `rev` is chosen. Pure; chance is passed in.
 *
 * A rev is microseconds of the clock: the second of composing, and a random part below it. Two rotators that compose in the
 * same second therefore do not choose the same rev for different documents, of which an edge would keep whichever it saw
 * first. Nothing has to remember the last rev: if KV loses it, the clock gives a higher one, given a lead that exceeds what
 * the clocks of two rotators may differ by; and such a document is followed by a second one ("settle"), because an edge may
 * hold the rev of another such document.
 */
import type { EpochSeconds } from "../../shared/identifiers.ts";
import type { KeySetDocument } from "../../shared/key-set.ts";

const REVS_PER_SECOND = 1_000_000;

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

/** How long after a document with a lead the clock exceeds every rev that was chosen with a lead before it. */
export function settleAfterSeconds(clockSkewSeconds: number): number {
  return 2 * revLeadSeconds(clockSkewSeconds);
}

/**
 * The next rev.
 * @param previous the rev that has to be exceeded, if one is known
 * @param leadSeconds 0, or {@link revLeadSeconds}
 * @param random at least 0, less than 1
 */
export function chooseRev(
  previous: number | undefined,
  leadSeconds: number,
  now: EpochSeconds,
  random: number,
): number {
  const byClock = (Math.floor(now) + leadSeconds) * REVS_PER_SECOND;
  return Math.max(byClock, (previous ?? 0) + 1) + Math.floor(random * REVS_PER_SECOND);
}
