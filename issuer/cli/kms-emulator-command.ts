/** `sealgate kms-emulator`: KMS's wire protocol on loopback, for development and tests. */
import { once } from "node:events";
import type { Command } from "commander";
import { startKmsEmulator } from "../kms-emulator/index.ts";
import { parseWholeNumber } from "../../shared/whole-number.ts";
import { UsageError } from "./exit-codes.ts";
import { printJson } from "./io.ts";
import type { CliIo } from "./io.ts";
import { JSON_OPTION } from "./options.ts";

interface Options {
  readonly port: string;
  readonly stateFile?: string;
  readonly json?: boolean;
}

export function addKmsEmulatorCommand(program: Command, io: CliIo): void {
  program
    .command("kms-emulator")
    .description("run the embedded KMS on loopback until Ctrl-C (development only: it is not a KMS)")
    .option("--port <number>", "port to listen on; 0 takes a free one", "0")
    .option("--state-file <path>", "keep keys in this file (mode 0600), not only in memory")
    .option(...JSON_OPTION)
    .action(async (options: Options) => {
      const emulator = await startKmsEmulator({
        port: parsePort(options.port),
        ...(options.stateFile === undefined ? {} : { stateFile: options.stateFile }),
      });
      if (options.json === true) printJson(io, { url: emulator.url, region: emulator.region });
      else io.out(`AWS_ENDPOINT_URL_KMS=${emulator.url}\n`);
      io.err(`${emulator.banner()}\nCtrl-C stops it.\n`);
      if (!io.interrupted.aborted) await once(io.interrupted, "abort");
      await emulator.close();
    });
}

function parsePort(text: string): number {
  const port = parseWholeNumber(text, 0);
  if (port === undefined || port > 65_535) throw new UsageError("--port must be a number from 0 to 65535");
  return port;
}
