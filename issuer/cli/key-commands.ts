/** `sealgate key public`: the public half of a KMS key, for any verifier that takes PEM or a JWK. */
import type { Command } from "commander";
import { ALGS, findAlgorithm } from "../../shared/algorithms.ts";
import { exportPublicKey } from "../public-key.ts";
import { UsageError } from "./exit-codes.ts";
import { printJson } from "./io.ts";
import type { CliIo } from "./io.ts";
import { JSON_OPTION } from "./options.ts";

interface PublicOptions {
  readonly format: string;
  readonly alg?: string;
  readonly json?: boolean;
}

export function addKeyCommands(program: Command, io: CliIo): void {
  program
    .command("key")
    .description("keys in KMS")
    .command("public <key>")
    .description("print the public key of a KMS key (id, ARN, alias name or alias ARN)")
    .option("--format <format>", '"pem" or "jwk"', "pem")
    .option(
      "--alg <alg>",
      "the algorithm the key is bound to; the JWK of an RSA key, which KMS lets sign with six, needs it",
    )
    .option(...JSON_OPTION)
    .action(async (key: string, options: PublicOptions) => {
      const publicKey = await readPublicKey(key, options);
      if (options.json === true) printJson(io, { format: options.format, publicKey });
      else io.out(typeof publicKey === "string" ? publicKey : `${JSON.stringify(publicKey, undefined, 2)}\n`);
    });
}

async function readPublicKey(key: string, { format, alg }: PublicOptions): Promise<string | object> {
  if (format !== "pem" && format !== "jwk") throw new UsageError('--format must be "pem" or "jwk"');
  const bound = findAlgorithm(alg)?.alg;
  if (alg !== undefined && bound === undefined) throw new UsageError(`--alg must be one of ${ALGS.join(", ")}`);
  const options = bound === undefined ? {} : { alg: bound };
  return format === "pem" ? exportPublicKey(key, format, options) : exportPublicKey(key, format, options);
}
