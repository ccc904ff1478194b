/**
 * The table itself: what it has to be like, and making it. For operators; neither revokers nor rotators need these rights.
 * The requests are data, so that they can be printed for other tools, and tested where the TTL call cannot be answered.
 */
import type {
  CreateTableCommandInput,
  UpdateContinuousBackupsCommandInput,
  UpdateTimeToLiveCommandInput,
} from "@aws-sdk/client-dynamodb";
import { SealgateError } from "../../errors.ts";
import { createTableClient } from "./client.ts";
import type { TableClient } from "./client.ts";

/** The requests, as the AWS CLI's `--cli-input-json` takes them. `issuer/deploy/sealgate.template.yaml` makes the same table. */
export interface TableRequests {
  readonly createTable: CreateTableCommandInput;
  readonly updateTimeToLive: UpdateTimeToLiveCommandInput;
  readonly updateContinuousBackups: UpdateContinuousBackupsCommandInput;
}

/** What makes a table. @param name of the table */
export function tableRequests(name: string): TableRequests {
  return {
    createTable: {
      TableName: name,
      AttributeDefinitions: [
        { AttributeName: "issuer", AttributeType: "S" },
        { AttributeName: "entry", AttributeType: "S" },
      ],
      KeySchema: [
        { AttributeName: "issuer", KeyType: "HASH" },
        { AttributeName: "entry", KeyType: "RANGE" },
      ],
      BillingMode: "PAY_PER_REQUEST",
      DeletionProtectionEnabled: true,
      // With the account's key for DynamoDB, whose use CloudTrail shows; no role needs a right on it.
      SSESpecification: { Enabled: true },
      // For the Lambda that publishes at once; its own writes and DynamoDB's deletions do not concern it.
      StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" },
    },
    updateTimeToLive: { TableName: name, TimeToLiveSpecification: { Enabled: true, AttributeName: "expires_at" } },
    // A table that is lost takes every revocation with it: it can be set back to any second of the last 35 days.
    updateContinuousBackups: {
      TableName: name,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    },
  };
}

/**
 * Makes the table, lets DynamoDB tidy it and keep backups of it. A table that exists is left as it is.
 * @returns whether it was made
 * @throws SealgateError `revocation_table_…`
 */
export async function createRevocationTable(name: string, sleep: (ms: number) => Promise<void>): Promise<boolean> {
  const client = createTableClient(name);
  const requests = tableRequests(name);
  const created = await client.call("CreateTable", "ResourceInUseException", (sdk, dynamodb, options) =>
    dynamodb.send(new sdk.CreateTableCommand(requests.createTable), options),
  );
  if (created === undefined) return false;
  for (;;) {
    const found = await client.call("DescribeTable", "ResourceNotFoundException", (sdk, dynamodb, options) =>
      dynamodb.send(new sdk.DescribeTableCommand({ TableName: name }), options),
    );
    if (found?.Table?.TableStatus === "ACTIVE") break;
    await sleep(1000);
  }
  await client.call("UpdateTimeToLive", undefined, (sdk, dynamodb, options) =>
    dynamodb.send(new sdk.UpdateTimeToLiveCommand(requests.updateTimeToLive), options),
  );
  await keepBackups(client, requests, sleep);
  return true;
}

const BACKUP_ATTEMPTS = 60;

/** DynamoDB refuses it for the first seconds of a table's life. */
async function keepBackups(
  client: TableClient,
  { updateContinuousBackups }: TableRequests,
  sleep: (ms: number) => Promise<void>,
): Promise<void> {
  for (let attempt = 1; attempt <= BACKUP_ATTEMPTS; attempt += 1) {
    const answer = await client.call(
      "UpdateContinuousBackups",
      "ContinuousBackupsUnavailableException",
      (sdk, dynamodb, options) =>
        dynamodb.send(new sdk.UpdateContinuousBackupsCommand(updateContinuousBackups), options),
    );
    if (answer !== undefined) return;
    await sleep(1000);
  }
  const message = `Table ${client.table} is made, but DynamoDB does not switch its backups on. Switch on point-in-time recovery by hand.`;
  throw new SealgateError("revocation_table_failed", message);
}
