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

/** The same as a resource of CloudFormation, which keeps the table when its stack is deleted. */
export function tableResource(name: string): {
  readonly Type: "AWS::DynamoDB::Table";
  readonly DeletionPolicy: "Retain";
  readonly UpdateReplacePolicy: "Retain";
  readonly Properties: Readonly<Record<string, unknown>>;
} {
  const { createTable, updateTimeToLive, updateContinuousBackups } = tableRequests(name);
  const { SSESpecification: encryption, StreamSpecification: stream, ...same } = createTable;
  return {
    Type: "AWS::DynamoDB::Table",
    DeletionPolicy: "Retain",
    UpdateReplacePolicy: "Retain",
    Properties: {
      ...same,
      SSESpecification: { SSEEnabled: encryption?.Enabled },
      StreamSpecification: { StreamViewType: stream?.StreamViewType },
      TimeToLiveSpecification: updateTimeToLive.TimeToLiveSpecification,
      PointInTimeRecoverySpecification: updateContinuousBackups.PointInTimeRecoverySpecification,
    },
  };
}

/**
 * Makes the table, lets DynamoDB tidy it and keep backups of it. Run again, it does what is still to be done of that. A local
 * DynamoDB has neither.
 * @param sleep waits, in milliseconds
 * @returns whether there was no table of that name
 * @throws SealgateError `revocation_table_…`, also for a table of that name with other keys
 */
export async function createRevocationTable(name: string, sleep: (ms: number) => Promise<void>): Promise<boolean> {
  const client = createTableClient(name);
  const requests = tableRequests(name);
  const created = await client.call("CreateTable", "ResourceInUseException", (sdk, dynamodb, options) =>
    dynamodb.send(new sdk.CreateTableCommand(requests.createTable), options),
  );
  const keys = await waitForTable(client, sleep);
  if (JSON.stringify(keys) !== JSON.stringify(keysOf(requests.createTable.KeySchema))) {
    const message = `Table ${name} is there, and has other keys than issuer and entry. Choose another name.`;
    throw new SealgateError("revocation_table_failed", message);
  }
  // A local DynamoDB has no TTL to switch on, and no backups.
  if (await tidy(client, requests)) await keepBackups(client, requests, sleep);
  return created !== undefined;
}

/** @returns false where there is no TTL */
async function tidy(client: TableClient, { updateTimeToLive }: TableRequests): Promise<boolean> {
  const unknown = "UnknownOperationException";
  const described = await client.call("DescribeTimeToLive", unknown, (sdk, dynamodb, options) =>
    dynamodb.send(new sdk.DescribeTimeToLiveCommand({ TableName: client.table }), options),
  );
  const status = described?.TimeToLiveDescription?.TimeToLiveStatus;
  if (status === "ENABLED" || status === "ENABLING") return true;
  const updated = await client.call("UpdateTimeToLive", unknown, (sdk, dynamodb, options) =>
    dynamodb.send(new sdk.UpdateTimeToLiveCommand(updateTimeToLive), options),
  );
  return updated !== undefined;
}

type Keys = readonly (readonly [name: string | undefined, type: string | undefined])[];

function keysOf(schema: CreateTableCommandInput["KeySchema"] = []): Keys {
  return schema.map(({ AttributeName, KeyType }) => [AttributeName, KeyType]);
}

/** @returns its keys, once it can be used */
function waitForTable(client: TableClient, sleep: (ms: number) => Promise<void>): Promise<Keys> {
  const look = async (): Promise<Keys | undefined> => {
    const found = await client.call("DescribeTable", "ResourceNotFoundException", (sdk, dynamodb, options) =>
      dynamodb.send(new sdk.DescribeTableCommand({ TableName: client.table }), options),
    );
    const { TableStatus: status, KeySchema: schema } = found?.Table ?? {};
    return status === "ACTIVE" || status === "UPDATING" ? keysOf(schema) : undefined;
  };
  return retry(look, sleep, `Table ${client.table} cannot be used yet: it is being made or deleted. Run again.`);
}

/** DynamoDB refuses it for the first seconds of a table's life. */
function keepBackups(
  client: TableClient,
  { updateContinuousBackups }: TableRequests,
  sleep: (ms: number) => Promise<void>,
): Promise<unknown> {
  const switchOn = (): Promise<unknown> =>
    client.call("UpdateContinuousBackups", "ContinuousBackupsUnavailableException", (sdk, dynamodb, options) =>
      dynamodb.send(new sdk.UpdateContinuousBackupsCommand(updateContinuousBackups), options),
    );
  const message = `Table ${client.table} is made, but DynamoDB does not switch its backups on. Switch on point-in-time recovery by hand.`;
  return retry(switchOn, sleep, message);
}

const ATTEMPTS = 60;

/**
 * Asks every second, for a minute at most.
 * @returns the first answer that is not undefined
 * @throws SealgateError with the message
 */
async function retry<Answer>(
  work: () => Promise<Answer | undefined>,
  sleep: (ms: number) => Promise<void>,
  message: string,
): Promise<Answer> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const answer = await work();
    if (answer !== undefined) return answer;
    await sleep(1000);
  }
  throw new SealgateError("revocation_table_failed", message);
}
