/** DynamoDB on loopback: dynalite, which speaks its protocol and has neither streams nor the call for TTL. */
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import dynalite from "dynalite";
import { DynamoDBClient, CreateTableCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { createDynamoDbRevocations } from "../../issuer/revocations/dynamodb/store.ts";
import { tableRequests } from "../../issuer/revocations/dynamodb/table.ts";
import { given } from "./values.ts";

export interface LocalDynamoDb {
  readonly endpoint: string;
  /** What the AWS SDK has to find in the environment. */
  readonly env: Readonly<Record<string, string>>;
  createTable(name: string): Promise<void>;
  /** The operations that it was asked for so far, a query with its condition. */
  readonly calls: readonly string[];
  /** Sort keys of the revocations in a table, in their order. */
  revocations(name: string): Promise<readonly string[]>;
  /** All items of a table, as the SDK gives them. */
  scan(name: string): Promise<readonly Record<string, unknown>[]>;
  close(): Promise<void>;
}

/** @param port 0 takes a free one */
export async function startDynamoDb(port = 0): Promise<LocalDynamoDb> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0 });
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  const calls: string[] = [];
  server.on("request", (request: IncomingMessage) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      const operation = String(request.headers["x-amz-target"]).replace(/^.*\./, "");
      calls.push(`${operation} ${/"KeyConditionExpression":"([^"]*)"/.exec(body)?.[1] ?? ""}`.trim());
    });
  });
  const address = server.address();
  const endpoint = `http://127.0.0.1:${given(typeof address === "object" ? address?.port : undefined)}`;
  const env = {
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  };
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  const client = new DynamoDBClient({ endpoint, region: env.AWS_REGION, credentials });
  const scan = async (name: string) => (await client.send(new ScanCommand({ TableName: name }))).Items ?? [];
  return {
    endpoint,
    env,
    calls,
    async createTable(name) {
      await client.send(new CreateTableCommand(tableRequests(name).createTable));
    },
    async revocations(name) {
      // What is written beside them has no end.
      const items = (await scan(name)).filter(({ expires_at: end }) => end !== undefined);
      return items.flatMap(({ entry }) => entry?.S ?? []).toSorted();
    },
    scan,
    async close() {
      client.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

export interface LocalTable {
  readonly store: ReturnType<typeof createDynamoDbRevocations>;
  /** What a program needs to find the table, beside Region and credentials. */
  readonly env: Readonly<Record<string, string>>;
  readonly dynamodb: LocalDynamoDb;
  close(): Promise<void>;
}

/** A table in a DynamoDB of its own. The store of this process finds it by the process's environment, which is changed. */
export async function startTable(name: string): Promise<LocalTable> {
  const dynamodb = await startDynamoDb();
  await dynamodb.createTable(name);
  Object.assign(process.env, dynamodb.env);
  const env = { AWS_ENDPOINT_URL_DYNAMODB: dynamodb.endpoint, SEALGATE_REVOCATION_TABLE: name };
  const store = createDynamoDbRevocations(name);
  return { store, env, dynamodb, close: () => dynamodb.close() };
}

/** A server in DynamoDB's place that answers every call with one error. */
export async function startBrokenDynamoDb(
  status: number,
  exception: string,
): Promise<{
  readonly endpoint: string;
  readonly asked: readonly { readonly target: string; readonly body: unknown }[];
  close(): void;
}> {
  const asked: { readonly target: string; readonly body: unknown }[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part: Buffer) => (body += part.toString()));
    request.on("end", () => {
      asked.push({ target: String(request.headers["x-amz-target"]), body: JSON.parse(body) as unknown });
      response.writeHead(status, { "content-type": "application/x-amz-json-1.0" });
      response.end(
        JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${exception}`, message: "said by the test" }),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = given(typeof address === "object" ? address?.port : undefined);
  return { endpoint: `http://127.0.0.1:${port}`, asked, close: () => server.close() };
}
