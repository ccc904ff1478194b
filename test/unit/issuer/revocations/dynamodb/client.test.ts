import { afterEach, expect, test, vi } from "vitest";
import { createTableClient } from "../../../../../issuer/revocations/dynamodb/client.ts";
import { startBrokenDynamoDb } from "../../../../support/dynamodb.ts";

afterEach(() => vi.unstubAllEnvs());

function stubAws(endpoint: string): void {
  vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", endpoint);
  vi.stubEnv("AWS_REGION", "eu-central-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
}

const describe = (table: string): Promise<object | undefined> =>
  createTableClient(table).call("DescribeTable", "ResourceNotFoundException", (sdk, client, options) =>
    client.send(new sdk.DescribeTableCommand({ TableName: table }), options),
  );

test("an exception that is an answer is undefined, any other a fault", async () => {
  const missing = await startBrokenDynamoDb(400, "ResourceNotFoundException");
  stubAws(missing.endpoint);
  expect(await describe("revocations")).toBeUndefined();
  missing.close();
  const denied = await startBrokenDynamoDb(400, "AccessDeniedException");
  stubAws(denied.endpoint);
  await expect(describe("revocations")).rejects.toMatchObject({ code: "revocation_table_denied" });
  denied.close();
});

test("a port on which there is nothing is a fault that may pass", async () => {
  const closed = await startBrokenDynamoDb(400, "AccessDeniedException");
  closed.close();
  stubAws(closed.endpoint);
  await expect(describe("revocations")).rejects.toMatchObject({
    code: "revocation_table_unreachable",
    retryable: true,
  });
});

test("the Region is the ARN's", async () => {
  stubAws("http://127.0.0.1:9");
  const regionOf = (table: string): Promise<string | undefined> =>
    createTableClient(table).call("DescribeTable", undefined, async (_sdk, client) => client.config.region());
  expect(await regionOf("arn:aws:dynamodb:us-west-2:123456789012:table/revocations")).toBe("us-west-2");
  expect(await regionOf("revocations")).toBe("eu-central-1");
});
