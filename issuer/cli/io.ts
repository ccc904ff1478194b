/**
 * What a command may touch of the process: environment, standard streams, the clock. Commands get it passed in, so that
 * they run the same in a test. Data goes to stdout, everything else to stderr.
 */
import { styleText } from "node:util";

export interface CliIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly readStdin: () => Promise<string>;
  /** Whether stderr and stdout may be coloured (a terminal, and NO_COLOR unset; https://no-color.org). */
  readonly color: boolean;
  readonly nowMs: () => number;
  /** Aborted by the first Ctrl-C; a command that runs on stops then. */
  readonly interrupted: AbortSignal;
}

type Style = Parameters<typeof styleText>[0];

/** Styles text, or leaves it alone where colour is off. */
export function paint(io: CliIo, style: Style, text: string): string {
  return io.color ? styleText(style, text, { validateStream: false }) : text;
}

/** The value of an option, or of the environment variable that stands in for it. */
export function fromEnv(io: CliIo, value: string | undefined, name: string): string | undefined {
  const text = value ?? io.env[name];
  return text === undefined || text === "" ? undefined : text;
}

/** One line of JSON on stdout. */
export function printJson(io: CliIo, value: unknown): void {
  io.out(`${JSON.stringify(value)}\n`);
}

/** The argument itself, or standard input for `-` or nothing. */
export async function argumentOrStdin(io: CliIo, argument: string | undefined): Promise<string> {
  if (argument !== undefined && argument !== "-") return argument;
  return (await io.readStdin()).trim();
}
