/**
 * The table itself: what it has to be like, and making it. For operators; neither revokers nor rotators need these rights.
 * The requests are data, so that they can be printed for other tools, and tested where the TTL call cannot be answered.
 */
import type { CreateTableCommandInput, UpdateTimeToLiveCommandInput } from "@aws-sdk/client-dynamodb";
import { createTableClient } from "./client.ts";

/** The two requests, as the AWS CLI's `--cli-input-json` takes them. */
export interface TableRequests {
  readonly createTable: CreateTableCommandInput;
  readonly updateTimeToLive: UpdateTimeToLiveCommandInput;
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
      // For the Lambda that publishes at once; its own writes and DynamoDB's deletions do not concern it.
      StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" },
    },
    updateTimeToLive: { TableName: name, TimeToLiveSpecification: { Enabled: true, AttributeName: "expires_at" } },
  };
}

/**
 * Makes the table, and lets DynamoDB tidy it. A table that exists is left as it is.
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
  return true;
}
