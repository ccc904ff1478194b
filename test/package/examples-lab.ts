/**
 * What examples are executed in: a project that has installed the packed package, an embedded KMS, DynamoDB with an empty table of
 * taken-back tokens, the local KV API and the gateway. All but the last three are on a clock that the test moves: it begins in the
 * past, and ends at this machine's time.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { CreateAliasCommand } from "@aws-sdk/client-kms";
import { LOCAL_NAMESPACE_ID, startGateway } from "../local-stack/gateway.ts";
import type { Gateway } from "../local-stack/gateway.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER, LOCAL_RING } from "../local-stack/stack.ts";
import { startDynamoDb } from "../support/dynamodb.ts";
import { startTestKms } from "../support/kms.ts";
import { given } from "../support/values.ts";
import { installPackage, ROOT } from "./package-project.ts";

export const CALLER_SECRET = "a-secret-that-is-too-long-to-guess";

/** A program that goes on until the lab is closed. */
export interface Running {
  /** The next line that it prints; the test fails if it ends instead. */
  line(): Promise<string>;
  /** Writes a line to its stdin. */
  tell(text: string): void;
}

export interface Lab {
  readonly gateway: Gateway;
  /** The project's folder. */
  readonly folder: string;
  /** How far the lab's clock is behind this machine's, in seconds. */
  secondsLeft(): number;
  pass(seconds: number): Promise<void>;
  /** Runs commands in the shell of a page, which keeps its variables. @returns what they have printed to stdout */
  shell(page: string, commands: string): Promise<string>;
  /** A line that gives a shell the variables of a page's. */
  session(page: string): string;
  write(name: string, text: string): Promise<void>;
  start(program: string, args: readonly string[], env?: Readonly<Record<string, string>>): Running;
  /** Sort keys of what was taken back. */
  revocations(): Promise<readonly string[]>;
  /** The text of the ring's entry in KV. */
  storedKeySet(): Promise<string>;
  close(): Promise<void>;
}

/** @param behindSeconds how far in the past the lab begins */
export async function openLab(behindSeconds: number): Promise<Lab> {
  let offsetMs = -behindSeconds * 1000;
  const project = await installPackage();
  const { folder } = project;
  const home = await mkdtemp(join(tmpdir(), "sealgate-home-"));
  const clockFile = join(home, "clock");
  await writeFile(clockFile, String(offsetMs));
  const kms = await startTestKms({ now: () => Date.now() + offsetMs });
  const key = await kms.createKeyFor("ES256");
  await kms.client.send(new CreateAliasCommand({ AliasName: "alias/my-signing-key", TargetKeyId: key }));
  const dynamodb = await startDynamoDb();
  await dynamodb.createTable("sealgate-revocations");
  const gateway = await startGateway({
    issuer: LOCAL_ISSUER,
    audience: LOCAL_AUDIENCE,
    ring: LOCAL_RING,
    trustAnchors: [],
  });
  const env = {
    ...kms.env,
    AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
    PATH: [join(folder, "node_modules", ".bin"), dirname(process.execPath), process.env["PATH"]].join(":"),
    HOME: home,
    NODE_OPTIONS: `--import ${join(ROOT, "test/package/moved-clock.ts")}`,
    SEALGATE_TEST_CLOCK: clockFile,
    SEALGATE_ISSUER: LOCAL_ISSUER,
    SEALGATE_KV_BASE_URL: gateway.kvBaseUrl,
    SEALGATE_KV_NAMESPACE_ID: LOCAL_NAMESPACE_ID,
    SEALGATE_CALLER_SECRET: CALLER_SECRET,
    GATEWAY: gateway.url,
    // npx finds the program in the project; nothing is asked of a registry.
    npm_config_offline: "true",
    npm_config_update_notifier: "false",
  };
  const running: ReturnType<typeof spawn>[] = [];
  const sessionFile = (page: string): string => join(home, `${page.replaceAll(/\W/g, "-")}.session`);
  const session = (page: string): string => `if [ -f ${sessionFile(page)} ]; then . ${sessionFile(page)}; fi`;
  return {
    gateway,
    folder,
    secondsLeft: () => -offsetMs / 1000,
    async pass(seconds) {
      offsetMs += seconds * 1000;
      await writeFile(clockFile, String(offsetMs));
    },
    async shell(page, commands) {
      const script = `set -euo pipefail\n${session(page)}\n${commands}\nexport -p > ${sessionFile(page)}\n`;
      const { stdout } = await promisify(execFile)("bash", ["-c", script], { cwd: folder, env });
      return stdout;
    },
    session,
    write: (name, text) => project.write(name, text),
    start(program, args, more = {}) {
      const child = spawn(program, args, { cwd: folder, env: { ...env, ...more }, stdio: ["pipe", "pipe", "inherit"] });
      running.push(child);
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      return {
        async line() {
          const next = await lines.next();
          if (next.done === true) throw new Error(`${program} ${args.join(" ")} has ended`);
          return next.value;
        },
        tell: (text) => void child.stdin.write(`${text}\n`),
      };
    },
    revocations: () => dynamodb.revocations("sealgate-revocations"),
    async storedKeySet() {
      const path = `${gateway.kvBaseUrl}/storage/kv/namespaces/${LOCAL_NAMESPACE_ID}/values/key-set:${LOCAL_RING}`;
      return (await fetch(path)).text();
    },
    async close() {
      for (const child of running.filter(({ exitCode }) => exitCode === null)) {
        child.kill();
        await once(child, "exit");
      }
      await gateway.close();
      await kms.close();
      await dynamodb.close();
      await project.remove();
      await rm(home, { recursive: true });
    },
  };
}

/** The line that `sealgate ring init` prints for the Worker. */
export function anchorsIn(output: string): string {
  return given(/^TRUST_ANCHORS='(.*)'$/m.exec(output)?.[1]);
}
