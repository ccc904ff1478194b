/** What a soak run counts: answers by kind of token, latencies, and the verdict. Pure bookkeeping. */

export interface Answer {
  /** "good", or "bad-" and why. */
  readonly kind: string;
  /** 0: no answer came. */
  readonly status: number;
  /** The code of the problem, or where the answer came from. */
  readonly code: string;
  readonly latencyMs: number;
}

export interface Latencies {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface Tally {
  record(answer: Answer): void;
  readonly requests: number;
  readonly goodPassed: number;
  /** Good tokens that the gateway itself did not let through: by status and code. Must be empty. */
  readonly goodRefused: Readonly<Record<string, number>>;
  readonly badRefused: number;
  /** Bad tokens answered with neither 401 nor a fault: by kind and status. Must be empty; the origin counts the rest. */
  readonly badAccepted: Readonly<Record<string, number>>;
  /** Every answer, by status and code. */
  readonly answers: Readonly<Record<string, number>>;
  readonly serverErrors: number;
  /** Of good tokens that passed, in milliseconds. */
  latencies(): Latencies;
}

/** The origin failed, not the gateway: the token had passed. */
const ORIGIN_FAULTS: readonly string[] = ["502 origin_unreachable", "504 origin_timeout", "503 from the origin"];

export function createTally(): Tally {
  const answers: Record<string, number> = {};
  const goodRefused: Record<string, number> = {};
  const badAccepted: Record<string, number> = {};
  const passes: number[] = [];
  const counts = { requests: 0, goodPassed: 0, badRefused: 0, serverErrors: 0 };

  return {
    record({ kind, status, code, latencyMs }) {
      const what = `${status} ${code}`;
      counts.requests += 1;
      add(answers, what);
      if (status >= 500) counts.serverErrors += 1;
      if (kind !== "good") {
        if (status === 401) counts.badRefused += 1;
        else if (status > 0 && status < 500) add(badAccepted, `${kind}: ${what}`);
      } else if (status === 200) {
        counts.goodPassed += 1;
        passes.push(latencyMs);
      } else if (!ORIGIN_FAULTS.includes(what)) add(goodRefused, what);
    },
    get requests() {
      return counts.requests;
    },
    get goodPassed() {
      return counts.goodPassed;
    },
    get badRefused() {
      return counts.badRefused;
    },
    get serverErrors() {
      return counts.serverErrors;
    },
    goodRefused,
    badAccepted,
    answers,
    latencies() {
      const sorted = passes.toSorted((one, other) => one - other);
      const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
      return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: sorted.at(-1) ?? 0 };
    },
  };
}

function add(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
