/** What a command says while it waits: a line for each new reason, and at a terminal a bar below it that counts down. */
import { addSeconds } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { paint } from "./io.ts";
import type { CliIo } from "./io.ts";
import { describeDuration } from "../words/time.ts";
import { describeNotBefore } from "./ring/describe.ts";

export interface Wait {
  /** What is waited for, as a sentence. */
  readonly why: string;
  /** When that can be, if it is known. */
  readonly notBefore: EpochSeconds | undefined;
  readonly now: EpochSeconds;
  readonly seconds: number;
}

export interface Progress {
  /** Waits, or until Ctrl-C. */
  readonly wait: (wait: Wait) => Promise<void>;
  /** Clears the bar: before anything else is printed. */
  readonly end: () => void;
}

/** Back to the start of the line, and clear it (ECMA-48 section 8.3.41). */
const CLEAR = "\r\u001B[2K";

/** Cells of the bar: with the time behind it the line fits every terminal, since a longer one could not be cleared. */
const BAR_CELLS = 30;

export function createProgress(io: CliIo): Progress {
  let shown = "";
  let since: EpochSeconds | undefined;
  return {
    async wait(wait) {
      if (wait.why !== shown) {
        if (io.stderrIsTerminal) io.err(CLEAR);
        io.err(`${reasonOf(io, wait)}\n`);
        since = wait.now;
      }
      shown = wait.why;
      if (!io.stderrIsTerminal) return io.sleep(wait.seconds * 1000, io.interrupted);
      for (let passed = 0; passed < wait.seconds && !io.interrupted.aborted; passed += 1) {
        io.err(`${CLEAR}${barOf(since ?? wait.now, wait.notBefore, addSeconds(wait.now, passed))}`);
        await io.sleep(Math.min(1, wait.seconds - passed) * 1000, io.interrupted);
      }
    },
    end() {
      if (io.stderrIsTerminal && shown !== "") io.err(CLEAR);
    },
  };
}

function reasonOf(io: CliIo, { why, notBefore, now }: Wait): string {
  const when = notBefore === undefined ? "" : ` ${describeNotBefore(notBefore, now)}`;
  return `${paint(io, "yellow", "waiting")}: ${why}${when}`.trimEnd();
}

/** How much of the wait is over, and what is left; without an end, since when it waits. */
function barOf(since: EpochSeconds, notBefore: EpochSeconds | undefined, now: EpochSeconds): string {
  if (notBefore === undefined) return `for ${describeDuration(now - since)}`;
  const done = Math.min(1, Math.max(0, (now - since) / Math.max(1, notBefore - since)));
  const cells = Math.floor(done * BAR_CELLS);
  return `[${"#".repeat(cells)}${"-".repeat(BAR_CELLS - cells)}] ${describeDuration(Math.max(0, notBefore - now))} left`;
}
