/** What a command says while it waits: one line that counts down at a terminal, and a line for each new reason elsewhere. */
import { addSeconds } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { paint } from "./io.ts";
import type { CliIo } from "./io.ts";
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
  /** Clears the line: before anything else is printed. */
  readonly end: () => void;
}

/** Back to the start of the line, and clear it (ECMA-48 section 8.3.41). */
const CLEAR = "\r\u001B[2K";

export function createProgress(io: CliIo): Progress {
  let shown = "";
  const lineOf = ({ why, notBefore }: Wait, now: EpochSeconds): string => {
    const when = notBefore === undefined ? "" : ` ${describeNotBefore(notBefore, now)}`;
    return `${paint(io, "yellow", "waiting")}: ${why}${when}`.trimEnd();
  };
  return {
    async wait(wait) {
      const isNew = wait.why !== shown;
      shown = wait.why;
      if (!io.stderrIsTerminal) {
        if (isNew) io.err(`${lineOf(wait, wait.now)}\n`);
        await io.sleep(wait.seconds * 1000, io.interrupted);
        return;
      }
      for (let passed = 0; passed < wait.seconds && !io.interrupted.aborted; passed += 1) {
        io.err(`${CLEAR}${lineOf(wait, addSeconds(wait.now, passed))}`);
        await io.sleep(Math.min(1, wait.seconds - passed) * 1000, io.interrupted);
      }
    },
    end() {
      if (io.stderrIsTerminal && shown !== "") io.err(CLEAR);
      shown = "";
    },
  };
}
