/**
 * The commands of `sealgate` put together, and the one place where an error or Ctrl-C becomes a message and an exit code.
 * No message repeats a token, whatever command or library it comes from.
 */
import { Command, CommanderError } from "commander";
import { SealgateError, explain } from "../errors.ts";
import { KmsEmulatorError } from "../kms-emulator/index.ts";
import { addConsoleCommand } from "../console/command.ts";
import { addCheckCommand } from "./check/command.ts";
import { addCompletion } from "./completion.ts";
import { addExamples } from "./examples.ts";
import { EXIT, UsageError, exitCodeOf } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";
import { addHelpCommand } from "./help.ts";
import { paint, printJson } from "./io.ts";
import type { CliIo } from "./io.ts";
import { addIssuersCommands } from "./issuers/command.ts";
import { addKeyCommands } from "./key-commands.ts";
import { addKmsEmulatorCommand } from "./kms-emulator-command.ts";
import { addNewCommand } from "./new/command.ts";
import { addRingCommands, withKidLast } from "./ring/commands.ts";
import { addServeCommand } from "./serve-command.ts";
import { addRevocationsCommands } from "./revocations/commands.ts";
import { withoutTokens } from "../words/text.ts";
import { addTokenCommands } from "./token-commands.ts";

/** Commands that run until Ctrl-C: then they end in order, and successfully. */
function runsUntilInterrupted(command: Command): boolean {
  return (
    ["serve", "console", "kms-emulator"].includes(command.name()) ||
    command.opts<{ readonly watch?: boolean }>().watch === true
  );
}

/**
 * An empty text would stand for the default: `--ring "$RING"` without a RING for the ring "main". Only of `--env` is it a value, as it is
 * for wrangler: the top level of the configuration.
 * @throws UsageError that names the empty option
 */
function requireTexts(command: Command): void {
  const empty = command.options.find((option) => {
    const value: unknown = command.getOptionValue(option.attributeName());
    return option.long !== "--env" && (value === "" || (Array.isArray(value) && value.includes("")));
  });
  if (empty !== undefined) throw new UsageError(`${empty.long} is empty: give it a value, or leave it out`);
}

/**
 * Runs one command line.
 * @param argv the arguments after the program's name
 * @returns the exit code
 */
export async function runCli(argv: readonly string[], given: CliIo): Promise<ExitCode> {
  const end = new AbortController();
  const io: CliIo = { ...given, interrupted: end.signal, err: (text) => given.err(withoutTokens(text)) };
  const state = { code: EXIT.ok as ExitCode, endsInOrder: false };
  if (given.interrupted.aborted) end.abort();
  else given.interrupted.addEventListener("abort", () => end.abort(), { once: true });
  given.readerGone?.addEventListener("abort", () => {
    if (state.endsInOrder) end.abort();
  });
  const program = createProgram(io, (code) => {
    state.code = code;
  });
  program.hook("preAction", (_program, command) => {
    requireTexts(command);
    state.endsInOrder = runsUntilInterrupted(command);
  });
  try {
    const work = program.parseAsync(withKidLast(argv), { from: "user" });
    await Promise.race([work, interruption(io.interrupted, () => state.endsInOrder)]);
    return state.code;
  } catch (error) {
    return report(io, error, argv.includes("--json"));
  }
}

/** All commands, not yet run. `setExitCode` lets a command end with another code than 0 without having failed. */
export function createProgram(io: CliIo, setExitCode: (code: ExitCode) => void): Command {
  const program = new Command("sealgate")
    .description("Tokens sealed in AWS KMS, checked at the edge.")
    .version(io.version, "-V, --version", "print the version")
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showHelpAfterError("(add --help for the options)")
    .addHelpText("after", EXIT_CODE_HELP);
  addTokenCommands(program, io, setExitCode);
  addKeyCommands(program, io);
  addRingCommands(program, io, setExitCode);
  addRevocationsCommands(program, io, setExitCode);
  addNewCommand(program, io);
  addCheckCommand(program, io, setExitCode);
  addIssuersCommands(program, io);
  addServeCommand(program, io);
  addConsoleCommand(program, io);
  addKmsEmulatorCommand(program, io);
  addHelpCommand(program);
  addCompletion(program);
  addExamples(program);
  return program;
}

const EXIT_CODE_HELP = `
Exit codes: 0 ok, 1 failure, 2 usage or configuration, 3 token invalid, 4 not converged,
5 credentials refused, 130 interrupted.
Data goes to stdout, messages to stderr; "-" reads from stdin; NO_COLOR is respected.`;

class Interrupted extends Error {}

/** Rejects at Ctrl-C, unless the command ends in order by itself. */
function interruption(signal: AbortSignal, endsInOrder: () => boolean): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const leave = (): void => {
    if (!endsInOrder()) reject(new Interrupted("stopped by Ctrl-C before it was done"));
  };
  if (signal.aborted) leave();
  else signal.addEventListener("abort", leave, { once: true });
  return promise;
}

function report(io: CliIo, error: unknown, json: boolean): ExitCode {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
  const code = codeOf(error);
  const message = withoutTokens(messageOf(error));
  if (json) printJson(io, { error: { code, message } });
  if (error instanceof CommanderError) return EXIT.usage;
  io.err(`${paint(io, "red", "error")} ${code}: ${message}\n`);
  if (error instanceof UsageError) io.err("(add --help for the options)\n");
  return error instanceof Interrupted ? EXIT.interrupted : exitCodeOf(error);
}

function codeOf(error: unknown): string {
  if (error instanceof SealgateError || error instanceof KmsEmulatorError) return error.code;
  if (error instanceof Interrupted) return "interrupted";
  return error instanceof UsageError || error instanceof CommanderError ? "usage_invalid" : "unexpected";
}

/** One line or two: what happened, and the dependency's own words where a fault keeps them. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return "a failure without a message";
  if (error instanceof CommanderError) return error.message.replace(/^error: /, "");
  return explain(error);
}
