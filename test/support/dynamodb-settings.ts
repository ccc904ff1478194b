/**
 * The local DynamoDB with the settings of a table that it does not know: TTL, backups, stream and protection. What a test has set is
 * answered here; everything else is dynalite's own answer.
 */
import { createServer } from "node:http";
import type { IncomingHttpHeaders } from "node:http";
import { isJsonObject, parseJsonObjectText } from "../../shared/json.ts";
import { startDynamoDb } from "./dynamodb.ts";
import type { LocalDynamoDb } from "./dynamodb.ts";
import { given, valueOf } from "./values.ts";

export interface TableSettings {
  expiryAttribute: string | undefined;
  hasBackups: boolean;
  hasStream: boolean;
  isProtected: boolean;
  /** Calls that are refused, as IAM calls them without the service. */
  denied: readonly string[];
}

export interface ConfiguredDynamoDb extends LocalDynamoDb {
  /** Of all tables; as `tableRequests` asks for them, until a test changes one. */
  readonly settings: TableSettings;
}

export async function startConfiguredDynamoDb(): Promise<ConfiguredDynamoDb> {
  const dynamodb = await startDynamoDb();
  const settings: TableSettings = {
    expiryAttribute: "expires_at",
    hasBackups: true,
    hasStream: true,
    isProtected: true,
    denied: [],
  };
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      void answer(dynamodb.endpoint, settings, request.headers, Buffer.concat(parts)).then(({ status, body }) =>
        response.writeHead(status, { "content-type": CONTENT_TYPE }).end(body),
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const endpoint = `http://127.0.0.1:${given(typeof address === "object" ? address?.port : undefined)}`;
  return {
    ...dynamodb,
    endpoint,
    env: { ...dynamodb.env, AWS_ENDPOINT_URL_DYNAMODB: endpoint },
    settings,
    async close() {
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await dynamodb.close();
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

const CONTENT_TYPE = "application/x-amz-json-1.0";

async function answer(
  endpoint: string,
  settings: TableSettings,
  headers: IncomingHttpHeaders,
  body: Buffer<ArrayBuffer>,
): Promise<Answer> {
  const target = String(headers["x-amz-target"]);
  const forwarded = new Headers({ "content-type": CONTENT_TYPE, "x-amz-target": target });
  for (const name of ["authorization", "x-amz-date"]) forwarded.set(name, String(headers[name]));
  const dynalites = await fetch(endpoint, { method: "POST", headers: forwarded, body });
  const operation = target.split(".")[1] ?? "";
  return withSettings(operation, settings, { status: dynalites.status, body: await dynalites.text() });
}

function withSettings(operation: string, settings: TableSettings, dynalites: Answer): Answer {
  if (settings.denied.includes(operation)) {
    return {
      status: 400,
      body: '{"__type":"com.amazon.coral.service#AccessDeniedException","message":"said by the test"}',
    };
  }
  const { expiryAttribute: AttributeName, hasBackups, hasStream, isProtected } = settings;
  if (operation === "DescribeTimeToLive" && dynalites.status === 200) {
    const TimeToLiveDescription =
      AttributeName === undefined ? { TimeToLiveStatus: "DISABLED" } : { TimeToLiveStatus: "ENABLED", AttributeName };
    return { status: 200, body: JSON.stringify({ TimeToLiveDescription }) };
  }
  if (operation === "DescribeContinuousBackups") {
    const PointInTimeRecoveryDescription = { PointInTimeRecoveryStatus: hasBackups ? "ENABLED" : "DISABLED" };
    const ContinuousBackupsDescription = { ContinuousBackupsStatus: "ENABLED", PointInTimeRecoveryDescription };
    return { status: 200, body: JSON.stringify({ ContinuousBackupsDescription }) };
  }
  if (operation !== "DescribeTable" || dynalites.status !== 200) return dynalites;
  const { Table: table } = valueOf(parseJsonObjectText(dynalites.body));
  if (!isJsonObject(table)) return dynalites;
  const StreamSpecification = hasStream ? { StreamEnabled: true, StreamViewType: "KEYS_ONLY" } : undefined;
  const Table = { ...table, StreamSpecification, DeletionProtectionEnabled: isProtected };
  return { status: 200, body: JSON.stringify({ Table }) };
}
