/**
 * The port to the truth about taken-back tokens: what a table can do. Revokers add; the rotator reads, and keeps two items of
 * its own in a partition that revokers cannot write.
 */
import type { EpochSeconds, IssuerUrl, RingName } from "../../shared/identifiers.ts";
import type { RevocationCounts } from "../../shared/revocations/sections.ts";
import type { StoredRevocation } from "./entry.ts";

/** What a revoker needs of a table. */
export interface RevocationWriter {
  /** For reports and messages: the table's name or ARN. */
  readonly table: string;
  /**
   * Adds an entry. Resolves once it is durable; adding it again changes nothing.
   * @param forgetAt when the table may delete it; only tidies
   * @throws SealgateError `revocation_table_…`: the entry may be stored or not
   */
  add(issuer: IssuerUrl, entry: StoredRevocation, forgetAt: EpochSeconds): Promise<void>;
  /**
   * What the rotator has counted last, in any ring that writes to this table.
   * @returns undefined when it has counted nothing yet
   * @throws SealgateError `revocation_table_…`
   */
  readCounts(issuer: IssuerUrl): Promise<RevocationCounts | undefined>;
}

/** What the rotator keeps in the table about a ring's list. */
export interface ListNote {
  /** Of the entries that counted, with those for which the list had no room. */
  readonly counts: RevocationCounts;
  /** `iat` of the first list since there was none in KV. */
  readonly since: EpochSeconds;
}

/** A reading of a table. */
export interface RevocationReading {
  readonly entries: readonly StoredRevocation[];
  /** Sort keys that no sealgate has written. */
  readonly unreadable: number;
  /** There are more than any list could need: those with the earliest times in their keys were not read. */
  readonly isPartial?: boolean;
}

/** All that a table can do. */
export interface RevocationStore extends RevocationWriter {
  /**
   * The entries of an issuer: a consistent reading, which shows every entry whose `add` had resolved before.
   * @param since entries with an earlier time in their key are left out; all of them without it
   * @throws SealgateError `revocation_table_…`
   */
  load(issuer: IssuerUrl, since?: EpochSeconds): Promise<RevocationReading>;
  /**
   * Takes a `rev` for a list, by a conditional write: no two calls get the same, and a later one gets a higher one.
   * @param propose the rev to take, given the highest that was taken; greater than that
   * @throws SealgateError `revocation_table_…`
   */
  takeRev(issuer: IssuerUrl, propose: (taken: number | undefined) => number): Promise<number>;
  /** @throws SealgateError `revocation_table_…` */
  readNote(issuer: IssuerUrl, ring: RingName): Promise<ListNote | undefined>;
  /** @throws SealgateError `revocation_table_…` */
  writeNote(issuer: IssuerUrl, ring: RingName, note: ListNote): Promise<void>;
}

/** For a rotator that waits for revocations: the price of asking does not grow with the table. */
export interface RevocationChanges {
  /**
   * @returns a text that is another one after each `add`; undefined when nothing was added yet
   * @throws SealgateError `revocation_table_…`
   */
  lastChange(issuer: IssuerUrl): Promise<string | undefined>;
}

/** What is written above this many entries of tokens would crowd out nothing but other tokens: it is refused. */
export const MAX_TOKEN_ENTRIES = 90_000;
