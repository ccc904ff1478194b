/**
 * Tokens that this isolate has verified, so that the next request with the same token costs no signature check. Bounded, and
 * each token bound to the key set that it was verified with. It decides nothing: the key set, time and the rules of
 * configuration are checked by the caller on every hit, and so is the route's policy.
 *
 * A token is recognised by all of its characters: a key that two tokens can share has mixed up identities elsewhere
 * (GHSA-rp9m-7r4c-75qg), and a digest would cost more than the look-up. The map is indexed by the end of the token, because
 * V8 hashes every character of a key (1 ns each) while comparing two strings is almost free; what is found is then compared
 * as a whole. The text stays inside the isolate that was sent it: it is never logged, never listed, and no identity.
 */
import { ok } from "../result.ts";
import type { Ok } from "../result.ts";
import type { VerifiedToken } from "../verify-token.ts";

/** Bounds of one memory. Both hold at all times. */
export interface TokenMemoryLimits {
  /** Most tokens remembered; fewer than 2 switch the memory off. */
  readonly maxEntries: number;
  /** Most characters of all remembered tokens together. */
  readonly maxCharacters: number;
}

/**
 * Room for the tokens of a busy isolate. Measured with V8: 2 octets of memory per character for ordinary claims (about
 * 8 MiB when full), and 16 for the worst claims that fit (64 MiB; an isolate has 128 MB,
 * https://developers.cloudflare.com/workers/platform/limits/).
 */
export const DEFAULT_TOKEN_MEMORY_LIMITS: TokenMemoryLimits = { maxEntries: 4096, maxCharacters: 4 * 1024 * 1024 };

/** @typeParam Under what the token was verified with: its key set, say. The caller compares it before it believes an entry. */
export interface RememberedToken<Under> {
  readonly token: string;
  readonly under: Under;
  /** Ready to be returned; frozen, because all later requests with the token see the same objects. */
  readonly outcome: Ok<VerifiedToken>;
}

export interface TokenMemory<Under> {
  /** Tokens remembered. */
  readonly size: number;
  /** Their total length. */
  readonly characters: number;
  /** Looks a token up. Whether it still is what it was remembered as is for the caller to say. */
  recall(token: string): RememberedToken<Under> | undefined;
  /** Remembers a verified token, unless it alone is over the bounds; freezes `verified`. */
  remember(token: string, verified: VerifiedToken, under: Under): RememberedToken<Under>;
}

/**
 * The end of a token is the end of its signature: 48 characters are 288 bits of it. Should two tokens share them all the
 * same, the later one replaces the earlier.
 */
const INDEX_CHARACTERS = 48;

interface Generation<Under> {
  /** By the last characters of the token. */
  readonly entries: Map<string, RememberedToken<Under>>;
  /** Of whole tokens. */
  characters: number;
}

/**
 * Two generations, each with half of the room: new and used tokens go into the young one; when it is full, the old one is
 * dropped as a whole and the young one becomes the old. Tokens that were used since the last turn survive, nothing is ever
 * searched or sorted, and no hit pays for more than a move.
 */
export function createTokenMemory<Under>(limits: TokenMemoryLimits): TokenMemory<Under> {
  const entriesPerGeneration = Math.floor(limits.maxEntries / 2);
  const charactersPerGeneration = Math.floor(limits.maxCharacters / 2);
  let young = emptyGeneration<Under>();
  let old = emptyGeneration<Under>();

  /** @param index cut from the remembered token: a slice keeps the whole string alive that it was cut from */
  function insert(index: string, remembered: RememberedToken<Under>): void {
    const { token } = remembered;
    if (entriesPerGeneration === 0 || token.length > charactersPerGeneration) return;
    const isFull =
      young.entries.size >= entriesPerGeneration || young.characters + token.length > charactersPerGeneration;
    if (isFull) {
      old = young;
      young = emptyGeneration();
    }
    young.entries.set(index, remembered);
    young.characters += token.length;
  }

  return {
    get size() {
      return young.entries.size + old.entries.size;
    },
    get characters() {
      return young.characters + old.characters;
    },
    recall(token) {
      const index = indexOf(token);
      const recent = young.entries.get(index);
      if (recent !== undefined) return recent.token === token ? recent : undefined;
      const earlier = old.entries.get(index);
      if (earlier?.token !== token) return undefined;
      forget(old, index);
      insert(indexOf(earlier.token), earlier);
      return earlier;
    },
    remember(token, verified, under) {
      const remembered = { token, outcome: ok(deepFreeze(verified)), under };
      const index = indexOf(token);
      forget(young, index);
      forget(old, index);
      insert(index, remembered);
      return remembered;
    },
  };
}

function indexOf(token: string): string {
  return token.slice(-INDEX_CHARACTERS);
}

function emptyGeneration<Under>(): Generation<Under> {
  return { entries: new Map(), characters: 0 };
}

function forget(generation: Generation<unknown>, index: string): void {
  const remembered = generation.entries.get(index);
  if (remembered === undefined) return;
  generation.entries.delete(index);
  generation.characters -= remembered.token.length;
}

/** Claims come from JSON: a tree of plain objects and arrays, of bounded depth. */
function deepFreeze<Value extends object>(value: Value): Value {
  for (const member of Object.values(value)) {
    if (typeof member === "object" && member !== null) deepFreeze(member);
  }
  return Object.freeze(value);
}
