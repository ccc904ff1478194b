/** `sealgate revocations list`: what is taken back by the table, until when, and whether the published list has it. Changes nothing. */
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import { prefixToText, revocationPrefix } from "../../../shared/revocations/prefix.ts";
import type { RevocationKind } from "../../../shared/revocations/prefix.ts";
import type { RevocationEntry } from "../../../shared/revocations/sections.ts";
import { parseWholeNumber } from "../../../shared/whole-number.ts";
import { deriveState, observeRing } from "../../key-ring/index.ts";
import { composeFrom } from "../../key-ring/revocations/compose-list.ts";
import { observeList, ownerOf } from "../../key-ring/revocations/observe-list.ts";
import { isListed } from "../../key-ring/revocations/plan-list.ts";
import type { ObservedList } from "../../key-ring/revocations/plan-list.ts";
import { describeDistance, describeTime } from "../../words/time.ts";
import { EXIT, UsageError } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { printJson } from "../io.ts";
import type { CliIo } from "../io.ts";
import { createRingContext } from "../ring/context.ts";
import { describeCounts, describeHeld } from "../ring/describe-list.ts";

export interface ListOptions {
  readonly ring?: string;
  readonly policy?: string;
  readonly jti?: string;
  readonly session?: string;
  readonly subject?: string;
  readonly limit: string;
  readonly json?: boolean;
}

/** An entry that counts, as it is shown. */
interface Shown {
  readonly kind: RevocationKind;
  /** base64url: of the claim itself the table knows no more. */
  readonly prefix: string;
  readonly endsAt: EpochSeconds;
  /** Of a subject: tokens with an earlier `iat` are refused. */
  readonly cut: EpochSeconds | undefined;
  readonly listed: boolean;
}

export async function listRevocations(io: CliIo, options: ListOptions): Promise<ExitCode> {
  const limit = parseWholeNumber(options.limit, 1);
  if (limit === undefined) throw new UsageError("--limit must be a whole number, at least 1");
  const wanted = takeWanted(options);
  const { policy, ports, options: observing } = await createRingContext(io, options);
  const { store, publisher } = ports.revocations ?? {};
  if (store === undefined || publisher === undefined) {
    throw new UsageError("SEALGATE_REVOCATION_TABLE is missing: it names the table of taken-back tokens");
  }
  const observed = await observeRing(ports, policy, observing);
  const now = ports.clock();
  const { timing } = deriveState(observed, policy, now, undefined);
  const { held } = await observeList(publisher, ownerOf({ policy, observed }));
  const read = await composeFrom(store, policy.issuer, timing.largest, now);
  const isWanted = filterFor(wanted, policy.issuer);
  const entries = read.entries.filter(isWanted).map((entry) => toShown(entry, held, now));
  const shown = entries.toSorted((a, b) => b.endsAt - a.endsAt).slice(0, limit);
  const missing = entries.filter(({ listed }) => !listed).length;
  const list = held.kind === "read" ? { ...listToJson(held.list) } : { kind: held.kind };
  if (options.json === true) {
    const table = { table: store.table, counts: read.total, unreadable: read.unreadable };
    printJson(io, { ring: policy.ring, ...table, found: entries.length, notListed: missing, entries: shown, list });
  } else {
    io.out(describeEntries(shown, now));
    const more = entries.length > shown.length ? `, ${shown.length} of them shown (--limit)` : "";
    const found = wanted === undefined ? describeCounts(read.total) : `${entries.length} found`;
    io.out(`table ${store.table}: ${found}${more}\n`);
    io.out(`list ${describeHeld(held, now)}${missing === 0 ? "" : `; ${missing} not on it yet`}\n`);
  }
  const isDone = missing === 0 && (wanted === undefined || entries.length > 0);
  return isDone ? EXIT.ok : EXIT.notConverged;
}

interface Wanted {
  readonly kind: RevocationKind;
  readonly value: string;
}

function takeWanted({ jti, session, subject }: ListOptions): Wanted | undefined {
  const given = [
    ["jti", jti],
    ["sid", session],
    ["sub", subject],
  ] as const;
  const [first, ...others] = given.flatMap(([kind, value]) => (value === undefined ? [] : [{ kind, value }]));
  if (others.length > 0) throw new UsageError("ask for one at a time: --jti, --session or --subject");
  return first;
}

function filterFor(wanted: Wanted | undefined, issuer: string): (entry: RevocationEntry) => boolean {
  if (wanted === undefined) return () => true;
  const prefix = prefixToText(revocationPrefix(wanted.kind, issuer, wanted.value));
  return (entry) => entry.kind === wanted.kind && prefixToText(entry.prefix) === prefix;
}

function toShown(entry: RevocationEntry, held: ObservedList, now: EpochSeconds): Shown {
  const { kind, prefix, endsAt } = entry;
  const isUsable = held.kind === "read" && held.list.expiresAt > now;
  return {
    kind,
    prefix: prefixToText(prefix),
    endsAt,
    cut: entry.kind === "sub" ? entry.cut : undefined,
    listed: isUsable && isListed(held.list.sections, entry),
  };
}

function listToJson({ rev, issuedAt, expiresAt, counts }: Extract<ObservedList, { kind: "read" }>["list"]): object {
  return { kind: "read", rev, issuedAt, expiresAt, counts };
}

function describeEntries(shown: readonly Shown[], now: EpochSeconds): string {
  if (shown.length === 0) return "";
  const rows = shown.map(({ kind, prefix, endsAt, cut, listed }) => [
    kind,
    prefix,
    `${describeTime(endsAt)} (${describeDistance(endsAt - now)})`,
    listed ? "yes" : "not yet",
    cut === undefined ? "" : `iat before ${describeTime(cut)}`,
  ]);
  const table = [["kind", "prefix", "until", "on the list", ""], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return table
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
