/**
 * Suite `growth`: what happens to the cost of one token when there is more of something. Keys and remembered tokens must
 * not be felt, octets and routes only gently.
 */
import { DEFAULT_TOKEN_MEMORY_LIMITS } from "../../shared/keys/token-memory.ts";
import { batchSubject, loadTokens } from "../lib/batch.ts";
import { atMost } from "../lib/budgets.ts";
import { CONTENDERS, FIRST_SIGHT, FLOOR, prepareContender, REMEMBERED, workerOf } from "../lib/contenders.ts";
import type { ContenderSpec } from "../lib/contenders.ts";
import { cpuClockOf } from "../lib/cpu.ts";
import { makeMaterial } from "../lib/material.ts";
import type { Material, MaterialOptions } from "../lib/material.ts";
import type { BudgetLine, Effort, ReportTable, Suite } from "../lib/report.ts";
import { interleave, ratioOf } from "../lib/rounds.ts";
import type { RoundResult, Subject } from "../lib/rounds.ts";
import { formatNumber } from "../lib/table.ts";
import { startWorkers } from "../lib/workerd.ts";
import type { WorkerSpec } from "../lib/workerd.ts";

const KEYS = [1, 10, 100, 1000];
const FILLERS = { "0.5 KB": 60, "2 KB": 1200, "8 KB": 5700 };
const ROUTES = [1, 10, 50, 100, 500];
/** The last is as many as the Worker keeps. */
const REMEMBERED_TOKENS = [1, 100, 1000, DEFAULT_TOKEN_MEMORY_LIMITS.maxEntries];

/** Token to verify with a contender, and one measurement to be. */
interface Case {
  readonly name: string;
  readonly contender: ContenderSpec;
  readonly material: Material;
}

export const growthSuite: Suite = async (effort, progress) => {
  const tables: ReportTable[] = [];
  progress("keys");
  const [keys, budgets] = await measureKeys(effort);
  tables.push(keys);
  progress("other issuers");
  const [issuers, issuerBudgets] = await measureIssuers(effort);
  tables.push(issuers);
  progress("octets");
  tables.push(await octetTable(effort));
  progress("routes");
  tables.push(await routeTable(effort));
  progress("remembered tokens");
  tables.push(await rememberedTable(effort));
  return { suite: "growth", tables, budgets: [...budgets, ...issuerBudgets], data: tables };
};

/** As far as noise goes, the same. */
const SAME = 1.1;

async function measureKeys(effort: Effort): Promise<readonly [ReportTable, readonly BudgetLine[]]> {
  const names = [FIRST_SIGHT, REMEMBERED, "jose, key set", "hono/jwk"];
  const cases = await casesOf(
    names,
    KEYS.map((keys) => [`${String(keys)} keys`, { alg: "ES256", tokens: 256, keys }]),
  );
  const results = await measureCases(cases, effort);
  const one = `${FIRST_SIGHT}, ${String(KEYS[0])} keys`;
  const budgets = KEYS.slice(1).map((keys) =>
    atMost(
      `key set of ${String(keys)} keys, over one of 1`,
      SAME,
      ratioOf(results, `${FIRST_SIGHT}, ${String(keys)} keys`, one).median,
    ),
  );
  return [tableOf("CPU per token over the same with 1 key, ES256", names, cases, results), budgets];
}

const EDGE_FIRST_SIGHT = "sealgate first sight";

/** Own tokens beside other issuers, and tokens of another issuer. */
async function measureIssuers(effort: Effort): Promise<readonly [ReportTable, readonly BudgetLine[]]> {
  const names = [EDGE_FIRST_SIGHT, REMEMBERED];
  const own = await makeMaterial({ alg: "ES256", tokens: 256 });
  const foreign = await makeMaterial({ alg: "ES256", tokens: 256, foreign: true });
  const variants: readonly (readonly [name: string, material: Material])[] = [
    ["own", own],
    ["own beside 5", { ...own, settings: { ...own.settings, foreignIssuers: 5 } }],
    ["foreign", { ...foreign, settings: { ...foreign.settings, foreignIssuers: 5 } }],
  ];
  const cases = variants.flatMap(([variant, material]) =>
    names.map((name) => ({ name: `${name}, ${variant}`, contender: contenderNamed(name), material })),
  );
  const results = await measureCases(cases, effort);
  const over = (variant: string, name: string): number =>
    ratioOf(results, `${name}, ${variant}`, `${name}, own`).median;
  const remembered = results.find(({ name }) => name === `${REMEMBERED}, foreign`)?.value.median ?? Number.NaN;
  return [
    tableOf("CPU per token beside other issuers, over an own one without them, ES256", names, cases, results),
    [
      atMost("own token, first sight, beside 5 other issuers, over none", SAME, over("own beside 5", EDGE_FIRST_SIGHT)),
      atMost("own token, remembered, beside 5 other issuers, over none", SAME, over("own beside 5", REMEMBERED)),
      atMost("foreign token, first sight, over an own one", 1.1, over("foreign", EDGE_FIRST_SIGHT)),
      atMost("foreign token, remembered", 1, remembered, " µs"),
    ],
  ];
}

async function octetTable(effort: Effort): Promise<ReportTable> {
  const names = [FLOOR, FIRST_SIGHT, REMEMBERED, "jose, key set"];
  const cases = await casesOf(
    names,
    Object.entries(FILLERS).map(([name, fillerBytes]) => [name, { alg: "ES256", tokens: 256, fillerBytes }]),
  );
  return tableOf(
    "CPU per token over the same with the smallest token, ES256",
    names,
    cases,
    await measureCases(cases, effort),
  );
}

async function rememberedTable(effort: Effort): Promise<ReportTable> {
  const all = await makeMaterial({ alg: "ES256", tokens: Math.max(...REMEMBERED_TOKENS) });
  const cases = REMEMBERED_TOKENS.map((size) => ({
    name: `${String(size)} tokens`,
    contender: contenderNamed(REMEMBERED),
    material: { ...all, tokens: all.tokens.slice(0, size) },
  }));
  const results = await measureCases(cases, effort);
  return {
    title: "CPU per remembered token, in turn through all that are remembered",
    head: ["remembered", "microseconds", "ratio"],
    rows: results.map(({ name, value, ratio }) => [name, formatNumber(value.median), formatNumber(ratio.median)]),
  };
}

async function routeTable(effort: Effort): Promise<ReportTable> {
  const running = await startWorkers(
    ROUTES.map((rules) => ({ name: `routes-${String(rules)}`, entry: "bench/contenders/routes.ts" })),
  );
  try {
    const clock = cpuClockOf(running.pid);
    const subjects: Subject[] = [];
    for (const rules of ROUTES) {
      const url = running.urlOf(`routes-${String(rules)}`);
      const last = `https://gateway.example.com/${String(rules)}/v1/resource-${String(rules - 1)}/`;
      const urls = Array.from({ length: 256 }, (_, index) => last + String(index));
      await loadTokens(url, urls);
      subjects.push(
        await batchSubject({ name: `${String(rules)} routes`, url, tokens: urls.length }, clock, effort.batchCpuUs),
      );
    }
    const results = await interleave(subjects, "1 routes", effort.rounds);
    return {
      title: "CPU to guard a path and find its rule, the last of the policy",
      head: ["policy", "microseconds", "ratio"],
      rows: results.map(({ name, value, ratio }) => [name, formatNumber(value.median), formatNumber(ratio.median)]),
    };
  } finally {
    await running.close();
  }
}

async function casesOf(
  names: readonly string[],
  variants: readonly (readonly [name: string, options: MaterialOptions])[],
): Promise<readonly Case[]> {
  const cases: Case[] = [];
  for (const [variant, options] of variants) {
    const material = await makeMaterial(options);
    for (const name of names) cases.push({ name: `${name}, ${variant}`, contender: contenderNamed(name), material });
  }
  return cases;
}

async function measureCases(cases: readonly Case[], effort: Effort): Promise<readonly RoundResult[]> {
  const workers: WorkerSpec[] = cases.map(({ contender, material }, index) =>
    workerOf(contender, material, `case-${String(index)}`),
  );
  const running = await startWorkers(workers);
  try {
    const clock = cpuClockOf(running.pid);
    const subjects: Subject[] = [];
    for (const [index, { name, contender, material }] of cases.entries()) {
      const worker = `case-${String(index)}`;
      await prepareContender(running, contender, material, worker);
      const target = { name, url: running.urlOf(worker), tokens: material.tokens.length };
      subjects.push(await batchSubject(target, clock, effort.batchCpuUs));
    }
    return await interleave(subjects, cases[0]?.name ?? "", effort.rounds);
  } finally {
    await running.close();
  }
}

/** A row per contender, a column per variant; each cell over the row's first. */
function tableOf(
  title: string,
  names: readonly string[],
  cases: readonly Case[],
  results: readonly RoundResult[],
): ReportTable {
  const variants = [...new Set(cases.map(({ name }) => name.slice(name.lastIndexOf(", ") + 2)))];
  const valueOf = (name: string, variant: string): number =>
    results.find((result) => result.name === `${name}, ${variant}`)?.value.median ?? Number.NaN;
  return {
    title,
    head: ["contender", `${variants[0] ?? ""}, µs`, ...variants],
    rows: names.map((name) => {
      const least = valueOf(name, variants[0] ?? "");
      return [name, formatNumber(least), ...variants.map((variant) => formatNumber(valueOf(name, variant) / least))];
    }),
  };
}

function contenderNamed(name: string): ContenderSpec {
  const contender = CONTENDERS.find((one) => one.name === name);
  if (contender === undefined) throw new TypeError(`no contender is called ${name}`);
  return contender;
}
