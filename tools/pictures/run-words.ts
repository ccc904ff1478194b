/** Where the numbers of a chart are from. */
import type { BenchRun } from "../../bench/lib/run.ts";

export function describeRun({ run, date, machine }: BenchRun): string {
  return `${run} run, ${date}, ${machine.cores} cores, Node ${machine.node.replace(/^v/, "")}`;
}
