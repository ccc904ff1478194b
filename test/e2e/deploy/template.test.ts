/**
 * The CloudFormation template: valid by cfn-lint, and created for real on moto's server. The handlers of the archives then run
 * with the environment that the stack has given them, against the embedded KMS, a Cloudflare API, and moto's Secrets Manager.
 * Python has to have both; without them the tests are skipped.
 */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import type { ReconcileAnswer } from "../../../issuer/lambda/reconcile.ts";
import type { SignAnswer } from "../../../issuer/lambda/sign.ts";
import { createVerifier, fromDocument } from "../../../shared/index.ts";
import { packageLambdas } from "../../../tools/package-lambda.ts";
import { TEST_ISSUER } from "../../support/key-sets.ts";
import { unpackForTest } from "../../support/lambda-runtime.ts";
import { startRingWorld } from "../../support/ring-world.ts";
import { given, jsonObject } from "../../support/values.ts";
import { createRunningClock } from "../../support/virtual-clock.ts";

const TEMPLATE = fileURLToPath(new URL("../../../issuer/deploy/sealgate.template.yaml", import.meta.url));
const SCRIPT = fileURLToPath(new URL("moto_stack.py", import.meta.url));
const TOKEN = "token_0123456789";

function hasPython(module: string): boolean {
  return spawnSync("python3", ["-c", `import ${module}`]).status === 0;
}

interface Stack {
  readonly url: string;
  readonly region: string;
  readonly status: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly functions: Readonly<
    Record<"sign" | "reconcile", { readonly environment: Readonly<Record<string, string>> }>
  >;
}

async function createStack(archives: string, parameters: Readonly<Record<string, string>>): Promise<Stack> {
  const child = spawn("python3", [SCRIPT, TEMPLATE, archives, TOKEN, JSON.stringify(parameters)], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  onTestFinished(() => void child.kill());
  for await (const line of createInterface(child.stdout)) {
    const stack: Stack = JSON.parse(line);
    return stack;
  }
  throw new Error("moto has created no stack");
}

test.skipIf(!hasPython("cfnlint"))("the template is valid", () => {
  expect(execFileSync("cfn-lint", [TEMPLATE], { encoding: "utf8" })).toBe("");
});

test.skipIf(!hasPython("moto.server, boto3"))("a stack keeps a ring, and signs with it", async () => {
  const clock = createRunningClock(Date.now() - 7_200_000);
  const world = await startRingWorld({}, clock);
  // By a person: the rotator never makes a root key.
  await world.run({ request: { kind: "init" } });
  clock.advance(600_000);
  await world.run();
  clock.catchUp();

  const archives = await mkdtemp(join(tmpdir(), "sealgate-archives-"));
  onTestFinished(() => rm(archives, { recursive: true }));
  await packageLambdas(archives);
  const stack = await createStack(archives, {
    Issuer: TEST_ISSUER,
    CloudflareAccountId: "0123456789abcdef0123456789abcdef",
    KvNamespaceId: "fedcba9876543210fedcba9876543210",
  });
  expect(stack.status).toBe("CREATE_COMPLETE");
  expect(Object.keys(stack.outputs).toSorted()).toEqual([
    "ReconcileFunctionArn",
    "RotatorRoleArn",
    "SignFunctionArn",
    "SignerRoleArn",
  ]);
  // A token in a variable could be read by everybody who may look at the function.
  expect(JSON.stringify(stack.functions)).not.toContain(TOKEN);

  // The network of this machine, in place of AWS's and Cloudflare's.
  const network = {
    ...world.kms.env,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: stack.url,
    AWS_REGION: stack.region,
    SEALGATE_KV_BASE_URL: world.cloudflare.baseUrl,
    SEALGATE_KV_NAMESPACE_ID: world.cloudflare.namespaceId,
  };
  const invoke = async <Answer>(name: "sign" | "reconcile", event: unknown): Promise<Answer> => {
    const lambda = await unpackForTest<Answer>(await readFile(join(archives, `${name}.zip`)));
    onTestFinished(() => lambda.remove());
    const { outcomes, stderr } = await lambda.invoke([{ event }], { ...stack.functions[name].environment, ...network });
    expect({ stderr, outcomes }).toMatchObject({ stderr: "", outcomes: [{ answer: expect.anything() }] });
    return given(outcomes[0]?.answer);
  };

  await world.overwrite("something else");
  const kept = await invoke<ReconcileAnswer>("reconcile", { action: "reconcile" });
  expect(kept).toMatchObject({ converged: true, problems: [] });
  expect(world.cloudflare.requests.at(-1)?.authorization).toBe(`Bearer ${TOKEN}`);

  const { token } = await invoke<SignAnswer>("sign", {
    claims: { sub: "user-1" },
    audience: "https://api.example.com",
  });
  const { root } = await world.observe();
  const verifier = createVerifier({
    issuer: TEST_ISSUER,
    audiences: ["https://api.example.com"],
    anchors: [given(root?.publicKey).jwk],
    keySets: fromDocument(given(world.stored())),
  });
  expect(await verifier.verify(token)).toMatchObject({ ok: true, value: { claims: jsonObject('{"sub":"user-1"}') } });
});
