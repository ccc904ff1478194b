/** What a soak run has to show, and how it is told. Pure. */
import type { SoakReport } from "./soak.ts";

/** What is wrong with a run, one line each; empty when it is as it should be. */
export function problemsOf(report: SoakReport): readonly string[] {
  const { tally, deeds, badAtOrigin } = report;
  const problems: string[] = [];
  const mustBeNone = (what: string, counts: Readonly<Record<string, number>>): void => {
    for (const [how, count] of Object.entries(counts)) problems.push(`${what}: ${count} × ${how}`);
  };
  mustBeNone("good tokens refused", tally.goodRefused);
  mustBeNone("bad tokens accepted", tally.badAccepted);
  if (badAtOrigin > 0) problems.push(`bad tokens at the origin: ${badAtOrigin}`);
  // A run in which nothing happened shows nothing.
  if (tally.goodPassed === 0) problems.push("no good token has passed");
  if (tally.badRefused === 0) problems.push("no bad token was refused");
  if (deeds.rotations === 0) problems.push("the run was too short for a rotation");
  return problems;
}

/** The report for people. */
export function describeReport(report: SoakReport): string {
  const { tally, deeds, memoryMib: memory, badAtOrigin } = report;
  const { p50, p90, p99, max } = tally.latencies();
  const lines = [
    `requests              ${tally.requests}`,
    `good tokens           ${tally.goodPassed} passed, ${total(tally.goodRefused)} refused (must be 0)`,
    `bad tokens            ${tally.badRefused} refused, ${total(tally.badAccepted) + badAtOrigin} accepted (must be 0)`,
    `5xx                   ${tally.serverErrors}`,
    `answers               ${describeCounts(tally.answers)}`,
    `latency, ms           p50 ${round(p50)}  p90 ${round(p90)}  p99 ${round(p99)}  max ${round(max)}`,
    `workerd memory, MiB   ${memory === undefined ? "not known on this system" : describeMemory(memory)}`,
    `tokens signed         ${report.signed}; not signed: ${describeCounts(report.signFailures)}`,
    `documents published   ${report.documents}`,
    `rotations             ${deeds.rotations}`,
    `keys withdrawn        ${deeds.withdrawals}; refused after ${round(deeds.longestRevocationMs)} ms at most`,
    `faults                KV overwritten ${deeds.kvOverwritten}, KV emptied ${deeds.kvEmptied}, ` +
      `KMS throttled ${deeds.kmsThrottled}, origin ${deeds.originFaults}`,
  ];
  return lines.join("\n");
}

function describeMemory(fifths: NonNullable<SoakReport["memoryMib"]>): string {
  const growth = (fifths.at(-1) ?? 0) - (fifths[0] ?? 0);
  return `${fifths.map(round).join(", ")} after each fifth of the run: growth ${round(growth)}`;
}

function describeCounts(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts).toSorted(([, one], [, other]) => other - one);
  return entries.length === 0 ? "none" : entries.map(([what, count]) => `${count} × ${what}`).join(", ");
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function round(value: number): string {
  return value.toFixed(1);
}
