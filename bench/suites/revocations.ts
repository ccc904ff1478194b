/**
 * Suite `revocations`: what a list of taken-back tokens costs, beside the same Worker with the feature off. Taking over a new one
 * happens once per list and isolate; looking a token up happens with each request.
 */
import { revocationPrefix } from "../../shared/revocations/prefix.ts";
import { composeBody } from "../../shared/revocations/sections.ts";
import type { RevocationEntry } from "../../shared/revocations/sections.ts";
import { digestOf, joinRevocations, REVOCATIONS_TYP } from "../../shared/revocations/signed-list.ts";
import { parseEpochSeconds } from "../../shared/identifiers.ts";
import { batchSubject, loadTokens } from "../lib/batch.ts";
import { atMost } from "../lib/budgets.ts";
import { cpuClockOf } from "../lib/cpu.ts";
import { ISSUER, makeMaterial } from "../lib/material.ts";
import type { Material } from "../lib/material.ts";
import type { Suite } from "../lib/report.ts";
import { interleave, ratioOf, resultOf } from "../lib/rounds.ts";
import type { Subject } from "../lib/rounds.ts";
import { formatNumber } from "../lib/table.ts";
import { startWorkers } from "../lib/workerd.ts";

/** Undefined: the feature is off. */
const ENTRIES = [undefined, 0, 1000, 100_000] as const;

type Entries = (typeof ENTRIES)[number];

const MOST_TAKE_OVER_MS = 10;
const MOST_REMEMBERED_US = 1;
const MOST_FIRST_SIGHT = 1.05;
const MOST_VALUE_MB = 1.2;

/** One entry in a hundred is a subject's, so that two claims of each new token are hashed. */
const SUBJECT_EVERY = 100;

const nameOf = (what: string, entries: Entries): string => `${what} ${entries === undefined ? "off" : String(entries)}`;

export const revocationsSuite: Suite = async (effort, progress) => {
  const material = await makeMaterial({ alg: "ES256", tokens: 256 });
  const lists = new Map<Entries, string>();
  for (const entries of ENTRIES) if (entries !== undefined) lists.set(entries, await listOf(entries, material));
  const parts = ENTRIES.flatMap((entries) =>
    ["take-over", "first-sight", "remembered"].flatMap((what) =>
      entries === undefined && what === "take-over" ? [] : [{ what, entries, name: nameOf(what, entries) }],
    ),
  );
  const workerOf = (name: string): string => name.replace(" ", "-");
  const running = await startWorkers(
    parts.map(({ what, name }) => ({
      name: workerOf(name),
      entry: `bench/contenders/revocations-${what}.ts`,
      vars: { SETTINGS: material.settings },
      kv: { KEYS: workerOf(name) },
    })),
  );
  try {
    const clock = cpuClockOf(running.pid);
    const subjects: Subject[] = [];
    for (const { what, entries, name } of parts) {
      progress(name);
      const url = running.urlOf(workerOf(name));
      const list = lists.get(entries);
      if (list !== undefined) await running.putKv(workerOf(name), "KEYS", "revocations", list);
      const inputs = what === "take-over" ? [list ?? ""] : material.tokens;
      await loadTokens(url, inputs);
      subjects.push(await batchSubject({ name, url, tokens: inputs.length }, clock, effort.batchCpuUs));
    }
    const results = await interleave(subjects, nameOf("remembered", undefined), effort.rounds);
    const us = (what: string, entries: Entries): number => resultOf(results, nameOf(what, entries)).value.median;
    const firstSight = (entries: Entries): number =>
      ratioOf(results, nameOf("first-sight", entries), nameOf("first-sight", undefined)).median;
    const megabytes = (entries: Entries): number => (lists.get(entries)?.length ?? 0) / 1e6;
    return {
      suite: "revocations",
      tables: [
        {
          title: "CPU of a list, ES256",
          head: ["entries", "value, MB", "take-over, ms", "first sight over the feature off", "remembered token, µs"],
          rows: ENTRIES.map((entries) => [
            entries === undefined ? "feature off" : String(entries),
            entries === undefined ? "-" : formatNumber(megabytes(entries)),
            entries === undefined ? "-" : formatNumber(us("take-over", entries) / 1000),
            formatNumber(firstSight(entries)),
            formatNumber(us("remembered", entries)),
          ]),
          note: "An isolate holds the list's text and its octets: 1.1 and 0.8 MB for 100,000 entries, and both of the next one while it takes that over.",
        },
      ],
      budgets: [
        atMost("a list of 100,000 entries, as a value of KV", MOST_VALUE_MB, megabytes(100_000), " MB"),
        atMost("a new list of 100,000 entries", MOST_TAKE_OVER_MS, us("take-over", 100_000) / 1000, " ms"),
        ...([0, 1000, 100_000] as const).flatMap((entries) => [
          atMost(
            `first sight, ${String(entries)} entries, over the feature off`,
            MOST_FIRST_SIGHT,
            firstSight(entries),
          ),
          atMost(`remembered token, ${String(entries)} entries`, MOST_REMEMBERED_US, us("remembered", entries), " µs"),
        ]),
      ],
      data: results,
    };
  } finally {
    await running.close();
  }
};

async function listOf(entries: number, material: Material): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const endsAt = parseEpochSeconds(now + 3600);
  if (endsAt === undefined) throw new TypeError("the clock gives no time");
  const { body, counts } = composeBody(
    Array.from({ length: entries }, (_, index): RevocationEntry => {
      const kind = index % SUBJECT_EVERY === 0 ? "sub" : "jti";
      const prefix = revocationPrefix(kind, ISSUER, `taken back ${String(index)}`);
      return kind === "sub" ? { kind, prefix, endsAt, cut: endsAt } : { kind, prefix, endsAt };
    }),
  );
  const payload = {
    iss: ISSUER,
    ring: "main",
    rev: now,
    iat: now,
    exp: now + 86_400,
    counts,
    sha256: await digestOf(body),
  };
  return joinRevocations(await material.signAsRoot(REVOCATIONS_TYP, payload), body);
}
