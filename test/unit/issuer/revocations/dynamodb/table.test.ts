import { createServer } from "node:http";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import {
  createRevocationTable,
  tableRequests,
  tableResource,
} from "../../../../../issuer/revocations/dynamodb/table.ts";
import { startDynamoDb } from "../../../../support/dynamodb.ts";
import { given } from "../../../../support/values.ts";

afterEach(() => vi.unstubAllEnvs());

test("the table cannot be deleted by mistake, is encrypted, billed by use, and streams its keys", () => {
  expect(tableRequests("revocations").createTable).toMatchObject({
    BillingMode: "PAY_PER_REQUEST",
    DeletionProtectionEnabled: true,
    SSESpecification: { Enabled: true },
    StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" },
  });
});

const KEYS = tableRequests("revocations").createTable.KeySchema;

/**
 * DynamoDB as far as making a table goes: the local one has no TTL.
 * @param answers by operation, the next one for each call; a text is the name of an exception
 */
async function startDynamoDbWith(
  answers: Readonly<Record<string, readonly (object | string)[]>>,
): Promise<readonly (readonly [operation: string, input: unknown])[]> {
  const asked: [string, unknown][] = [];
  const left = new Map(Object.entries(answers).map(([operation, list]) => [operation, [...list]]));
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
      asked.push([operation, JSON.parse(body)]);
      const answer = left.get(operation)?.shift() ?? {};
      const type = "application/x-amz-json-1.0";
      if (typeof answer === "object") return response.setHeader("content-type", type).end(JSON.stringify(answer));
      const refusal = { __type: `com.amazonaws.dynamodb.v20120810#${answer}`, message: "said by the test" };
      return response.writeHead(400, { "content-type": type }).end(JSON.stringify(refusal));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = given(typeof address === "object" ? address?.port : undefined);
  const env = {
    AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}`,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  };
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  return asked;
}

const ACTIVE = { Table: { TableStatus: "ACTIVE", KeySchema: KEYS } };

test("a table is made, waited for, and given its TTL and backups", async () => {
  const asked = await startDynamoDbWith({
    DescribeTable: [{ Table: { TableStatus: "CREATING", KeySchema: KEYS } }, ACTIVE],
    DescribeTimeToLive: [{ TimeToLiveDescription: { TimeToLiveStatus: "DISABLED" } }],
    UpdateContinuousBackups: ["ContinuousBackupsUnavailableException"],
  });
  const sleep = vi.fn<(ms: number) => Promise<void>>().mockResolvedValue(undefined);
  expect(await createRevocationTable("revocations", sleep)).toBe(true);
  const { createTable, updateTimeToLive, updateContinuousBackups } = tableRequests("revocations");
  expect(asked).toEqual([
    ["CreateTable", createTable],
    ["DescribeTable", { TableName: "revocations" }],
    ["DescribeTable", { TableName: "revocations" }],
    ["DescribeTimeToLive", { TableName: "revocations" }],
    ["UpdateTimeToLive", updateTimeToLive],
    ["UpdateContinuousBackups", updateContinuousBackups],
    ["UpdateContinuousBackups", updateContinuousBackups],
  ]);
  expect(updateTimeToLive).toEqual({
    TableName: "revocations",
    TimeToLiveSpecification: { Enabled: true, AttributeName: "expires_at" },
  });
  expect(updateContinuousBackups.PointInTimeRecoverySpecification).toEqual({ PointInTimeRecoveryEnabled: true });
  expect(sleep).toHaveBeenCalledTimes(2);
});

// A program that was killed in between would otherwise leave a table without backups, which says that it is there.
test("what is still to be done of a table that is there is done", async () => {
  const asked = await startDynamoDbWith({
    CreateTable: ["ResourceInUseException", "ResourceInUseException"],
    DescribeTable: [ACTIVE, ACTIVE],
    DescribeTimeToLive: [
      { TimeToLiveDescription: { TimeToLiveStatus: "DISABLED" } },
      { TimeToLiveDescription: { TimeToLiveStatus: "ENABLED" } },
    ],
  });
  const operations = (): readonly string[] => asked.map(([operation]) => operation).slice(-2);
  expect(await createRevocationTable("revocations", async () => {})).toBe(false);
  expect(operations()).toEqual(["UpdateTimeToLive", "UpdateContinuousBackups"]);
  expect(await createRevocationTable("revocations", async () => {})).toBe(false);
  expect(operations()).toEqual(["DescribeTimeToLive", "UpdateContinuousBackups"]);
});

test("a table of that name with other keys is not taken for it", async () => {
  const KeySchema = [{ AttributeName: "id", KeyType: "HASH" }];
  await startDynamoDbWith({
    CreateTable: ["ResourceInUseException"],
    DescribeTable: [{ Table: { TableStatus: "ACTIVE", KeySchema } }],
  });
  await expect(createRevocationTable("revocations", async () => {})).rejects.toMatchObject({
    code: "revocation_table_failed",
    message: expect.stringContaining("has other keys than issuer and entry") as string,
  });
});

test("a table that is being deleted is not waited for without end", async () => {
  await startDynamoDbWith({
    CreateTable: ["ResourceInUseException"],
    DescribeTable: [
      { Table: { TableStatus: "DELETING", KeySchema: KEYS } },
      ...Array.from({ length: 1000 }, () => "ResourceNotFoundException"),
    ],
  });
  const sleep = vi.fn<(ms: number) => Promise<void>>().mockImplementation(async () => {
    if (sleep.mock.calls.length > 200) throw new Error("waits without end");
  });
  await expect(createRevocationTable("revocations", sleep)).rejects.toMatchObject({
    code: "revocation_table_failed",
    message: expect.stringContaining("cannot be used yet") as string,
  });
});

test("as a resource of CloudFormation it outlives its stack", () => {
  const { createTable } = tableRequests("revocations");
  expect(tableResource("revocations")).toMatchObject({
    Type: "AWS::DynamoDB::Table",
    DeletionPolicy: "Retain",
    UpdateReplacePolicy: "Retain",
    Properties: {
      TableName: "revocations",
      KeySchema: createTable.KeySchema,
      SSESpecification: { SSEEnabled: true },
      StreamSpecification: { StreamViewType: "KEYS_ONLY" },
      TimeToLiveSpecification: { AttributeName: "expires_at", Enabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    },
  });
});

test("on a local DynamoDB, without TTL and backups, it is made as well, and made once", async () => {
  const dynamodb = await startDynamoDb();
  for (const [name, value] of Object.entries(dynamodb.env)) vi.stubEnv(name, value);
  expect(await createRevocationTable("revocations", async () => {})).toBe(true);
  expect(await createRevocationTable("revocations", async () => {})).toBe(false);
  await dynamodb.close();
});
