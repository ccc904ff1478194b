import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { createDynamoDbRevocations } from "../../../../../issuer/revocations/dynamodb/store.ts";
import { entryKey } from "../../../../../issuer/revocations/entry.ts";
import { startCutProxy } from "../../../../support/cut-proxy.ts";
import { startDynamoDb } from "../../../../support/dynamodb.ts";
import type { LocalDynamoDb } from "../../../../support/dynamodb.ts";
import { given } from "../../../../support/values.ts";
import {
  describeRevocationStoreContract,
  issuerOf,
  timeOf,
  tokenEntry,
} from "../../../../support/revocation-store-contract.ts";

const TABLE = "sealgate-revocations";
const ISSUER = issuerOf("https://auth.example.com");

async function start(): Promise<LocalDynamoDb> {
  const dynamodb = await startDynamoDb();
  for (const [name, value] of Object.entries(dynamodb.env)) vi.stubEnv(name, value);
  await dynamodb.createTable(TABLE);
  return dynamodb;
}

describeRevocationStoreContract("DynamoDB's protocol", async () => {
  const dynamodb = await start();
  return { store: createDynamoDbRevocations(TABLE), close: () => dynamodb.close() };
});

describe("an item", () => {
  let dynamodb: LocalDynamoDb;
  beforeAll(async () => {
    dynamodb = await start();
  });
  afterAll(async () => {
    await dynamodb.close();
    vi.unstubAllEnvs();
  });

  test("has all that decides in its keys, and a time when DynamoDB may delete it", async () => {
    const store = createDynamoDbRevocations(TABLE);
    await store.add(ISSUER, tokenEntry("a", 1_800_000_000), timeOf(1_800_604_920.5));
    const items = await dynamodb.scan(TABLE);
    expect(items.filter(({ expires_at: end }) => end !== undefined)).toEqual([
      {
        issuer: { S: ISSUER },
        entry: { S: expect.stringMatching(/^1800000000#jti#[\w-]{11}$/) as string },
        expires_at: { N: "1800604921" },
      },
    ]);
    expect(items.map(({ entry }) => entry)).toContainEqual({ S: "change" });
  });

  test("that each entry replaces tells rotators that wait, and counts as no entry", async () => {
    const store = createDynamoDbRevocations(TABLE);
    const issuer = issuerOf("https://waiting.example.com");
    const changes = [await store.lastChange(issuer)];
    for (const jti of ["a", "b"]) {
      await store.add(issuer, tokenEntry(jti, 1_800_000_000), timeOf(1_800_604_920));
      changes.push(await store.lastChange(issuer));
    }
    expect(changes[0]).toBeUndefined();
    expect(new Set(changes).size).toBe(3);
    expect(await store.load(issuer)).toMatchObject({ entries: [{}, {}], unreadable: 0 });
  });

  test("of an entry is durable although rotators that wait cannot be told", async () => {
    const network = await startCutProxy(dynamodb.endpoint);
    onTestFinished(() => network.close());
    vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", network.url);
    onTestFinished(() => void vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.endpoint));
    const before = dynamodb.calls.length;
    Object.defineProperty(network, "isCut", { get: () => dynamodb.calls.length > before });
    const issuer = issuerOf("https://cut.example.com");
    await createDynamoDbRevocations(TABLE).add(issuer, tokenEntry("a", 1_800_000_000), timeOf(1_800_604_920));
    vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.endpoint);
    const store = createDynamoDbRevocations(TABLE);
    expect((await store.load(issuer)).entries).toHaveLength(1);
    expect(await store.lastChange(issuer)).toBeUndefined();
  });

  test("of the rotator lies in a partition that no issuer's entries have", async () => {
    await createDynamoDbRevocations(TABLE).takeRev(ISSUER, () => 7);
    const items = await dynamodb.scan(TABLE);
    expect(items).toContainEqual({ issuer: { S: `#rotator:${ISSUER}` }, entry: { S: "rev" }, rev: { N: "7" } });
  });

  test("that is no entry is counted and passed over", async () => {
    const { DynamoDBClient, PutItemCommand } = await import("@aws-sdk/client-dynamodb");
    const Item = { issuer: { S: "https://other.example.com" }, entry: { S: "jti#?" } };
    await new DynamoDBClient({}).send(new PutItemCommand({ TableName: TABLE, Item }));
    const reading = await createDynamoDbRevocations(TABLE).load(issuerOf("https://other.example.com"));
    expect(reading).toMatchObject({ entries: [], unreadable: 1 });
  });

  test("on a later page of the answer is read, too", async () => {
    const { DynamoDBClient, PutItemCommand } = await import("@aws-sdk/client-dynamodb");
    const client = new DynamoDBClient({});
    // A page ends after 1 MB of what is stored.
    for (const jti of ["AAAAAAAAAAA", "AAAAAAAAAAI", "AAAAAAAAAAQ", "AAAAAAAAAAY"]) {
      const entry = { S: `1800000000#jti#${jti}` };
      const Item = { issuer: { S: "https://long.example.com" }, entry, padding: { S: "x".repeat(390_000) } };
      await client.send(new PutItemCommand({ TableName: TABLE, Item }));
    }
    const { entries } = await createDynamoDbRevocations(TABLE).load(issuerOf("https://long.example.com"));
    expect(entries).toHaveLength(4);
    // The latest first: what a reading leaves out is over soonest.
    const part = await createDynamoDbRevocations(TABLE, { maxEntries: 2 }).load(issuerOf("https://long.example.com"));
    expect([part.isPartial, part.entries.map(entryKey)]).toEqual([
      true,
      ["AAAAAAAAAAY", "AAAAAAAAAAQ", "AAAAAAAAAAI"].map((jti) => `1800000000#jti#${jti}`),
    ]);
  });

  test("after another, without end, is a fault: no rotator reads for ever", async () => {
    const item = { issuer: { S: ISSUER }, entry: { S: "1800000000#jti#AAAAAAAAAAA" } };
    const server = createServer((request, response) => {
      request.resume().on("end", () => response.end(JSON.stringify({ Items: [item], LastEvaluatedKey: item })));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = given(typeof address === "object" ? address?.port : undefined);
    vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", `http://127.0.0.1:${port}`);
    const store = createDynamoDbRevocations(TABLE, { loadTimeoutMs: 200 });
    await expect(store.load(ISSUER)).rejects.toMatchObject({ code: "revocation_table_unreachable", retryable: true });
    server.close();
    vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.endpoint);
  });

  test("of a table that is not there is a fault that says how to make it", async () => {
    const store = createDynamoDbRevocations("another-table");
    await expect(store.load(ISSUER)).rejects.toMatchObject({
      code: "revocation_table_missing",
      message: expect.stringContaining("docs/revocations.md") as string,
    });
  });
});

test.each(["", "ab", "a b", "arn:aws:dynamodb:eu-central-1:1:index/x", "https://table"])("%j is no table", (table) => {
  expect(() => createDynamoDbRevocations(table)).toThrow(TypeError);
});
