/**
 * What was asked for, what lay in which table when, and which tokens there are, as far as the judge looks back at it. Times are true
 * ones.
 */
import { LONGEST_INVOCATION_SECONDS } from "../../issuer/revocations/entry.ts";
import type { StoredRevocation } from "../../issuer/revocations/entry.ts";
import { prefixToText, revocationPrefix } from "../../shared/revocations/prefix.ts";
import type { RevocationKind } from "../../shared/revocations/prefix.ts";
import type { KmsTruth } from "./kms-model.ts";
import type { KvModel } from "./kv-model.ts";
import type { RingPolicy } from "./ports.ts";
import { isNamed, listIn } from "./revocations-lists.ts";
import type { TableEntry, TableModel } from "./table-model.ts";

/** A token, as its issuer knows it. */
export interface ListToken {
  readonly token: string;
  readonly ring: number;
  readonly kid: string;
  readonly ids: Readonly<Record<RevocationKind, string>>;
  readonly iat: number;
  /** True times at which the issuer was asked for it and had it. */
  readonly askedMs: number;
  readonly issuedMs: number;
  /** True times between which the issuer's own clock says that the token is in its life. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** `exp`, milliseconds. */
  readonly expMs: number;
}

/** What someone has asked for. */
export interface Ask {
  readonly kind: RevocationKind;
  readonly value: string;
  readonly askedMs: number;
}

/** An entry, with when which ring's table had it. */
export interface Entry {
  readonly entry: StoredRevocation;
  readonly ask: Ask;
  readonly sinceMs: Map<number, number>;
  /** Of each ring: calm runs since it was stored, a minute apart. */
  readonly runs: Map<number, { count: number; lastMs: number }>;
}

export interface JudgedRing {
  readonly kms: KmsTruth;
  /** Of key sets. */
  readonly kv: KvModel;
  readonly lists: KvModel;
  readonly table: TableModel;
}

export interface ListFacts {
  readonly entries: () => Iterable<Entry>;
  /** All that may take the token back. */
  readonly entriesOf: (token: ListToken) => readonly Entry[];
  readonly asksOf: (kind: RevocationKind, value: string) => readonly Ask[] | undefined;
  readonly hasToRefuse: (entry: Entry, token: ListToken) => boolean;
  readonly mayRefuse: (entry: Entry, token: ListToken) => boolean;
  readonly lastUseMs: (entry: Entry) => number;
  readonly isLostWithTable: (entry: Pick<Entry, "sinceMs">, ring: number) => boolean;
  readonly namedSince: (entry: Entry, ring: number) => number | undefined;
  readonly onToken: (token: ListToken) => void;
  readonly onAsk: (ask: Ask) => void;
  /** @returns false for an entry that was not asked for */
  readonly onEntry: (ring: number, entry: TableEntry) => boolean;
}

/** @param edgeSkewSeconds the most that an edge's clock is off */
export function createListFacts(policy: RingPolicy, rings: readonly JudgedRing[], edgeSkewSeconds: number): ListFacts {
  const { clockSkewSeconds: k } = policy.timing;
  const tokens = new Map<string, ListToken[]>();
  const asks = new Map<string, Ask[]>();
  /** Kind and prefix of an entry, to what was asked for. */
  const names = new Map<string, string>();
  const entries = new Map<string, Entry>();
  const byValue = new Map<string, Entry[]>();
  const nameOf = (kind: RevocationKind, value: string): string => `${kind} ${value}`;

  function add<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
    const known = map.get(key);
    if (known === undefined) map.set(key, [value]);
    else known.push(value);
  }

  /** What was asked has to refuse the token: what else the entry refuses is its cost. */
  function hasToRefuse({ ask: { kind, value, askedMs } }: Entry, token: ListToken): boolean {
    if (token.ids[kind] !== value) return false;
    if (kind === "jti") return true;
    return token.issuedMs <= askedMs + (kind === "sid" ? LONGEST_INVOCATION_SECONDS * 1000 : 0);
  }

  function mayRefuse({ entry, ask: { kind, value } }: Entry, token: ListToken): boolean {
    return token.ids[kind] === value && (!("cut" in entry) || token.iat < entry.cut);
  }

  /** The last moment at which an edge accepts a token that the entry has to refuse. */
  function lastUseMs(one: Entry): number {
    const covered = tokens.get(nameOf(one.ask.kind, one.ask.value)) ?? [];
    const ends = covered
      .filter((token) => hasToRefuse(one, token))
      .map(({ expMs }) => expMs + 1000 * (k + edgeSkewSeconds));
    return Math.max(-Infinity, ...ends);
  }

  /** A backup was put back that did not have it. */
  function isLostWithTable({ sinceMs }: Pick<Entry, "sinceMs">, ring: number): boolean {
    const stored = sinceMs.get(ring) ?? Infinity;
    return rings[ring]?.table.restores.some(({ thenMs, nowMs }) => stored > thenMs && stored <= nowMs) === true;
  }

  /**
   * When the first of the lists was read from the table that name the entry without interruption until now. A list of a lower rev
   * that was written over them begins the wait anew, and so does what no rotator has written.
   */
  function namedSince({ entry, sinceMs }: Entry, ring: number): number | undefined {
    let since: number | undefined;
    let highest = 0;
    const storedMs = sinceMs.get(ring) ?? Infinity;
    for (const write of rings[ring]?.lists.writes ?? []) {
      const list = listIn(write.text);
      if (list !== undefined && isNamed(list, entry)) {
        // What was read before the entry was stored names an earlier one of the same session.
        if (write.composedMs < storedMs) continue;
        highest = Math.max(highest, list.rev);
        since ??= write.composedMs;
      } else if (write.by === "other" || (list?.rev ?? 0) < highest) since = undefined;
    }
    return since;
  }

  function entriesOf(token: ListToken): readonly Entry[] {
    return (["jti", "sid", "sub"] as const).flatMap((kind) => byValue.get(nameOf(kind, token.ids[kind])) ?? []);
  }

  return {
    entries: () => entries.values(),
    entriesOf,
    asksOf: (kind, value) => asks.get(nameOf(kind, value)),
    hasToRefuse,
    mayRefuse,
    lastUseMs,
    isLostWithTable,
    namedSince,
    onToken(token) {
      for (const kind of ["jti", "sid", "sub"] as const) add(tokens, nameOf(kind, token.ids[kind]), token);
    },
    onAsk(ask) {
      const prefix = prefixToText(revocationPrefix(ask.kind, policy.issuer, ask.value));
      names.set(`${ask.kind}#${prefix}`, nameOf(ask.kind, ask.value));
      add(asks, nameOf(ask.kind, ask.value), ask);
    },
    onEntry(ring, { key, entry, sinceMs }) {
      const known = entries.get(key);
      const ask = asks.get(names.get(`${entry.kind}#${prefixToText(entry.prefix)}`) ?? "")?.at(-1);
      if (ask === undefined) return false;
      const one: Entry = known ?? { entry, ask, sinceMs: new Map(), runs: new Map() };
      one.sinceMs.set(ring, Math.min(sinceMs, one.sinceMs.get(ring) ?? Infinity));
      if (known === undefined) {
        entries.set(key, one);
        add(byValue, nameOf(ask.kind, ask.value), one);
      }
      return true;
    },
  };
}
