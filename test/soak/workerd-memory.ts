/** Resident memory of the workerd processes that this process has started, from Linux's /proc. Elsewhere it is not known. */
import { readdirSync, readFileSync } from "node:fs";

/** Resident set size of all workerd descendants, in MiB; undefined where /proc does not tell or none is running. */
export function workerdRssMib(): number | undefined {
  const processes = readProcesses();
  const ours = new Set([process.pid]);
  // Parents may stand after their children in the list; a few rounds find every generation.
  for (let before = 0; before < ours.size;) {
    before = ours.size;
    for (const { pid, parent } of processes) if (ours.has(parent)) ours.add(pid);
  }
  const kilobytes = processes
    .filter(({ pid, name }) => ours.has(pid) && name === "workerd")
    .map(({ pid }) => rssKilobytes(pid));
  return kilobytes.length === 0 ? undefined : kilobytes.reduce((sum, one) => sum + one, 0) / 1024;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
}

function readProcesses(): readonly Process[] {
  return listProc().flatMap((entry) => {
    const status = readStatus(entry);
    const parent = /^PPid:\s+(\d+)$/m.exec(status)?.[1];
    const name = /^Name:\s+(.+)$/m.exec(status)?.[1];
    return parent === undefined || name === undefined ? [] : [{ pid: Number(entry), parent: Number(parent), name }];
  });
}

function listProc(): readonly string[] {
  try {
    return readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  } catch {
    return [];
  }
}

function rssKilobytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readStatus(String(pid)))?.[1] ?? 0);
}

/** Empty for a process that has ended meanwhile. */
function readStatus(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, "utf8");
  } catch {
    return "";
  }
}
