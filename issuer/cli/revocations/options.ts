/** What commands about taken-back tokens share: where the tables are, and what the rings' policies promise. */
import type { Command } from "commander";
import { readRevokingConfig } from "../../config/revoking.ts";
import type { RevokingConfig } from "../../config/revoking.ts";
import type { CliIo } from "../io.ts";
import { collectTexts, namedBy, withOptions } from "../options.ts";
import { readPolicyText } from "../ring/context.ts";

export interface TableOptions {
  readonly table?: readonly string[];
  readonly ring?: string | true;
  readonly policy?: string;
  readonly issuer?: string;
}

export function withTableOption(command: Command): Command {
  return command.option(
    "--table <table>",
    "table of taken-back tokens: name, or ARN for another Region; repeat it for each ring's (SEALGATE_REVOCATION_TABLE, separated by commas)",
    collectTexts,
  );
}

const OPTIONS = {
  SEALGATE_REVOCATION_TABLE: "--table",
  SEALGATE_ISSUER: "--issuer",
  SEALGATE_RING: "--ring",
  SEALGATE_POLICY: "--policy",
};

/** @throws SealgateError `config_invalid` naming everything that is missing or wrong; UsageError for a file that cannot be read */
export async function readRevoking(io: CliIo, options: TableOptions): Promise<RevokingConfig> {
  const { table, ring, issuer, policy } = options;
  const variables = {
    SEALGATE_REVOCATION_TABLE: table?.join(","),
    SEALGATE_ISSUER: issuer,
    SEALGATE_RING: ring === true ? undefined : ring,
    SEALGATE_POLICY: await readPolicyText(policy),
  };
  return readRevokingConfig(withOptions(io, variables), namedBy(OPTIONS));
}
