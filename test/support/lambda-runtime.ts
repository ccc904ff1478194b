/**
 * Stands in for the Lambda runtime: a bundled handler in a process of its own, in a folder without node_modules, with
 * nothing but the variables it is given. Loads the bundle once, and hands it one event after the other.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { unzipSync } from "fflate";
import { bundleLambda } from "../../tools/bundle.ts";

const RUNTIME = `
const { handler } = await import(process.argv[2]);
const outcomes = [];
for (const { env, event, abandonAfterMs, remainingMs } of JSON.parse(process.argv[3])) {
  Object.assign(process.env, env);
  try {
    const context = remainingMs === undefined ? {} : { getRemainingTimeInMillis: () => remainingMs };
    const answered = handler(event, context).then((answer) => ({ answer }));
    const abandoned = () => new Promise((resolve) => setTimeout(resolve, abandonAfterMs, { errorType: "abandoned" }));
    outcomes.push(await (abandonAfterMs === undefined ? answered : Promise.race([answered, abandoned()])));
  } catch (error) {
    outcomes.push({ errorType: error.name, errorMessage: error.message });
  }
}
process.stdout.write(JSON.stringify({ outcomes }) + "\\n");
`;

/** What Lambda is told to load: `index.handler`. */
const HANDLER = "index.mjs";

export interface Invocation {
  readonly event: unknown;
  /** Variables to change before the event. */
  readonly env?: Readonly<Record<string, string>>;
  /** The caller waits no longer than this for the answer, in milliseconds; what the handler has begun is left standing. */
  readonly abandonAfterMs?: number;
  /** What Lambda says of the time that is left, in milliseconds. */
  readonly remainingMs?: number;
}

export interface Outcome<Answer> {
  readonly answer?: Answer;
  readonly errorType?: string;
  readonly errorMessage?: string;
}

export interface LambdaRun<Answer> {
  readonly outcomes: readonly Outcome<Answer>[];
  /** What the handler itself has written to stdout, by line, without its metrics. */
  readonly lines: readonly string[];
  /** Lines of CloudWatch's Embedded Metric Format. */
  readonly metrics: readonly string[];
  readonly stderr: string;
}

export interface BundledLambda<Answer> {
  /** Paths of the modules that went into the bundle. */
  readonly inputs: readonly string[];
  /** One container: a new process. */
  invoke(invocations: readonly Invocation[], variables: Readonly<Record<string, string>>): Promise<LambdaRun<Answer>>;
  remove(): Promise<void>;
}

/** @param entry path of the handler's module, from the root of the repository */
export async function bundleForTest<Answer>(entry: string): Promise<BundledLambda<Answer>> {
  const folder = await mkdtemp(join(tmpdir(), "sealgate-lambda-"));
  const inputs = await bundleLambda(entry, join(folder, HANDLER));
  return { inputs, ...(await containerIn(folder)) };
}

/** The same of an archive, as it is uploaded. */
export async function unpackForTest<Answer>(archive: Uint8Array): Promise<Omit<BundledLambda<Answer>, "inputs">> {
  const folder = await mkdtemp(join(tmpdir(), "sealgate-lambda-"));
  for (const [name, content] of Object.entries(unzipSync(archive))) await writeFile(join(folder, name), content);
  return containerIn(folder);
}

async function containerIn<Answer>(folder: string): Promise<Omit<BundledLambda<Answer>, "inputs">> {
  const bundle = join(folder, HANDLER);
  const runtime = join(folder, "runtime.mjs");
  await writeFile(runtime, RUNTIME);
  return {
    async invoke(invocations, env) {
      const argv = [runtime, bundle, JSON.stringify(invocations)];
      const { stdout, stderr } = await promisify(execFile)(process.execPath, argv, { cwd: folder, env });
      const written = stdout.split("\n").filter((line) => line !== "");
      // An invocation that was abandoned may write after the outcomes.
      const [end] = written.splice(
        written.findLastIndex((line) => line.startsWith('{"outcomes":')),
        1,
      );
      const { outcomes }: Pick<LambdaRun<Answer>, "outcomes"> = JSON.parse(end ?? "");
      const isMetric = (line: string): boolean => line.startsWith('{"_aws":');
      return { outcomes, lines: written.filter((line) => !isMetric(line)), metrics: written.filter(isMetric), stderr };
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
