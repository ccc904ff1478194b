import { createServer } from "node:http";
import { afterEach, expect, test, vi } from "vitest";
import { createRevocationTable, tableRequests } from "../../../../../issuer/revocations/dynamodb/table.ts";
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

/** DynamoDB as far as making a table goes: the local one has no TTL. */
test("a table is made, waited for, and given its TTL and backups", async () => {
  const asked: [string, unknown][] = [];
  const states = ["CREATING", "ACTIVE"];
  const refusals = ["ContinuousBackupsUnavailableException"];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
      asked.push([operation, JSON.parse(body)]);
      const answer = operation === "DescribeTable" ? { Table: { TableStatus: states.shift() } } : {};
      const refusal = operation === "UpdateContinuousBackups" ? refusals.shift() : undefined;
      const type = `com.amazonaws.dynamodb.v20120810#${String(refusal)}`;
      response.writeHead(refusal === undefined ? 200 : 400, { "content-type": "application/x-amz-json-1.0" });
      response.end(JSON.stringify(refusal === undefined ? answer : { __type: type, message: "too early" }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = given(typeof address === "object" ? address?.port : undefined);
  vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", `http://127.0.0.1:${port}`);
  vi.stubEnv("AWS_REGION", "eu-central-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
  const sleep = vi.fn<(ms: number) => Promise<void>>().mockResolvedValue(undefined);
  expect(await createRevocationTable("revocations", sleep)).toBe(true);
  server.close();
  const { createTable, updateTimeToLive, updateContinuousBackups } = tableRequests("revocations");
  expect(asked).toEqual([
    ["CreateTable", createTable],
    ["DescribeTable", { TableName: "revocations" }],
    ["DescribeTable", { TableName: "revocations" }],
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

test("a table that exists is left as it is", async () => {
  const dynamodb = await startDynamoDb();
  for (const [name, value] of Object.entries(dynamodb.env)) vi.stubEnv(name, value);
  await dynamodb.createTable("revocations");
  expect(await createRevocationTable("revocations", async () => {})).toBe(false);
  await dynamodb.close();
});
