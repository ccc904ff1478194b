/**
 * What a command may touch of the process: environment, standard streams, the clock. Commands get it passed in, so that
 * they run the same in a test. Data goes to stdout, everything else to stderr.
 */
import { styleText } from "node:util";
import type { JwkSetFetch } from "../../shared/foreign/fetch-keys.ts";
import { UsageError } from "./exit-codes.ts";

export interface CliIo {
  /** The version of sealgate. */
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly readStdin: () => Promise<string>;
  /** Standard input as it comes, cut anywhere. */
  readonly stdinChunks: () => AsyncIterable<string>;
  /** One line that a person types; empty when there is none. */
  readonly readLine: () => Promise<string>;
  /** Whether a person sits at stdin, who has to be told that a command waits. */
  readonly stdinIsTerminal: boolean;
  /** Whether a person reads the answer: programs get the same without bars and colours. */
  readonly stdoutIsTerminal: boolean;
  /** Whether a person reads the messages: programs get the audit lines there instead. */
  readonly stderrIsTerminal: boolean;
  /** Whether messages may be coloured, see {@link wantsColor}. */
  readonly color: boolean;
  readonly nowMs: () => number;
  /** Milliseconds from any origin, never set back; the host's when left out. */
  readonly monotonicMs?: () => number;
  /** For commands that ask another issuer; the platform's when left out. */
  readonly fetch?: JwkSetFetch;
  /** Waits, or until the signal is aborted. */
  readonly sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Aborted by the first Ctrl-C. Commands are left then, except those that end in order by themselves. */
  readonly interrupted: AbortSignal;
  /** Aborted once nothing reads stdout any more: a command that would run until Ctrl-C ends then, in order. */
  readonly readerGone?: AbortSignal;
}

type Style = Parameters<typeof styleText>[0];

/** Messages are coloured for a person at a terminal who has not set NO_COLOR to anything (https://no-color.org). */
export function wantsColor(env: CliIo["env"], stderrIsTerminal: boolean): boolean {
  return stderrIsTerminal && (env["NO_COLOR"] ?? "") === "";
}

/** Styles text, or leaves it alone where colour is off. */
export function paint(io: CliIo, style: Style, text: string): string {
  return io.color ? styleText(style, text, { validateStream: false }) : text;
}

/** One line of JSON on stdout. */
export function printJson(io: CliIo, value: unknown): void {
  io.out(`${JSON.stringify(value)}\n`);
}

/**
 * The argument itself, or standard input for `-`, or for nothing when something is piped in.
 * @throws UsageError when there is neither
 */
export async function argumentOrStdin(io: CliIo, argument: string | undefined, name: string): Promise<string> {
  if (argument !== undefined && argument !== "-") return argument.replace(BEARER, "");
  if (argument === undefined && io.stdinIsTerminal) {
    throw new UsageError(`needs a ${name}: as an argument, or on standard input`);
  }
  const text = (await io.readStdin()).trim();
  // A command that has failed leaves an empty file.
  if (text === "") throw new UsageError(`needs a ${name}: standard input is empty`);
  return text.replace(BEARER, "");
}

/** What stands before a token in the header that it was copied from. */
const BEARER = /^Bearer\s+/i;
