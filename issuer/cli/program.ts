/** The commands of `sealgate` put together, and the one place where an error becomes a message and an exit code. */
import { Command, CommanderError } from "commander";
import { SealgateError } from "../errors.ts";
import { EXIT, exitCodeOf } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";
import { paint, printJson } from "./io.ts";
import type { CliIo } from "./io.ts";
import { addKeyCommands } from "./key-commands.ts";
import { addKmsEmulatorCommand } from "./kms-emulator-command.ts";
import { addTokenCommands } from "./token-commands.ts";

/**
 * Runs one command line.
 * @param argv the arguments after the program's name
 * @returns the exit code
 */
export async function runCli(argv: readonly string[], io: CliIo): Promise<ExitCode> {
  const outcome: { code: ExitCode } = { code: EXIT.ok };
  const program = createProgram(io, (code) => {
    outcome.code = code;
  });
  try {
    await program.parseAsync(argv, { from: "user" });
    return outcome.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    report(io, error, argv.includes("--json"));
    return exitCodeOf(error);
  }
}

function createProgram(io: CliIo, setExitCode: (code: ExitCode) => void): Command {
  const program = new Command("sealgate")
    .description("Tokens sealed in AWS KMS, checked at the edge.")
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showHelpAfterError("(add --help for the options)")
    .addHelpText("after", EXIT_CODE_HELP);
  addTokenCommands(program, io, setExitCode);
  addKeyCommands(program, io);
  addKmsEmulatorCommand(program, io);
  return program;
}

const EXIT_CODE_HELP = `
Exit codes: 0 ok, 1 failure, 2 usage or configuration, 3 token invalid, 4 not converged,
5 credentials refused, 130 interrupted.
Data goes to stdout, messages to stderr; "-" reads from stdin; NO_COLOR is respected.`;

function report(io: CliIo, error: unknown, json: boolean): void {
  const code = error instanceof SealgateError ? error.code : "failed";
  const message = error instanceof Error ? error.message : "unknown failure";
  if (json) printJson(io, { error: { code, message } });
  io.err(`${paint(io, "red", "error")} ${code}: ${message}\n`);
}
