/**
 * Suite `revocations`: what a list of taken-back tokens costs. Taking over a new one happens once per list and isolate; looking a
 * remembered token up happens with each request.
 */
import { revocationPrefix } from "../../shared/revocations/prefix.ts";
import { composeBody } from "../../shared/revocations/sections.ts";
import { digestOf, joinRevocations, REVOCATIONS_TYP } from "../../shared/revocations/signed-list.ts";
import { parseEpochSeconds } from "../../shared/identifiers.ts";
import { batchSubject, loadTokens } from "../lib/batch.ts";
import { atMost } from "../lib/budgets.ts";
import { cpuClockOf } from "../lib/cpu.ts";
import { ISSUER, makeMaterial } from "../lib/material.ts";
import type { Material } from "../lib/material.ts";
import type { Suite } from "../lib/report.ts";
import { interleave, resultOf } from "../lib/rounds.ts";
import type { Subject } from "../lib/rounds.ts";
import { formatNumber } from "../lib/table.ts";
import { startWorkers } from "../lib/workerd.ts";

const ENTRIES = [0, 1000, 100_000];
const MOST_TAKE_OVER_MS = 10;
const MOST_REMEMBERED_US = 1;

export const revocationsSuite: Suite = async (effort, progress) => {
  const material = await makeMaterial({ alg: "ES256", tokens: 256 });
  const lists = new Map<number, string>();
  for (const entries of ENTRIES) lists.set(entries, await listOf(entries, material));
  const names = ENTRIES.flatMap((entries) => [`take-over ${String(entries)}`, `remembered ${String(entries)}`]);
  const running = await startWorkers(
    names.map((name) => ({
      name: name.replace(" ", "-"),
      entry: `bench/contenders/revocations-${name.split(" ")[0] ?? ""}.ts`,
      vars: { SETTINGS: material.settings },
      kv: { KEYS: name.replace(" ", "-") },
    })),
  );
  try {
    const clock = cpuClockOf(running.pid);
    const subjects: Subject[] = [];
    for (const name of names) {
      progress(name);
      const worker = name.replace(" ", "-");
      const url = running.urlOf(worker);
      const list = lists.get(Number(name.split(" ")[1])) ?? "";
      await running.putKv(worker, "KEYS", "revocations", list);
      const inputs = name.startsWith("take") ? [list] : material.tokens;
      await loadTokens(url, inputs);
      subjects.push(await batchSubject({ name, url, tokens: inputs.length }, clock, effort.batchCpuUs));
    }
    const results = await interleave(subjects, "remembered 0", effort.rounds);
    const us = (name: string): number => resultOf(results, name).value.median;
    return {
      suite: "revocations",
      tables: [
        {
          title: "CPU of a list, ES256",
          head: ["entries", "list, kB", "take-over, ms", "remembered token, µs"],
          rows: ENTRIES.map((entries) => [
            String(entries),
            formatNumber((lists.get(entries)?.length ?? 0) / 1000),
            formatNumber(us(`take-over ${String(entries)}`) / 1000),
            formatNumber(us(`remembered ${String(entries)}`)),
          ]),
          note: "An isolate holds the list's text and its octets: 1.07 and 0.8 MB for 100,000 tokens, and both of the next one while it takes that over.",
        },
      ],
      budgets: [
        atMost("a new list of 100,000 entries", MOST_TAKE_OVER_MS, us("take-over 100000") / 1000, " ms"),
        atMost("remembered token, 100,000 entries", MOST_REMEMBERED_US, us("remembered 100000"), " µs"),
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
    Array.from({ length: entries }, (_, index) => ({
      kind: "jti" as const,
      prefix: revocationPrefix("jti", ISSUER, `taken back ${String(index)}`),
      endsAt,
    })),
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
