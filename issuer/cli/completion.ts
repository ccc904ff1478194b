/**
 * Completion in zsh, bash, fish and PowerShell (https://bomb.sh/docs/tab/). `sealgate completion <shell>` prints a script, which asks
 * the hidden `sealgate complete -- <words>` while a person types.
 */
import tab from "@bomb.sh/tab/commander";
import type { Command } from "commander";
import { ALGS } from "../../shared/algorithms.ts";

/** What an option takes, where it is one of few words: by its name, or by its command and name where that says more. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  alg: ALGS,
  "key public format": ["pem", "jwk"],
  mode: ["local", "kms"],
  "revocations table format": ["cloudformation", "aws-cli"],
  role: ["signer", "rotator"],
  typ: ["JWT", "at+jwt"],
};

/** Reads the commands that the program has by then: add them first. Starting it prints nothing and reads no configuration. */
export function addCompletion(program: Command): void {
  const root = tab(program, { completionCommandName: "completion" });
  for (const [command, { options }] of root.commands) {
    for (const [name, option] of options) {
      const values = VALUES[`${command} ${name}`] ?? VALUES[name];
      if (values === undefined) continue;
      option.handler = (complete) => {
        for (const value of values) complete(value, "");
      };
    }
  }
}
