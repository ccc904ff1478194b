/**
 * Mistakes in a configuration, each planted in a project in which nothing else is wrong: the check names it with its variable
 * and the right repair, and finds nothing in the correct twin. Mistakes that only AWS, Cloudflare or the gateway can show are in
 * online.test.ts and revocations.test.ts. All Workers are started side by side in one workerd.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { agreementRows } from "../../../../../issuer/cli/check/agreement.ts";
import { askWorkers } from "../../../../../issuer/cli/check/ask-workers.ts";
import type { Verdict } from "../../../../../issuer/cli/check/ask-workers.ts";
import type { CheckRow } from "../../../../../issuer/cli/check/row.ts";
import { checkSettings } from "../../../../../issuer/cli/check/settings.ts";
import { checkVariables } from "../../../../../issuer/cli/check/variables.ts";
import { verdictRows } from "../../../../../issuer/cli/check/verdict.ts";
import { readWorkerConfig } from "../../../../../issuer/cli/check/worker-config.ts";
import type { WorkerConfig } from "../../../../../issuer/cli/check/worker-config.ts";
import { findWrangler } from "../../../../../issuer/cli/check/wrangler.ts";
import type { JsonObject } from "../../../../../shared/json.ts";
import { given, valueOf } from "../../../../support/values.ts";
import { PLANTED } from "./planted.ts";
import type { Planted } from "./planted.ts";
import { configFile, GOOD, makeProject, RULES } from "./support.ts";
import type { Project } from "./support.ts";

const NOW_MS = Date.UTC(2026, 10, 28);

let project: Project;
/** What was found for each planted mistake, and for its twin. */
let findings: readonly (readonly CheckRow[])[];
let twins: readonly (readonly CheckRow[])[];
/** What is found in the project without a mistake. */
let withoutMistake: readonly CheckRow[];

beforeAll(async () => {
  project = await makeProject();
  const good = await bundle();
  const mains = { good, unreachable: await plantRule(good) };
  const right: Tried = { environment: GOOD, issuer: {}, rules: "good", boots: false };
  const all: readonly Tried[] = [
    ...PLANTED.map(({ environment, rules, issuer, found }) =>
      pick(right, { environment, rules, issuer, boots: asksWorker(found) }),
    ),
    ...PLANTED.map(({ twin, found }) => pick(right, { ...twin, boots: twin !== undefined && asksWorker(found) })),
    { ...right, boots: true },
  ];
  const configs = await Promise.all(all.map(({ environment }, index) => read(environment, index)));
  const wrangler = await findWrangler(join(project.folder, "wrangler.json")).load();
  // Starting a Worker takes a while, so only those are started of which the Worker itself has something to say.
  const candidates = all.flatMap(({ rules, boots }, index) =>
    boots ? [{ index, config: given(configs[index]).config, main: mains[rules] }] : [],
  );
  const answers = await askWorkers(wrangler, await project.makeFolder(), candidates);
  const verdicts = new Map(candidates.map(({ index }, place) => [index, given(answers[place])]));
  const found = all.map(({ issuer }, index) => rowsOf(given(configs[index]), issuer, verdicts.get(index)));
  findings = found.slice(0, PLANTED.length);
  twins = found.slice(PLANTED.length, 2 * PLANTED.length);
  withoutMistake = given(found.at(-1));
}, 180_000);
afterAll(() => project.remove());

/** The good project with what is planted in it. */
function pick(right: Tried, changes: Changes): Tried {
  const { environment = right.environment, rules = right.rules, issuer = right.issuer, boots = right.boots } = changes;
  return { environment, rules, issuer, boots };
}

type Changes = { readonly [Member in keyof Tried]?: Tried[Member] | undefined };

interface Tried {
  readonly environment: JsonObject;
  readonly issuer: Readonly<Record<string, string>>;
  readonly rules: "good" | "unreachable";
  /** Whether the Worker is started. */
  readonly boots: boolean;
}

function asksWorker([check]: Planted["found"]): boolean {
  return check === "worker";
}

interface Read {
  readonly config: WorkerConfig;
  readonly staging: WorkerConfig;
}

/** As wrangler reads it from a file. */
async function read(environment: JsonObject, index: number): Promise<Read> {
  const path = await project.write(`wrangler-${index}.json`, JSON.stringify(configFile(environment)));
  const wrangler = await findWrangler(path).load();
  const of = (name: string): WorkerConfig => readWorkerConfig(valueOf(wrangler.readConfig(name)), name);
  return { config: of("production"), staging: of("staging") };
}

async function bundle(): Promise<string> {
  const folder = await project.makeFolder();
  const wrangler = findWrangler(join(project.folder, "wrangler.json"));
  valueOf(await wrangler.bundle("production", folder));
  return join(folder, "worker.js");
}

/** Bundling once is enough: the rules stand in the bundle as they were written. */
async function plantRule(main: string): Promise<string> {
  const good = await readFile(main, "utf8");
  const planted = good.replace(RULES.good, RULES.unreachable);
  expect(planted).not.toBe(good);
  const path = join(await project.makeFolder(), "worker.js");
  await writeFile(path, planted);
  return path;
}

function rowsOf(
  { config, staging }: Read,
  issuer: Readonly<Record<string, string>>,
  verdict?: Verdict,
): readonly CheckRow[] {
  return [
    ...checkVariables(config, NOW_MS),
    ...checkSettings(config, [staging]),
    ...agreementRows(issuer, config),
    ...(verdict === undefined ? [] : verdictRows(verdict, config)),
  ];
}

test("nothing is wrong with the project without them", () => {
  expect(withoutMistake.filter(({ status }) => status !== "ok").map(({ check, status }) => [check, status])).toEqual([
    ["issuer", "skipped"],
  ]);
});

function mistakesIn(rows: readonly CheckRow[]): readonly CheckRow[] {
  return rows.filter(({ status }) => status === "wrong");
}

describe.each(PLANTED.map((planted, index) => ({ ...planted, index })))("$mistake", ({ index, found, also }) => {
  const [check, variable, repair] = found;

  test("is named, with its variable and its repair", () => {
    const rows = mistakesIn(given(findings[index])).filter((row) => row.check === check && row.variable === variable);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.repair).toMatch(repair);
  });

  test("is the only thing to repair, in one place or two", () => {
    const variables = new Set(mistakesIn(given(findings[index])).map((row) => row.variable));
    expect(variables).toEqual(new Set(also === undefined ? [variable] : [variable, also]));
  });

  test("is not found in its correct twin", () => {
    expect(mistakesIn(given(twins[index]))).toEqual([]);
  });
});
