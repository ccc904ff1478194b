/**
 * CPU time of another process, all of its threads together, seen from outside: the clock inside a Worker stands still while
 * code runs, and wall time on a shared machine measures the neighbours too. Linux only; elsewhere the caller is told.
 */
import { readdirSync, readFileSync } from "node:fs";

/** Reads the CPU time that a process has used since it started, in microseconds. */
export interface CpuClock {
  /** How the numbers are come by, for the report. */
  readonly source: "schedstat" | "stat" | "wall";
  readonly resolutionUs: number;
  read(): number;
}

/** USER_HZ: the unit of /proc/<pid>/stat on every Linux of today (proc_pid_stat(5)). */
const TICK_US = 10_000;

/**
 * The most precise clock there is for the process: the scheduler's nanoseconds per thread, the ticks of `stat`, or (where
 * there is no /proc) the wall clock, which is only right on a machine that does nothing else.
 */
export function cpuClockOf(pid: number): CpuClock {
  if (tryRead(() => readSchedstat(pid)) !== undefined) {
    return { source: "schedstat", resolutionUs: 1, read: () => readSchedstat(pid) };
  }
  if (tryRead(() => readStat(pid)) !== undefined) {
    return { source: "stat", resolutionUs: TICK_US, read: () => readStat(pid) };
  }
  return { source: "wall", resolutionUs: 1, read: () => performance.now() * 1000 };
}

/** Children of this process with the given command name, newest last. Empty where there is no /proc. */
export function childrenNamed(command: string): readonly number[] {
  const pids = tryRead(() => readdirSync("/proc").filter((name) => /^\d+$/.test(name))) ?? [];
  const children = pids.filter((pid) => {
    const stat = tryRead(() => readFileSync(`/proc/${pid}/stat`, "utf8")) ?? "";
    return stat.includes(`(${command})`) && fieldsOf(stat)[1] === String(process.pid);
  });
  return children.map(Number).toSorted((a, b) => a - b);
}

/** First field of each thread's schedstat: nanoseconds on a CPU (Documentation/scheduler/sched-stats.rst). */
function readSchedstat(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${String(pid)}/task`)) {
    const text = tryRead(() => readFileSync(`/proc/${String(pid)}/task/${thread}/schedstat`, "utf8")) ?? "0";
    nanoseconds += Number(text.slice(0, text.indexOf(" ")));
  }
  if (!(nanoseconds > 0)) throw new Error("no schedstat for the process");
  return nanoseconds / 1000;
}

/** utime and stime, fields 14 and 15. */
function readStat(pid: number): number {
  const fields = fieldsOf(readFileSync(`/proc/${String(pid)}/stat`, "utf8"));
  return (Number(fields[11]) + Number(fields[12])) * TICK_US;
}

/** The fields after the command's name, which may itself hold spaces and brackets. */
function fieldsOf(stat: string): readonly string[] {
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function tryRead<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
