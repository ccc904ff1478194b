/**
 * The CloudFormation template: valid by cfn-lint, and deployed by the commands of docs/production.md, with AWS's own CLI on moto's
 * server. The page's commands then make the ring, and the handlers of the archives run with the environment that the stack has given
 * them, against the embedded KMS, a local DynamoDB, a Cloudflare API, and moto's Secrets Manager and STS. Python has to have
 * cfn-lint, moto and the AWS CLI; without them the tests are skipped.
 */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { tableRows } from "../../../issuer/cli/check/revocation-rows.ts";
import type { CheckRow } from "../../../issuer/cli/check/row.ts";
import type { ReconcileAnswer, StreamAnswer } from "../../../issuer/lambda/reconcile.ts";
import type { RevokeAnswer } from "../../../issuer/lambda/revoke.ts";
import type { SignAnswer } from "../../../issuer/lambda/sign.ts";
import { inspectTable } from "../../../issuer/revocations/dynamodb/inspect.ts";
import { tableRequests, tableResource } from "../../../issuer/revocations/dynamodb/table.ts";
import { createVerifier, fromKv } from "../../../shared/index.ts";
import { blocksOf } from "../../support/doc-examples.ts";
import { startConfiguredDynamoDb } from "../../support/dynamodb-settings.ts";
import { TEST_ISSUER } from "../../support/key-sets.ts";
import { unpackForTest } from "../../support/lambda-runtime.ts";
import { ringPolicy, startRingWorld } from "../../support/ring-world.ts";
import { streamEvent } from "../../support/stream-events.ts";
import { given, jsonObject } from "../../support/values.ts";
import { createRunningClock } from "../../support/virtual-clock.ts";
import { ALARMS } from "./alarms.ts";
import { documentedStatements, policiesOf } from "./roles.ts";
import { openShell } from "./shell.ts";
import type { Shell } from "./shell.ts";
import { hasPython, startMoto, TEMPLATE } from "./stack.ts";
import type { Alarm, Moto, Stack } from "./stack.ts";

const LOCAL_AWS = { AWS_REGION: "eu-central-1", AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" };
const TWO_HOURS_MS = 7_200_000;
const TOKEN = "token_0123456789";
const READ_THE_TOKEN = {
  Sid: "ReadTheCloudflareToken",
  Effect: "Allow",
  Action: "secretsmanager:GetSecretValue",
  Resource: expect.stringMatching(/:secret:sealgate\/cloudflare-token-\w+$/),
};
const TOPIC = "arn:aws:sns:eu-central-1:111122223333:pager";

// Beside the stack's own test, which mostly waits for other processes.
const linted = hasPython("cfnlint") ? Promise.allSettled([promisify(execFile)("cfn-lint", [TEMPLATE])]) : undefined;

test.skipIf(linted === undefined)("the template is valid", async () => {
  expect(await linted).toMatchObject([{ status: "fulfilled", value: { stdout: "" } }]);
});

describe.skipIf(!hasPython("moto.server", "boto3", "awscli"))("the stack that docs/production.md deploys", () => {
  let moto: Moto;
  let shell: Shell;
  let stack: Stack;

  beforeAll(async () => {
    shell = await openShell();
    await shell.run(withValues(block("export AWS_REGION="), TEST_ISSUER));
    [moto] = await Promise.all([startMoto(), shell.run(block("npm run package:lambda"))]);
    shell.set({ AWS_ENDPOINT_URL: moto.url });
    await shell.run(block("read -rs TOKEN"), `${TOKEN}\n`);
    for (const begins of ["aws s3 mb", "SECRET="]) await shell.run(block(begins));
    stack = await moto.describe("sealgate-main");
  }, 120_000);
  afterAll(async () => {
    moto.stop();
    await shell.close();
  });

  test("is created, and no variable holds the Cloudflare token", () => {
    expect(stack.status).toBe("CREATE_COMPLETE");
    expect(Object.keys(stack.outputs).toSorted()).toEqual([
      "ReconcileFunctionArn",
      "RevocationTable",
      "RevokeFunctionArn",
      "RevokerRoleArn",
      "RotatorRoleArn",
      "SignFunctionArn",
      "SignerRoleArn",
    ]);
    // A token in a variable could be read by everybody who may look at the function.
    expect(JSON.stringify(stack.environments)).not.toContain(TOKEN);
  });

  test("has the table that createRevocationTable makes, and keeps it when it is deleted", () => {
    const { RevocationTable: table } = stack.resources;
    const { Properties, ...policies } = tableResource("sealgate-main-revocations");
    expect(table?.Properties).toEqual(Properties);
    expect(table).toMatchObject(policies);
    const { createTable } = tableRequests("sealgate-main-revocations");
    const { SSESpecification: _, StreamSpecification: stream, BillingMode, ...described } = createTable;
    expect(stack.table).toMatchObject({
      ...described,
      BillingModeSummary: { BillingMode },
      StreamSpecification: stream,
    });
  });

  test("has no table, and nothing that reads one, where revocations are disabled", () => {
    const only = stack.made.filter((name) => !stack.withoutRevocations.includes(name));
    expect(only.toSorted()).toEqual([
      "RevocationStream",
      "RevocationTable",
      "RevokeFunction",
      "RevokeLogs",
      "RevokerRole",
      "RotatorTablePolicy",
    ]);
  });

  test("hands what is added by revokers to the rotator, and neither its own writes nor deletions", () => {
    expect(stack.mappings).toHaveLength(1);
    const [mapping] = stack.mappings;
    expect(mapping).toMatchObject({
      BatchSize: 1000,
      MaximumRecordAgeInSeconds: 300,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      StartingPosition: "LATEST",
    });
    const pattern = { eventName: ["INSERT", "MODIFY"], dynamodb: { Keys: { issuer: { S: [TEST_ISSUER] } } } };
    expect(mapping).toMatchObject({ FilterCriteria: { Filters: [{ Pattern: JSON.stringify(pattern) }] } });
  });

  test("keeps nothing of a first deployment that fails but the table, which is made once wrong parameters have shown", () => {
    const kept = Object.entries(stack.resources).filter(([, { DeletionPolicy }]) => DeletionPolicy === "Retain");
    expect(kept).toMatchObject([["RevocationTable", { DependsOn: ["RotatorRole", "SignFunction"] }]]);
    const { SignLogs, ReconcileLogs, RevokeLogs } = stack.resources;
    expect(
      [SignLogs, ReconcileLogs, RevokeLogs].map((logs) => [logs?.DeletionPolicy, logs?.UpdateReplacePolicy]),
    ).toEqual(Array.from({ length: 3 }, () => ["RetainExceptOnCreate", "Retain"]));
  });

  describe("lets each role do what docs/iam.md says, and nothing else:", () => {
    test.for([
      ["SignerRole", "SignWithTheRing", []],
      ["RotatorRole", "CreateKeysOfTheRing", [READ_THE_TOKEN]],
      ["RotatorTablePolicy", "ReadRevocations", []],
      ["RevokerRole", "AddRevocations", []],
    ] as const)("%s", async ([name, sid, more]) => {
      const [policy, ...others] = policiesOf(stack.resources[name]);
      expect(policy).toEqual([...(await documentedStatements(sid, TEST_ISSUER)), ...more]);
      const logs = { SignerRole: "SignLogs", RotatorRole: "ReconcileLogs", RevokerRole: "RevokeLogs" };
      const log = new Map(Object.entries(logs)).get(name);
      const statement = {
        Effect: "Allow",
        Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
        Resource: `${log}.Arn`,
      };
      expect(others).toEqual(log === undefined ? [] : [[statement]]);
    });
  });

  test("runs the rotator each 5 minutes, and does not repeat a run that failed", () => {
    expect(stack.schedules).toHaveLength(1);
    expect(stack.resources["RunsAreNotRepeated"]?.Properties).toMatchObject({ MaximumRetryAttempts: 0 });
    expect(stack.resources["Schedule"]?.Properties).toMatchObject({
      ScheduleExpression: "rate(5 minutes)",
      Target: { Input: '{"action":"reconcile"}' },
    });
  });

  describe("has the alarms of docs/monitoring.md, which reach the topic and tell of the end:", () => {
    test.for(ALARMS)("%s", ([name, expected]) => {
      const alarm = stack.alarms.find(({ AlarmName }) => AlarmName === `sealgate-main-${name}`);
      expect(alarm).toMatchObject({ ...expected, AlarmActions: [TOPIC], OKActions: [TOPIC] });
    });

    test("and no other", () => {
      expect(stack.alarms).toHaveLength(ALARMS.length);
    });
  });

  test("what sealgate check proposes for a table is what repairs it", async () => {
    for (const [name, value] of Object.entries({ ...LOCAL_AWS, AWS_ENDPOINT_URL_DYNAMODB: moto.url })) {
      vi.stubEnv(name, value);
    }
    onTestFinished(() => void vi.unstubAllEnvs());
    const { issuer, ring } = ringPolicy();
    const check = async (): Promise<readonly CheckRow[]> =>
      tableRows(await inspectTable("sealgate-main-revocations", issuer, ring), "rotator");
    // As moto's CloudFormation makes it.
    const repairs = (await check()).map(({ repair }) => repair ?? "");
    expect(repairs).toEqual([
      expect.stringMatching(/^aws dynamodb update-time-to-live /),
      expect.stringMatching(/^aws dynamodb update-continuous-backups /),
    ]);
    for (const repair of repairs) await shell.run(repair);
    expect(await check()).toMatchObject([{ status: "ok" }]);
  });

  test("the ring is made with the rotator's role; it signs, and takes back what it has signed", async () => {
    // Made two hours ago, so that its first list may be followed by another.
    const clock = createRunningClock(Date.now() - TWO_HOURS_MS);
    const world = await startRingWorld({}, clock);
    const dynamodb = await startConfiguredDynamoDb();
    onTestFinished(() => dynamodb.close());
    const table = given(stack.outputs["RevocationTable"]);
    await dynamodb.createTable(table);
    // The network of this machine, in place of AWS's and Cloudflare's.
    const network = {
      AWS_ENDPOINT_URL_KMS: given(world.kms.env["AWS_ENDPOINT_URL_KMS"]),
      AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
      SEALGATE_KV_BASE_URL: world.cloudflare.baseUrl,
      SEALGATE_KV_NAMESPACE_ID: world.cloudflare.namespaceId,
    };
    shell.set(network);
    await shell.turnBack(TWO_HOURS_MS);
    await shell.run(block("ROLE="));
    const made = await shell.run(block("export SEALGATE_CLOUDFLARE_TOKEN_SECRET="));
    expect(world.cloudflare.requests.at(-1)?.authorization).toBe(`Bearer ${TOKEN}`);
    clock.catchUp();
    const [, anchors = ""] = /^TRUST_ANCHORS='(.*)'$/m.exec(made) ?? [];

    const written: string[] = [];
    const invoke = async <Answer>(name: "sign" | "reconcile" | "revoke", event: unknown): Promise<Answer> => {
      const archive = await readFile(new URL(`../../../dist/lambda-zip/${name}.zip`, import.meta.url));
      const lambda = await unpackForTest<Answer>(archive);
      onTestFinished(() => lambda.remove());
      const variables = {
        ...stack.environments[name],
        ...world.kms.env,
        ...network,
        AWS_REGION: stack.region,
        AWS_ENDPOINT_URL_SECRETS_MANAGER: moto.url,
      };
      const { outcomes, stderr, metrics } = await lambda.invoke([{ event }], variables);
      written.push(...metrics);
      expect({ stderr, outcomes }).toMatchObject({ stderr: "", outcomes: [{ answer: expect.anything() }] });
      return given(outcomes[0]?.answer);
    };
    const signed: SignAnswer[] = [];
    for (const sub of ["user-1", "user-2"]) {
      signed.push(await invoke("sign", { claims: { sub }, audience: "https://api.example.com" }));
    }
    const [stolen, good] = [given(signed[0]), given(signed[1])];
    expect(await invoke<RevokeAnswer>("revoke", { jti: stolen.jti, expiresAt: stolen.expiresAt })).toMatchObject({
      revoked: true,
      stored: [table],
      failed: [],
    });
    await world.overwrite("something else");
    const kept = await invoke<ReconcileAnswer>("reconcile", { action: "reconcile" });
    expect(kept).toMatchObject({ converged: true, problems: [] });
    const event = streamEvent([{ addedAt: Date.now() / 1000 }]);
    expect(await invoke<StreamAnswer>("reconcile", event)).toEqual({ batchItemFailures: [] });
    // An alarm on a metric that no handler writes would never go off.
    for (const { MetricName: name } of stack.alarms.filter(isOfRing)) {
      expect(written.join("\n")).toContain(`{"Name":"${String(name)}"`);
    }

    const verifier = createVerifier({
      issuer: TEST_ISSUER,
      audiences: ["https://api.example.com"],
      anchors: JSON.parse(anchors),
      keySets: fromKv({ get: async (key) => streamOf(world.cloudflare.stored(key)) }),
      revocations: "required",
    });
    const claims = jsonObject('{"sub":"user-2"}');
    expect(await verifier.verify(good.token)).toMatchObject({ ok: true, value: { claims } });
    expect(await verifier.verify(stolen.token)).toMatchObject({ ok: false, error: { code: "token_revoked" } });
  });
});

function isOfRing({ Namespace: namespace, Dimensions: dimensions }: Alarm): boolean {
  return namespace === "sealgate" && dimensions?.every(({ Name: name }) => name === "ring") === true;
}

/** The page's block that begins so. */
function block(begins: string): string {
  return given(blocksOf("docs/production.md").find(({ code }) => code.startsWith(begins))).code;
}

/** A reader's own values. */
function withValues(code: string, issuer: string): string {
  return code
    .replace("https://auth.example.com", issuer)
    .replace("CLOUDFLARE_ACCOUNT_ID=…", `CLOUDFLARE_ACCOUNT_ID=${"0123456789abcdef".repeat(2)}`)
    .replace("SEALGATE_KV_NAMESPACE_ID=…", `SEALGATE_KV_NAMESPACE_ID=${"fedcba9876543210".repeat(2)}`);
}

function streamOf(text: string | undefined): ReadableStream<Uint8Array> | null {
  return text === undefined ? null : new Blob([text]).stream();
}
