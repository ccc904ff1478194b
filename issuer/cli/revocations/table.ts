/** `sealgate revocations table`: what the table of taken-back tokens has to be like, for other tools, or making it. */
import { valueOf } from "../../config/environment.ts";
import { createRevocationTable, tableRequests, tableResource } from "../../revocations/dynamodb/table.ts";
import { isTable } from "../../revocations/dynamodb/store.ts";
import { UsageError } from "../exit-codes.ts";
import { printJson } from "../io.ts";
import type { CliIo } from "../io.ts";

export interface TableCommandOptions {
  readonly format: string;
  readonly create?: boolean;
  readonly json?: boolean;
}

const DEFAULT_NAME = "sealgate-revocations";

export async function printOrCreateTable(
  io: CliIo,
  argument: string | undefined,
  options: TableCommandOptions,
): Promise<void> {
  const name = takeName(argument ?? valueOf(io.env, "SEALGATE_REVOCATION_TABLE") ?? DEFAULT_NAME);
  const { format, json = false } = options;
  if (format !== "cloudformation" && format !== "aws-cli") {
    throw new UsageError('--format must be "cloudformation" or "aws-cli"');
  }
  if (options.create === true) return create(io, name, json);
  if (json) return printJson(io, tableRequests(name));
  if (format === "aws-cli") return io.out(describeCommands(name));
  io.out(`${JSON.stringify({ Resources: { RevocationTable: tableResource(name) } }, undefined, 2)}\n`);
}

function takeName(text: string): string {
  // An ARN has colons.
  if (isTable(text) && !text.includes(":")) return text;
  throw new UsageError(
    "[name] (or SEALGATE_REVOCATION_TABLE) must be the name of one table: 3 to 255 of a-z, A-Z, 0-9, _, - and .",
  );
}

async function create(io: CliIo, name: string, json: boolean): Promise<void> {
  const created = await createRevocationTable(name, (ms) => io.sleep(ms));
  if (json) printJson(io, { table: name, created });
  else io.out(`${created ? "created" : "is there already"}: ${name}\n`);
  io.err(
    `Now: set SEALGATE_REVOCATION_TABLE=${name} for the rotator. Gateways may require the list once ` +
      "`sealgate ring status` says so.\n",
  );
}

/** For a POSIX shell. No value holds a quotation mark. */
function describeCommands(name: string): string {
  const { createTable, updateTimeToLive, updateContinuousBackups } = tableRequests(name);
  const lines = [
    `aws dynamodb create-table --cli-input-json '${JSON.stringify(createTable)}'`,
    `aws dynamodb wait table-exists --table-name ${name}`,
    `aws dynamodb update-time-to-live --cli-input-json '${JSON.stringify(updateTimeToLive)}'`,
    `aws dynamodb update-continuous-backups --cli-input-json '${JSON.stringify(updateContinuousBackups)}'`,
  ];
  return `${lines.join("\n")}\n`;
}
