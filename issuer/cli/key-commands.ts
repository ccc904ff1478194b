/** `sealgate key public`: the public half of a KMS key, for any verifier that takes PEM or a JWK. */
import type { Command } from "commander";
import { findAlgorithm } from "../../shared/algorithms.ts";
import { exportPublicKey } from "../public-key.ts";
import { UsageError } from "./exit-codes.ts";
import { printJson } from "./io.ts";
import type { CliIo } from "./io.ts";

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
    .option("--format <format>", "pem or jwk", "pem")
    .option("--alg <alg>", "the algorithm the JWK is bound to (needed for RSA keys, which KMS lets sign with six)")
    .option("--json", "one line of JSON: { format, publicKey }")
    .action(async (key: string, options: PublicOptions) => {
      const publicKey = await readPublicKey(key, options);
      if (options.json === true) printJson(io, { format: options.format, publicKey });
      else io.out(typeof publicKey === "string" ? publicKey : `${JSON.stringify(publicKey, undefined, 2)}\n`);
    });
}

async function readPublicKey(key: string, { format, alg }: PublicOptions): Promise<string | object> {
  if (format === "pem") return exportPublicKey(key, "pem");
  if (format !== "jwk") throw new UsageError('--format must be "pem" or "jwk"');
  if (alg === undefined) return exportPublicKey(key, "jwk");
  const algorithm = findAlgorithm(alg);
  if (algorithm === undefined) throw new UsageError(`--alg ${JSON.stringify(alg)} is not an algorithm of sealgate`);
  return exportPublicKey(key, "jwk", { alg: algorithm.alg });
}
