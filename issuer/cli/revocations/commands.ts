/** `sealgate revocations list | table`. What takes back is `sealgate token revoke`. */
import type { Command } from "commander";
import type { ExitCode } from "../exit-codes.ts";
import type { CliIo } from "../io.ts";
import { JSON_OPTION } from "../options.ts";
import { withRingOptions } from "../ring/context.ts";
import { listRevocations } from "./list.ts";
import type { ListOptions } from "./list.ts";
import { printOrCreateTable } from "./table.ts";
import type { TableCommandOptions } from "./table.ts";

export function addRevocationsCommands(program: Command, io: CliIo, setExitCode: (code: ExitCode) => void): void {
  const revocations = program.command("revocations").description("what is taken back, and the table that knows");
  withRingOptions(
    revocations
      .command("list")
      .description("show what counts by SEALGATE_REVOCATION_TABLE, and what of it the published list has"),
  )
    .option("--jti <jti>", "only the token with this jti")
    .option("--session <sid>", "only the session with this sid")
    .option("--subject <sub>", "only this subject")
    .option("--limit <number>", "how many entries to show, those that end last", "50")
    .option(...JSON_OPTION)
    .action(async (options: ListOptions) => setExitCode(await listRevocations(io, options)));

  revocations
    .command("table [name]")
    .description("print what the table has to be like, or make it; by default the one of SEALGATE_REVOCATION_TABLE")
    .option("--format <format>", '"cloudformation", or commands for "aws-cli"', "cloudformation")
    .option("--create", "make the table, where the AWS credentials lead to, and print that")
    .option(...JSON_OPTION)
    .action((argument: string | undefined, options: TableCommandOptions) => printOrCreateTable(io, argument, options));
}
