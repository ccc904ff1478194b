/**
 * Starts the load generator and gives it jobs. It runs in a process of its own, so that what it costs is not measured as
 * what it asks for.
 */
import { startChild } from "./child.ts";
import type { Child } from "./child.ts";
import type { LoadJob, LoadResult } from "./load-process.ts";

export type LoadGenerator = Child<LoadJob, LoadResult>;

export function startLoadGenerator(): LoadGenerator {
  return startChild<LoadJob, LoadResult>("lib/load-process.ts", isResult);
}

function isResult(message: object): message is LoadResult {
  return "wallMs" in message && "p50Ms" in message && "p99Ms" in message;
}
