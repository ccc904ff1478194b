/**
 * The examples that `--help` prints, by the words of the command. Each line stands in docs/cli.md as well, whose blocks a test
 * executes with the packed package.
 */
import type { Command } from "commander";

export const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  "token sign": [
    `sealgate token sign --ring --audience https://api.example.com --claims '{"sub":"user-1","scope":"orders"}' > token`,
    "sealgate token sign --ring --audience https://api.example.com --ttl 5m > ring-token",
    "sealgate token sign --key alias/my-signing-key --alg ES256 --audience https://api.example.com > key-token",
  ],
  "token verify": [
    "sealgate token verify --ring --audience https://api.example.com < ring-token",
    "sealgate token verify --key alias/my-signing-key --alg ES256 --audience https://api.example.com < key-token",
  ],
  "token inspect": ["sealgate token inspect < token", "sealgate token inspect --json < token | jq .times.exp"],
  "token revoke": [
    "sealgate token revoke --ring < stolen",
    "sealgate token revoke --session session-17",
    "sealgate token revoke --subject user-1",
  ],
  "key public": ["sealgate key public alias/my-signing-key > public.pem"],
  "ring init": ["sealgate ring init --dry-run", "sealgate ring init"],
  "ring status": ["sealgate ring status", 'sealgate ring status --gateway "$GATEWAY"'],
  "ring reconcile": ["sealgate ring reconcile", "sealgate ring reconcile --watch --interval 1m"],
  "ring rotate": ["sealgate ring rotate --dry-run", "sealgate ring rotate --wait"],
  "ring revoke": [
    "kid=$(sealgate token inspect --json < leaked | jq -r .header.kid)",
    'sealgate ring revoke --dry-run --yes "$kid"',
  ],
  "ring adopt": ["sealgate ring adopt --dry-run alias/my-signing-key"],
  "ring anchors": ["sealgate ring anchors", "sealgate ring anchors --prepare"],
  "ring bootstrap": ["sealgate ring bootstrap > key-set.jws"],
  "ring key-set": ["sealgate ring key-set > key-set.jws"],
  "ring jwks": ["sealgate ring jwks > jwks.json"],
  "ring discovery": [
    "sealgate ring discovery --jwks-uri https://api.example.com/.well-known/jwks.json > openid-configuration",
  ],
  "revocations list": ["sealgate revocations list", "sealgate revocations list --session session-17"],
  "revocations table": ["sealgate revocations table > table.json", "sealgate revocations table --create"],
  new: ["sealgate new gateway"],
  check: ["sealgate check", "sealgate check --env staging --offline"],
  "issuers add": ["sealgate issuers add https://acme.eu.auth0.com/ --audience https://api.example.com"],
  serve: ["sealgate serve --ring"],
  console: ['sealgate console --gateway "$GATEWAY"'],
  "kms-emulator": ["sealgate kms-emulator --port 4566 --state-file kms.json"],
  help: ["sealgate help ring rotate"],
  completion: ["source <(sealgate completion bash)"],
};

/** Adds the examples to the help of each command. */
export function addExamples(command: Command, words: readonly string[] = []): void {
  for (const child of command.commands) addExamples(child, [...words, child.name()]);
  const lines = EXAMPLES[words.join(" ")];
  if (lines === undefined) return;
  command.addHelpText(
    "after",
    ["", lines.length === 1 ? "Example:" : "Examples:", ...lines.map((line) => `  ${line}`)].join("\n"),
  );
}
