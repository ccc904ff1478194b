/** `sealgate issuers add`: finds out what an issuer says of itself, and prints the entry of `FOREIGN_ISSUERS`. Needs no AWS. */
import type { Command } from "commander";
import type { JwkSetFetch } from "../../../shared/foreign/fetch-keys.ts";
import { SealgateError } from "../../errors.ts";
import { UsageError } from "../exit-codes.ts";
import { paint, printJson } from "../io.ts";
import type { CliIo } from "../io.ts";
import { collectTexts, JSON_OPTION } from "../options.ts";
import { discoverIssuer } from "./discover.ts";
import { makeEntry } from "./entry.ts";

interface AddOptions {
  readonly audience?: readonly string[];
  readonly clientId?: readonly string[];
  readonly claim?: readonly string[];
  readonly jwksUri?: string;
  readonly json?: boolean;
}

/** Adds the `issuers` commands. */
export function addIssuersCommands(program: Command, io: CliIo): void {
  program
    .command("issuers")
    .description("other issuers whose tokens a gateway accepts")
    .command("add <url>")
    .description("look an issuer up, check it, and print its entry for FOREIGN_ISSUERS")
    .option("--audience <aud>", "what access tokens for your API have as aud; repeat it for several", collectTexts)
    .option("--client-id <id>", "client that may call your API, for tokens without aud; repeat it", collectTexts)
    .option("--claim <name=value>", "claim that a token must have, with an accepted value; repeat it", collectTexts)
    .option("--jwks-uri <url>", "where its keys are, if it has no discovery document")
    .option(...JSON_OPTION)
    .action(async (url: string, options: AddOptions) => add(io, url, options));
}

/** Looked up when it is called, so that a test may put another in its place. */
const fetchOfPlatform: JwkSetFetch = (url, request) => fetch(url, request);

async function add(io: CliIo, url: string, options: AddOptions): Promise<void> {
  const { audience: audiences = [], clientId: clientIds = [], claim = [], jwksUri, json = false } = options;
  const claims = readClaims(claim);
  if (!URL.canParse(url)) throw new UsageError("<url> must be an absolute URL, such as https://login.example.com");
  const found = await discoverIssuer(url, jwksUri, io.fetch ?? fetchOfPlatform);
  if (!found.ok) throw new SealgateError("foreign_issuer_unusable", `${found.error}.`);
  const entry = makeEntry(found.value, { audiences, clientIds, claims });
  if (!entry.ok) throw new UsageError(entry.error.join("; "));
  if (json) return printJson(io, entry.value);
  const { usableKeys, skipped } = found.value;
  io.out(`${JSON.stringify(entry.value, undefined, 2)}\n`);
  const left =
    skipped.length === 0 ? "" : ` (${skipped.length} left out: ${skipped.map(({ problem }) => problem).join(", ")})`;
  io.err(`${paint(io, "green", "checked")} ${usableKeys} usable key${usableKeys === 1 ? "" : "s"}${left}\n`);
  io.err(
    `Add the entry to the JSON array of FOREIGN_ISSUERS, the feature foreignIssuers to features.ts, and the issuer to the rules that accept it: issuers: ["own", ${JSON.stringify(entry.value.issuer)}].\n`,
  );
}

/** `name=value`, of which a name may come several times. */
function readClaims(texts: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const pairs = texts.map((text) => {
    const [, name, value] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined) throw new UsageError("--claim must be a name, = and a value");
    return { name, value };
  });
  const byName = Map.groupBy(pairs, ({ name }) => name);
  return Object.fromEntries([...byName].map(([name, all]) => [name, all.map(({ value }) => value)]));
}
