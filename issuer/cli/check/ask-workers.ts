/**
 * Starts Workers as they would be deployed, side by side in one workerd, and asks each for its health: a gateway that is not
 * configured correctly says so itself, in its log, by the name of each variable. KV is empty there, and other services are not.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isJsonObject, parseJsonObjectText } from "../../../shared/json.ts";
import type { JsonObject } from "../../../shared/json.ts";
import { HEALTH_PATH } from "../ring/gateway-health.ts";
import { localConfig, objectsIn, textOf } from "./worker-config.ts";
import type { WorkerConfig } from "./worker-config.ts";
import type { RunningWorkers, Wrangler } from "./wrangler.ts";

/** A Worker to try, with the file that it was bundled into. */
export interface Candidate {
  readonly config: WorkerConfig;
  readonly main: string;
}

export type Verdict =
  | { readonly kind: "ready" }
  | { readonly kind: "problems"; readonly problems: readonly WorkerProblem[] }
  /** It answers, but not as `createGateway` does. */
  | { readonly kind: "other" }
  | { readonly kind: "crashed"; readonly message: string };

/** As the gateway logs it: `problem` is the predicate of a sentence. */
export interface WorkerProblem {
  readonly variable: string;
  readonly problem: string;
}

const NOWHERE = "nowhere";

/** How long a log line may take from workerd to here. */
const LOG_DEADLINE_MS = 10_000;

/**
 * @param root a folder for the files that are needed for it
 * @returns a verdict for each Worker, in the same order
 */
export async function askWorkers(
  { start }: Pick<Wrangler, "start">,
  root: string,
  candidates: readonly Candidate[],
): Promise<readonly Verdict[]> {
  const nowhere = join(root, "nowhere.js");
  await writeFile(nowhere, "export default { fetch: () => new Response() };\n");
  const nameOf = (index: number): string => `worker-${index}`;
  const workers = candidates.map(({ config, main }, index) => ({
    ...localConfig(config, main, NOWHERE),
    name: nameOf(index),
  }));
  const [first] = candidates;
  const stub = {
    name: NOWHERE,
    main: nowhere,
    no_bundle: true,
    compatibility_date: first?.config.json["compatibility_date"] ?? "",
  };
  let running: RunningWorkers;
  try {
    running = await start(root, [...workers, stub]);
  } catch (error) {
    const message = error instanceof Error ? error.message : "for a reason that is not known";
    return candidates.map(() => ({ kind: "crashed", message }));
  }
  try {
    const verdicts: Verdict[] = [];
    // One after the other, so that a log line is known to be of the Worker that was asked.
    for (const index of candidates.keys()) verdicts.push(await ask(running, nameOf(index)));
    return verdicts;
  } finally {
    await running.close();
  }
}

async function ask(running: RunningWorkers, name: string): Promise<Verdict> {
  running.takeLogs();
  const { status, body } = await running.fetch(name, `http://gateway.invalid${HEALTH_PATH}`);
  const answer = parseJsonObjectText(body);
  if (!answer.ok) return status === 500 ? { kind: "crashed", message: `with HTTP ${status}` } : { kind: "other" };
  const { code, status: health } = answer.value;
  if (typeof health === "string") return { kind: "ready" };
  if (code !== "config_invalid")
    return status === 500 ? { kind: "crashed", message: `with ${textOf(code)}` } : { kind: "other" };
  return { kind: "problems", problems: await readProblems(running) };
}

async function readProblems(running: RunningWorkers): Promise<readonly WorkerProblem[]> {
  for (let waitedMs = 0; waitedMs < LOG_DEADLINE_MS; waitedMs += 10) {
    const found = running.takeLogs().flatMap((line) => problemsIn(line));
    if (found.length > 0) return found;
    await delay(10);
  }
  return [{ variable: "the configuration", problem: "is refused, and the log does not say why" }];
}

/** The gateway's event of a request that it could not serve. */
function problemsIn(line: string): readonly WorkerProblem[] {
  const event = parseJsonObjectText(line);
  const refusal: unknown = event.ok ? event.value["refusal"] : undefined;
  const problems: readonly JsonObject[] = isJsonObject(refusal) ? objectsIn(refusal["problems"]) : [];
  return problems.map(({ variable, problem }) => ({ variable: textOf(variable), problem: textOf(problem) }));
}
