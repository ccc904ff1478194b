/**
 * One run of asynchronous work for all calls that ask for it at the same moment.
 *
 * A process can be frozen between two calls: AWS Lambda freezes it when an invocation ends, with everything that is under way
 * (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html). A run that an earlier invocation began may
 * be waiting for a connection that is long gone. Therefore a run is shared during its first second only, and a call whose
 * shared run fails gets one that began after the call did.
 *
 * In Workers each call begins its own run: a promise that another request has begun may never settle there.
 */
export interface SharedRun<Value> {
  /** Whether the run that began last is still going on. */
  readonly isUnderWay: boolean;
  /**
   * Shares the run that began less than a second ago, or begins one.
   * @returns what the run came to
   * @throws what the work throws, after a second run if the first one was shared
   */
  join(): Promise<Value>;
}

interface Run<Value> {
  readonly beganAt: number;
  readonly outcome: Promise<Value>;
}

/** For so long after its beginning a run is shared. */
export const SHARED_SECONDS = 1;

/**
 * @param work one run; asks `isOvertaken` before it keeps what it has found: true once a run that began later has ended
 * @param clock seconds since any time
 */
export function createSharedRun<Value>(
  work: (isOvertaken: () => boolean) => Promise<Value>,
  clock: () => number,
): SharedRun<Value> {
  let begun = 0;
  let newestEnded = 0;
  let latest: Run<Value> | undefined;

  function begin(): Run<Value> {
    const number = (begun += 1);
    const run = { beganAt: clock(), outcome: work(() => number < newestEnded) };
    const end = (): void => {
      newestEnded = Math.max(newestEnded, number);
      if (latest === run) latest = undefined;
    };
    run.outcome.then(end, end);
    latest = run;
    return run;
  }

  return {
    get isUnderWay() {
      return latest !== undefined;
    },
    async join() {
      // A clock that was set back makes the age of a run unknown.
      const isShared = !isWorkers() && latest !== undefined && Math.abs(clock() - latest.beganAt) < SHARED_SECONDS;
      if (latest === undefined || !isShared) return begin().outcome;
      try {
        return await latest.outcome;
      } catch {
        return (latest ?? begin()).outcome;
      }
    },
  };
}

/** A global of workerd's, under each compatibility date. */
export function isWorkers(): boolean {
  return "WebSocketPair" in globalThis;
}
