/**
 * The ladders of all rings of one issuer, asked as one: which ring a kid belongs to, and what is known while a ring cannot be
 * read. The rings are read at once, so that a request waits for one deadline however many there are.
 */
import type { Kid, RingName } from "../identifiers.ts";
import type { ImportedKeySet } from "../verification-keys.ts";
import type { KeysUnavailable, WaitUntil } from "./held-key-set.ts";
import type { KeyLadder } from "./key-ladder.ts";

export interface Ring {
  readonly name: RingName;
  readonly ladder: KeyLadder;
}

/** What the rings hold: settled, and the same object for as long as no ring's key set is replaced. */
export interface HeldKeys {
  /** In the order of the rings; undefined for a ring that holds none. */
  readonly keySets: readonly (ImportedKeySet | undefined)[];
  /**
   * The key set that decides about a kid: one that has revoked it, wherever it is listed, else the first that lists it.
   * Timing is that key set's too.
   */
  ownerOf(kid: Kid): ImportedKeySet | undefined;
  /** The plain JWK Set of all, once it has been asked for. */
  jwkSet?: string;
}

export interface KeyRings {
  /** In the order of the configuration. */
  readonly rings: readonly Ring[];
  /**
   * The keys that can be used without waiting, or undefined when {@link KeyRings.current} has to be asked. Begins at most one
   * background refresh, so that a request's connections are left to the request.
   * @param nowMs epoch milliseconds, taken when the request arrived
   */
  ready(nowMs: number, waitUntil: WaitUntil): HeldKeys | undefined;
  /** When {@link KeyRings.ready} has last begun a refresh, epoch milliseconds. */
  readonly refreshedAtMs: number;
  /** The keys for this request, of each ring by the first rung that holds. */
  current(nowMs: number, waitUntil: WaitUntil): Promise<HeldKeys>;
  /** Asks all rings at once for newer key sets than `used`, because a kid is in none of them; each ring has its cooldown. */
  refreshForUnknownKid(used: HeldKeys, nowMs: number, waitUntil: WaitUntil): Promise<HeldKeys>;
  /** Set while a ring has no key set: a kid that no other ring lists may be its, so that it cannot be called unknown. */
  missing(nowMs: number): KeysUnavailable | undefined;
}

/** @param rings at least one */
export function createKeyRings(rings: readonly Ring[]): KeyRings {
  const ladders = rings.map(({ ladder }) => ladder);
  let held = holdKeys(ladders.map(() => undefined));
  let refreshedAtMs = 0;

  /** What the ladders have now, as a new object only when it is not the same as before. */
  function hold(nowMs: number): HeldKeys {
    const isSame = ladders.every((ladder, index) => ladder.usable(nowMs) === held.keySets[index]);
    if (!isSame) held = holdKeys(ladders.map((ladder) => ladder.usable(nowMs)));
    return held;
  }

  return {
    rings,
    get refreshedAtMs() {
      return refreshedAtMs;
    },
    ready(nowMs, waitUntil) {
      for (const ladder of ladders) if (ladder.peek(nowMs) === undefined) return undefined;
      if (ladders.some((ladder) => ladder.refreshIfDue(nowMs, waitUntil))) refreshedAtMs = nowMs;
      return hold(nowMs);
    },
    async current(nowMs, waitUntil) {
      await Promise.all(ladders.map((ladder) => ladder.current(nowMs, waitUntil)));
      return hold(nowMs);
    },
    async refreshForUnknownKid({ keySets }, nowMs, waitUntil) {
      await Promise.all(
        ladders.map(async (ladder, index) => {
          const used = keySets[index];
          if (used !== undefined) await ladder.refreshForUnknownKid(used, nowMs, waitUntil);
        }),
      );
      return hold(nowMs);
    },
    missing: (nowMs) => ladders.map((ladder) => ladder.missing(nowMs)).find(Boolean),
  };
}

function holdKeys(keySets: HeldKeys["keySets"]): HeldKeys {
  return {
    keySets,
    ownerOf(kid) {
      let owner: ImportedKeySet | undefined;
      for (const keySet of keySets) {
        const found = keySet?.find(kid);
        if (found === "revoked") return keySet;
        if (found !== undefined) owner ??= keySet;
      }
      return owner;
    },
  };
}
