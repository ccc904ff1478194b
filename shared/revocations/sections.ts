/**
 * The body of a revocation list: base64url of three sections of fixed-length entries, in the order `jti`, `sid`, `sub`. Each
 * section is sorted by prefix and repeats none, so that it is searched by halves as it lies there. Pure.
 */
import { decodeBase64url, encodeBase64url } from "../base64url.ts";
import type { EpochSeconds } from "../identifiers.ts";
import { isWholeNumber } from "../json.ts";
import { PREFIX_WORDS, REVOCATION_KINDS } from "./prefix.ts";
import type { RevocationKind, RevocationPrefix } from "./prefix.ts";

/** Octets of an entry: its prefix, and for a subject the cut (epoch seconds, unsigned, four octets). */
const ENTRY_OCTETS: Readonly<Record<RevocationKind, number>> = { jti: 8, sid: 16, sub: 20 };

/** Most entries of a list, of all kinds together. */
export const MAX_REVOCATIONS = 100_000;

/** Most octets of all entries: as base64url, and with the signed line before it, a value stays below 1.2 MB. */
export const MAX_BODY_OCTETS = 896_000;

/** The largest cut that four octets hold: in the year 2106. */
const MAX_CUT = 0xffff_ffff;

export type RevocationCounts = Readonly<Record<RevocationKind, number>>;

/** A body that was read. */
export interface RevocationSections {
  readonly counts: RevocationCounts;
  readonly octets: DataView;
}

/** An entry of a list that is to be composed. */
export type RevocationEntry =
  | {
      readonly kind: "jti" | "sid";
      readonly prefix: RevocationPrefix;
      /** From then on no edge can accept a token that the entry refuses. */
      readonly endsAt: EpochSeconds;
    }
  | {
      readonly kind: "sub";
      readonly prefix: RevocationPrefix;
      readonly endsAt: EpochSeconds;
      /** Tokens with an earlier `iat`, or without one, are refused. Whole seconds. */
      readonly cut: EpochSeconds;
    };

export interface ComposedBody {
  readonly body: string;
  readonly counts: RevocationCounts;
  /** Entries for which there was no room. */
  readonly leftOut: RevocationCounts;
}

/** The number of octets that the counts ask for. */
export function octetsOf(counts: RevocationCounts): number {
  return REVOCATION_KINDS.reduce((sum, kind) => sum + counts[kind] * ENTRY_OCTETS[kind], 0);
}

/**
 * Reads a body, in one pass over its octets.
 * @param counts whole numbers, as the signed line states them
 * @returns undefined unless it is canonical base64url of exactly that many entries, each section strictly ascending
 */
export function parseBody(body: string, counts: RevocationCounts): RevocationSections | undefined {
  const octets = decodeBase64url(body);
  if (octets?.length !== octetsOf(counts)) return undefined;
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const sections = { counts, octets: view };
  return REVOCATION_KINDS.every((kind) => isAscending(sections, kind)) ? sections : undefined;
}

/** @returns the entry's offset in the octets, or undefined when there is none of this prefix */
export function findEntry(
  { counts, octets }: RevocationSections,
  kind: RevocationKind,
  prefix: RevocationPrefix,
): number | undefined {
  const start = startOf(counts, kind);
  const size = ENTRY_OCTETS[kind];
  let low = 0;
  let high = counts[kind];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = start + middle * size;
    const order = compareTo(octets, at, prefix);
    if (order === 0) return at;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return undefined;
}

/** What a body says of one entry. */
export interface ListedEntry {
  readonly kind: RevocationKind;
  readonly prefix: RevocationPrefix;
  /** Of a subject, epoch seconds. */
  readonly cut: number | undefined;
}

/** All entries, for a person who wants to see them. */
export function* entriesOf(sections: RevocationSections): Generator<ListedEntry> {
  const { counts, octets } = sections;
  for (const kind of REVOCATION_KINDS) {
    for (let index = 0; index < counts[kind]; index += 1) {
      const at = startOf(counts, kind) + index * ENTRY_OCTETS[kind];
      const prefix = Uint32Array.from({ length: PREFIX_WORDS[kind] }, (_, word) => octets.getUint32(at + 4 * word));
      yield { kind, prefix, cut: kind === "sub" ? cutAt(sections, at) : undefined };
    }
  }
}

/** The cut of a subject's entry, in epoch seconds. @param at from {@link findEntry} */
export function cutAt({ octets }: RevocationSections, at: number): number {
  return octets.getUint32(at + 4 * PREFIX_WORDS.sub);
}

/**
 * Puts a body together. Of several entries with one prefix the latest end and cut count. When there is no room for all, subjects
 * go first, then sessions, then tokens, each with the latest end first: what ends soon is the least loss.
 * @throws {TypeError} for a prefix of the wrong length or a cut that is no whole number of seconds up to 2106
 */
export function composeBody(entries: Iterable<RevocationEntry>): ComposedBody {
  const merged = { jti: merge(entries, "jti"), sid: merge(entries, "sid"), sub: merge(entries, "sub") };
  const taken: Record<RevocationKind, readonly RevocationEntry[]> = { jti: [], sid: [], sub: [] };
  let entriesLeft = MAX_REVOCATIONS;
  let octetsLeft = MAX_BODY_OCTETS;
  for (const kind of REVOCATION_KINDS.toReversed()) {
    const room = Math.min(entriesLeft, Math.floor(octetsLeft / ENTRY_OCTETS[kind]));
    taken[kind] = merged[kind].toSorted((a, b) => b.endsAt - a.endsAt).slice(0, room);
    entriesLeft -= taken[kind].length;
    octetsLeft -= taken[kind].length * ENTRY_OCTETS[kind];
  }
  const counts = mapKinds((kind) => taken[kind].length);
  const leftOut = mapKinds((kind) => merged[kind].length - counts[kind]);
  return { body: encodeBase64url(write(taken, counts)), counts, leftOut };
}

function mapKinds(count: (kind: RevocationKind) => number): RevocationCounts {
  return { jti: count("jti"), sid: count("sid"), sub: count("sub") };
}

function merge(entries: Iterable<RevocationEntry>, kind: RevocationKind): readonly RevocationEntry[] {
  const merged = new Map<string, RevocationEntry>();
  for (const entry of entries) {
    if (entry.kind !== kind) continue;
    requireWritable(entry);
    const name = entry.prefix.join();
    const known = merged.get(name);
    merged.set(name, known === undefined ? entry : later(known, entry));
  }
  return [...merged.values()];
}

/** Both have one kind and one prefix. */
function later(a: RevocationEntry, b: RevocationEntry): RevocationEntry {
  const endsAt = a.endsAt > b.endsAt ? a.endsAt : b.endsAt;
  if (a.kind !== "sub" || b.kind !== "sub") return { ...a, endsAt };
  return { ...a, endsAt, cut: a.cut > b.cut ? a.cut : b.cut };
}

function requireWritable(entry: RevocationEntry): void {
  if (entry.prefix.length !== PREFIX_WORDS[entry.kind])
    throw new TypeError(`the prefix of a ${entry.kind} is too short`);
  if (entry.kind === "sub" && !(isWholeNumber(entry.cut, 0) && entry.cut <= MAX_CUT)) {
    throw new TypeError("the cut of a sub must be whole epoch seconds, before 2106");
  }
}

function write(
  taken: Readonly<Record<RevocationKind, readonly RevocationEntry[]>>,
  counts: RevocationCounts,
): Uint8Array {
  const octets = new Uint8Array(octetsOf(counts));
  const view = new DataView(octets.buffer);
  let at = 0;
  for (const kind of REVOCATION_KINDS) {
    for (const entry of taken[kind].toSorted((a, b) => comparePrefixes(a.prefix, b.prefix))) {
      for (const [index, word] of entry.prefix.entries()) view.setUint32(at + 4 * index, word);
      if (entry.kind === "sub") view.setUint32(at + 4 * PREFIX_WORDS.sub, entry.cut);
      at += ENTRY_OCTETS[kind];
    }
  }
  return octets;
}

function comparePrefixes(a: RevocationPrefix, b: RevocationPrefix): number {
  for (let index = 0; index < a.length; index += 1) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function startOf(counts: RevocationCounts, kind: RevocationKind): number {
  if (kind === "jti") return 0;
  const tokens = counts.jti * ENTRY_OCTETS.jti;
  return kind === "sid" ? tokens : tokens + counts.sid * ENTRY_OCTETS.sid;
}

/** Below 0 when the entry stands before the prefix, 0 when it is the one. */
function compareTo(octets: DataView, at: number, prefix: RevocationPrefix): number {
  for (let index = 0; index < prefix.length; index += 1) {
    const difference = octets.getUint32(at + 4 * index) - (prefix[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function isAscending({ counts, octets }: RevocationSections, kind: RevocationKind): boolean {
  const start = startOf(counts, kind);
  const size = ENTRY_OCTETS[kind];
  const end = start + counts[kind] * size;
  for (let at = start + size; at < end; at += size) {
    if (!isBefore(octets, at - size, at, PREFIX_WORDS[kind])) return false;
  }
  return true;
}

function isBefore(octets: DataView, first: number, second: number, words: number): boolean {
  for (let offset = 0; offset < 4 * words; offset += 4) {
    const difference = octets.getUint32(second + offset) - octets.getUint32(first + offset);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
