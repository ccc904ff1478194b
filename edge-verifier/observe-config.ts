/**
 * The vars and bindings that say what of a request can be seen, and by whom. All are off unless set; all problems are
 * reported at once and by the name of the variable; a value is never repeated.
 */
import { err, ok } from "../shared/result.ts";
import type { Result } from "../shared/result.ts";
import { isAbsent } from "./config-values.ts";
import type { Bindings, ConfigProblem } from "./config.ts";
import type { RateLimiter } from "./http/refusal-limit.ts";
import type { EventDataset } from "./observe/data-point.ts";
import { createSubjectHasher, MIN_HASH_KEY_LENGTH } from "./observe/subject-hash.ts";
import type { SubjectHasher } from "./observe/subject-hash.ts";

export interface Observation {
  /** Of the Worker's deployed version. */
  readonly version: string | undefined;
  readonly hashSubject: SubjectHasher | undefined;
  readonly dataset: EventDataset | undefined;
  readonly serverTiming: boolean;
  readonly refusalLimiter: RateLimiter | undefined;
}

/** @returns the settings, or every problem. */
export async function readObservation(env: Bindings): Promise<Result<Observation, readonly ConfigProblem[]>> {
  const problems: ConfigProblem[] = [];
  const report = (variable: string, problem: string): undefined => {
    problems.push({ variable, problem });
  };
  const { VERSION, EVENTS, REFUSALS, LOG_SUBJECT_HASH_KEY: hashKey } = env;
  const serverTiming = env["SERVER_TIMING"] ?? "false";
  if (serverTiming !== "true" && serverTiming !== "false") report("SERVER_TIMING", 'must be "true" or "false"');
  const dataset = isDataset(EVENTS) ? EVENTS : undefined;
  if (dataset === undefined && !isAbsent(EVENTS)) report("EVENTS", "must be an Analytics Engine binding");
  const refusalLimiter = isLimiter(REFUSALS) ? REFUSALS : undefined;
  if (refusalLimiter === undefined && !isAbsent(REFUSALS)) report("REFUSALS", "must be a rate limiting binding");
  let hashSubject: SubjectHasher | undefined;
  if (typeof hashKey === "string" && hashKey.length >= MIN_HASH_KEY_LENGTH) {
    hashSubject = await createSubjectHasher(hashKey);
  } else if (!isAbsent(hashKey)) {
    report("LOG_SUBJECT_HASH_KEY", `must be at least ${MIN_HASH_KEY_LENGTH} characters`);
  }
  if (problems.length > 0) return err(problems);
  const version = idOf(VERSION);
  return ok({ version, hashSubject, dataset, serverTiming: serverTiming === "true", refusalLimiter });
}

/** Version metadata; empty in local development. */
function idOf(value: unknown): string | undefined {
  const id = typeof value === "object" && value !== null && "id" in value ? value.id : undefined;
  return typeof id === "string" && id !== "" ? id : undefined;
}

function isDataset(value: unknown): value is EventDataset {
  return typeof value === "object" && value !== null && "writeDataPoint" in value;
}

function isLimiter(value: unknown): value is RateLimiter {
  return typeof value === "object" && value !== null && "limit" in value;
}
