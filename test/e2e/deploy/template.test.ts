/**
 * The CloudFormation template: valid by cfn-lint, and created for real on moto's server. The handlers of the archives then run
 * with the environment that the stack has given them, against the embedded KMS, a local DynamoDB, a Cloudflare API, and moto's
 * Secrets Manager. Python has to have both; without them the tests are skipped.
 */
import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { ReconcileAnswer, StreamAnswer } from "../../../issuer/lambda/reconcile.ts";
import type { RevokeAnswer } from "../../../issuer/lambda/revoke.ts";
import type { SignAnswer } from "../../../issuer/lambda/sign.ts";
import { tableRequests, tableResource } from "../../../issuer/revocations/dynamodb/table.ts";
import { createVerifier, fromKv } from "../../../shared/index.ts";
import { packageLambdas } from "../../../tools/package-lambda.ts";
import { startDynamoDb } from "../../support/dynamodb.ts";
import { TEST_ISSUER } from "../../support/key-sets.ts";
import { unpackForTest } from "../../support/lambda-runtime.ts";
import { startRingWorld } from "../../support/ring-world.ts";
import type { RingWorld } from "../../support/ring-world.ts";
import { streamEvent } from "../../support/stream-events.ts";
import { given, jsonObject } from "../../support/values.ts";
import { createRunningClock } from "../../support/virtual-clock.ts";
import { createStack, hasPython, TEMPLATE } from "./stack.ts";
import type { Alarm, Stack } from "./stack.ts";

const TOKEN = "token_0123456789";
const TOPIC = "arn:aws:sns:eu-central-1:123456789012:pager";

test.skipIf(!hasPython("cfnlint"))("the template is valid", () => {
  expect(execFileSync("cfn-lint", [TEMPLATE], { encoding: "utf8" })).toBe("");
});

describe.skipIf(!hasPython("moto.server, boto3"))("a stack", () => {
  let archives: string;
  let stack: Stack;
  let stop: () => void = () => undefined;

  beforeAll(async () => {
    archives = await mkdtemp(join(tmpdir(), "sealgate-archives-"));
    await packageLambdas(archives);
    ({ stack, stop } = await createStack(archives, TOKEN, {
      Issuer: TEST_ISSUER,
      CloudflareAccountId: "0123456789abcdef0123456789abcdef",
      KvNamespaceId: "fedcba9876543210fedcba9876543210",
      AlarmTopicArn: TOPIC,
      Revocations: "enabled",
    }));
  }, 60_000);
  afterAll(async () => {
    stop();
    await rm(archives, { recursive: true });
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

  test("lets the revoker add entries and read the count, as docs/iam.md says, and nothing else", async () => {
    const page = await readFile(new URL("../../../docs/iam.md", import.meta.url), "utf8");
    const documents = [...page.matchAll(/^```json\n([\s\S]*?)^```$/gm)].map(([, text = ""]) => text);
    const documented = given(documents.find((text) => text.includes('"AddRevocations"')));
    const expected = JSON.parse(
      documented
        .replaceAll("https://auth.example.com", TEST_ISSUER)
        .replaceAll(/"arn:aws:dynamodb:[^"]*"/g, '"RevocationTable.Arn"'),
    ) as unknown;
    const { Policies: policies }: RoleProperties = JSON.parse(
      JSON.stringify(stack.resources["RevokerRole"]?.Properties),
    );
    const [revoke, log] = policies;
    expect(revoke?.PolicyDocument).toEqual(expected);
    expect(policies).toHaveLength(2);
    expect(log?.PolicyDocument.Statement).toEqual([
      { Effect: "Allow", Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: "RevokeLogs.Arn" },
    ]);
  });

  test("runs the rotator each 5 minutes", () => {
    expect(stack.schedules).toHaveLength(1);
    expect(stack.resources["Schedule"]?.Properties).toMatchObject({
      ScheduleExpression: "rate(5 minutes)",
      Target: { Input: '{"action":"reconcile"}' },
    });
  });

  describe("has the alarms of docs/monitoring.md, which reach the topic and tell of the end:", () => {
    const ring = [{ Name: "ring", Value: "main" }];
    test.for<[string, object]>([
      [
        "rotator-silent",
        {
          Metrics: [
            {
              MetricStat: {
                Metric: { Namespace: "sealgate", MetricName: "run_succeeded", Dimensions: ring },
                Period: 300,
                Stat: "Sum",
              },
              ReturnData: false,
            },
            { Expression: "FILL(runs, 0)", ReturnData: true },
          ],
          EvaluationPeriods: 3,
          DatapointsToAlarm: 3,
          TreatMissingData: "breaching",
          ComparisonOperator: "LessThanThreshold",
          Threshold: 1,
        },
      ],
      [
        "rotator-errors",
        {
          Namespace: "AWS/Lambda",
          MetricName: "Errors",
          Statistic: "Sum",
          Period: 300,
          Threshold: 1,
          Dimensions: [{ Name: "FunctionName", Value: "sealgate-main-reconcile" }],
        },
      ],
      [
        "document-old",
        { Namespace: "sealgate", MetricName: "document_life_used", Dimensions: ring, Threshold: 0.5, Period: 300 },
      ],
      [
        "rotation-overdue",
        { Namespace: "sealgate", MetricName: "rotation_overdue", Dimensions: ring, Threshold: 3600 },
      ],
      [
        "revoking-fails",
        { MetricName: "Errors", Dimensions: [{ Name: "FunctionName", Value: "sealgate-main-revoke" }], Period: 60 },
      ],
      ["list-old", { Namespace: "sealgate", MetricName: "list_life_used", Dimensions: ring, Threshold: 0.5 }],
      ["list-full", { Namespace: "sealgate", MetricName: "list_left_out", Dimensions: ring, Threshold: 0 }],
      [
        "signing-throttled",
        {
          Namespace: "sealgate",
          MetricName: "sign_failures",
          TreatMissingData: "notBreaching",
          Dimensions: [...ring, { Name: "code", Value: "kms_throttled" }],
        },
      ],
    ])("%s", ([name, expected]) => {
      const alarm = stack.alarms.find(({ AlarmName }) => AlarmName === `sealgate-main-${name}`);
      expect(alarm).toMatchObject({ ...expected, AlarmActions: [TOPIC], OKActions: [TOPIC] });
    });

    test("and no other", () => {
      expect(stack.alarms).toHaveLength(8);
    });
  });

  test("keeps a ring, signs with it, and takes back what it has signed", async () => {
    const world = await startRingAtRest();
    const dynamodb = await startDynamoDb();
    onTestFinished(() => dynamodb.close());
    const table = given(stack.outputs["RevocationTable"]);
    await dynamodb.createTable(table);
    // The network of this machine, in place of AWS's and Cloudflare's.
    const network = {
      ...world.kms.env,
      AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: stack.url,
      AWS_REGION: stack.region,
      SEALGATE_KV_BASE_URL: world.cloudflare.baseUrl,
      SEALGATE_KV_NAMESPACE_ID: world.cloudflare.namespaceId,
    };
    const written: string[] = [];
    const invoke = async <Answer>(name: "sign" | "reconcile" | "revoke", event: unknown): Promise<Answer> => {
      const lambda = await unpackForTest<Answer>(await readFile(join(archives, `${name}.zip`)));
      onTestFinished(() => lambda.remove());
      const { outcomes, stderr, metrics } = await lambda.invoke([{ event }], {
        ...stack.environments[name],
        ...network,
      });
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
    expect(world.cloudflare.requests.at(-1)?.authorization).toBe(`Bearer ${TOKEN}`);
    const event = streamEvent([{ addedAt: Date.now() / 1000 }]);
    expect(await invoke<StreamAnswer>("reconcile", event)).toEqual({ batchItemFailures: [] });

    // An alarm on a metric that no handler writes would never go off.
    for (const { MetricName: name } of stack.alarms.filter(isOfRing)) {
      expect(written.join("\n")).toContain(`{"Name":"${String(name)}"`);
    }

    const { root } = await world.observe();
    const verifier = createVerifier({
      issuer: TEST_ISSUER,
      audiences: ["https://api.example.com"],
      anchors: [given(root?.publicKey).jwk],
      keySets: fromKv({ get: async (key) => streamOf(world.cloudflare.stored(key)) }),
      revocations: "required",
    });
    const claims = jsonObject('{"sub":"user-2"}');
    expect(await verifier.verify(good.token)).toMatchObject({ ok: true, value: { claims } });
    expect(await verifier.verify(stolen.token)).toMatchObject({ ok: false, error: { code: "token_revoked" } });
  });
});

interface RoleProperties {
  readonly Policies: readonly { readonly PolicyDocument: { readonly Statement: readonly object[] } }[];
}

function isOfRing({ Namespace: namespace, Dimensions: dimensions }: Alarm): boolean {
  return namespace === "sealgate" && dimensions?.every(({ Name: name }) => name === "ring") === true;
}

/** Made by a person, since the rotator never makes a root key; then left until every edge knows its keys. */
async function startRingAtRest(): Promise<RingWorld> {
  const clock = createRunningClock(Date.now() - 7_200_000);
  const world = await startRingWorld({}, clock);
  await world.run({ request: { kind: "init" } });
  clock.advance(600_000);
  await world.run();
  clock.catchUp();
  return world;
}

function streamOf(text: string | undefined): ReadableStream<Uint8Array> | null {
  return text === undefined ? null : new Blob([text]).stream();
}
