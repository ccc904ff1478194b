/** A page's commands in one shell, as a person runs them: variables stay from block to block. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

export interface Shell {
  /** Variables of the machine that the commands run on, from now on. */
  set(env: Readonly<Record<string, string>>): void;
  /** Turns back the clock of sealgate, in milliseconds. */
  turnBack(byMs: number): Promise<void>;
  /**
   * Runs commands in the repository.
   * @param stdin what a person types
   * @returns what they have printed to stdout
   * @throws Error with what they have printed to stderr, if one of them fails
   */
  run(commands: string, stdin?: string): Promise<string>;
  close(): Promise<void>;
}

/** As the page asks for it. */
const SEALGATE = 'sealgate() { npm run -s sealgate -- "$@"; }';

export async function openShell(): Promise<Shell> {
  const home = await mkdtemp(join(tmpdir(), "sealgate-home-"));
  const session = join(home, "session");
  await writeFile(session, "");
  const credentials = join(home, "credentials");
  await writeFile(credentials, "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = local\n");
  let machine: Readonly<Record<string, string>> = {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    AWS_SHARED_CREDENTIALS_FILE: credentials,
    AWS_CONFIG_FILE: join(home, "config"),
    AWS_PAGER: "",
  };
  return {
    set: (env) => void (machine = { ...machine, ...env }),
    async turnBack(byMs) {
      const clock = join(home, "clock");
      await writeFile(clock, String(-byMs));
      const imports = `--import ${join(ROOT, "test/package/moved-clock.ts")}`;
      machine = { ...machine, NODE_OPTIONS: imports, SEALGATE_TEST_CLOCK: clock };
    },
    async run(commands, stdin = "") {
      const script = `set -euo pipefail\n. ${session}\n${SEALGATE}\n${commands}\nexport -p | grep -v " AWS_ENDPOINT_URL" > ${session}\n`;
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const child = execFile("bash", ["-c", script], { cwd: ROOT, env: machine }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(new Error(`${commands}\n${stderr}${stdout}`));
      });
      child.stdin?.end(stdin);
      return promise;
    },
    close: () => rm(home, { recursive: true }),
  };
}
