/** moto's server, and what a stack of the CloudFormation template is like on it, by moto_stack.py. */
import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const TEMPLATE: string = fileURLToPath(
  new URL("../../../issuer/deploy/sealgate.template.yaml", import.meta.url),
);
const SCRIPT = fileURLToPath(new URL("moto_stack.py", import.meta.url));

export interface Stack {
  readonly region: string;
  readonly status: string;
  readonly outputs: Readonly<Record<string, string>>;
  /** Names of the resources that moto has made. */
  readonly made: readonly string[];
  /** What the template asks for, with its functions worked out. */
  readonly resources: Readonly<Record<string, Resource>>;
  /** Variables of each Lambda function. */
  readonly environments: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** As DynamoDB, Lambda, CloudWatch and the Scheduler describe what they have. */
  readonly table: object;
  readonly mappings: readonly object[];
  readonly alarms: readonly Alarm[];
  readonly schedules: readonly object[];
  /** Names of the resources of a stack with `Revocations=disabled`. */
  readonly withoutRevocations: readonly string[];
}

export interface Resource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly DependsOn?: string | readonly string[];
  readonly Properties: object;
}

export interface Alarm {
  readonly AlarmName: string;
  /** Absent where the alarm is on an expression. */
  readonly Namespace?: string;
  readonly MetricName?: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[];
  readonly AlarmActions: readonly string[];
  readonly OKActions: readonly string[];
}

/** Looks for them without loading them, which takes seconds. */
export function hasPython(...modules: readonly string[]): boolean {
  const find = "import sys; from importlib.util import find_spec; sys.exit(not all(map(find_spec, sys.argv[1:])))";
  return spawnSync("python3", ["-c", find, ...modules]).status === 0;
}

export interface Moto {
  readonly url: string;
  /** What a stack that was deployed is like. */
  describe(stackName: string): Promise<Stack>;
  readonly stop: () => void;
}

export async function startMoto(): Promise<Moto> {
  const child = spawn("python3", [SCRIPT, TEMPLATE], { stdio: ["pipe", "pipe", "ignore"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new Error("moto has ended");
    return line.value;
  };
  const { url }: { readonly url: string } = JSON.parse(await next());
  return {
    url,
    async describe(stackName) {
      child.stdin.write(`${stackName}\n`);
      const stack: Stack = JSON.parse(await next());
      return stack;
    },
    stop: () => void child.kill(),
  };
}
