/**
 * How long edges have had a document of the ring without a break, and until when they have one at least: what the rotator notes
 * on the root key, and what a signer goes by that could sign with another ring. A Region that was down for longer than its
 * document lives comes back with keys that KMS lets sign at once, and with a document that has expired at every edge. Pure.
 */
import { parseEpochSeconds } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import type { KeySetDocument } from "../../shared/key-set.ts";
import type { RingPolicy } from "./policy.ts";

export interface DocumentLife {
  /** `iat` of the first document since which none has run out before its successor was everywhere. */
  readonly since: EpochSeconds;
  /** `exp` of the last one that the store was seen to hold. */
  readonly until: EpochSeconds;
}

/**
 * The life with one more document.
 * @param life what is noted so far
 * @param leadSeconds S + K + 1: until then an edge may go by the document before, which must not have run out
 */
export function lifeWith(
  { issuedAt, expiresAt }: Pick<KeySetDocument, "issuedAt" | "expiresAt">,
  life: DocumentLife | undefined,
  leadSeconds: number,
): DocumentLife {
  const isUnbroken = life !== undefined && life.since <= issuedAt && issuedAt + leadSeconds <= life.until;
  return { since: isUnbroken ? life.since : issuedAt, until: expiresAt };
}

/** How far ahead the end of a document has to be, and how old its life, before a ring may sign that need not. */
export interface LifeMargins {
  /** S + K + 1. */
  readonly leadSeconds: number;
  /** How long a token that is signed now may need the document. */
  readonly leastSeconds: number;
}

/**
 * A token needs the document until it has expired, by any clock: L + K. Right before its renewal a document has D/2 - R left, and
 * signers see the renewal up to A later; a policy with which that is less asks for no more, since the ring would never sign. With
 * D of at least 2(L + 2K + R + A) it is not, and signers whose clock is ahead of the rotator's by K never find the ring waiting
 * for its renewal: the defaults have ten times as much.
 */
export function leastDocumentSeconds(policy: RingPolicy): number {
  const { maxTokenTtlSeconds, clockSkewSeconds, signerLagSeconds } = policy.timing;
  const { documentLifetimeSeconds, reconcileEverySeconds } = policy;
  const beforeRenewal = Math.floor(documentLifetimeSeconds / 2) - reconcileEverySeconds - signerLagSeconds;
  return Math.max(clockSkewSeconds, Math.min(maxTokenTtlSeconds + clockSkewSeconds, beforeRenewal));
}

/** Every edge has a document of the ring, and will for as long as a token that is signed now. */
export function isLive(life: DocumentLife | undefined, margins: LifeMargins, now: EpochSeconds): boolean {
  if (life === undefined) return false;
  return now >= life.since + margins.leadSeconds && now + margins.leastSeconds < life.until;
}

/** As a tag's value: "1800000000 to 1800086400". */
export function serialiseDocumentLife({ since, until }: DocumentLife): string {
  return `${Math.floor(since)} to ${Math.floor(until)}`;
}

/** @returns undefined for a text that is no such note; then the life counts from the next document on */
export function parseDocumentLife(text: string | undefined): DocumentLife | undefined {
  const [, from, to] = /^(\d{1,13}) to (\d{1,13})$/.exec(text ?? "") ?? [];
  const [since, until] = [parseEpochSeconds(Number(from)), parseEpochSeconds(Number(to))];
  return since === undefined || until === undefined ? undefined : { since, until };
}
