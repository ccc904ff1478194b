/** What a table of revocations is like, by calls that only read: for `sealgate check`. Pages and entries are not looked at. */
import type * as Sdk from "@aws-sdk/client-dynamodb";
import type { IssuerUrl, RingName } from "../../../shared/identifiers.ts";
import { err, ok } from "../../../shared/result.ts";
import type { Result } from "../../../shared/result.ts";
import { SealgateError } from "../../errors.ts";
import type { ListNote } from "../store.ts";
import { createTableClient } from "./client.ts";
import { createDynamoDbRevocations } from "./store.ts";

/** What each call has come to; a fault of one, a right that is missing say, keeps no other from being made. */
export interface TableInspection {
  /** Name or ARN. */
  readonly table: string;
  /** Undefined: DynamoDB has said nothing of it. */
  readonly described: Result<Sdk.TableDescription | undefined, SealgateError>;
  /** The attribute by which DynamoDB tidies; undefined when it does not. */
  readonly expiryAttribute: Result<string | undefined, SealgateError>;
  readonly hasBackups: Result<boolean, SealgateError>;
  /** Whether the entries of the issuer may be read, as a rotator does. */
  readonly entries: Result<void, SealgateError>;
  /** What the rotator has noted of the ring's list. */
  readonly note: Result<ListNote | undefined, SealgateError>;
}

/** @param table name or ARN */
export async function inspectTable(table: string, issuer: IssuerUrl, ring: RingName): Promise<TableInspection> {
  const client = createTableClient(table);
  const name = { TableName: table };
  const [described, expiryAttribute, hasBackups, entries, note] = await Promise.all([
    attempt(async () => {
      const answer = await client.call("DescribeTable", undefined, (sdk, dynamodb, options) =>
        dynamodb.send(new sdk.DescribeTableCommand(name), options),
      );
      return answer?.Table;
    }),
    attempt(async () => {
      const answer = await client.call("DescribeTimeToLive", undefined, (sdk, dynamodb, options) =>
        dynamodb.send(new sdk.DescribeTimeToLiveCommand(name), options),
      );
      const { TimeToLiveStatus: status = "DISABLED", AttributeName: attribute } = answer?.TimeToLiveDescription ?? {};
      return status.startsWith("ENABL") ? attribute : undefined;
    }),
    attempt(async () => {
      const answer = await client.call("DescribeContinuousBackups", undefined, (sdk, dynamodb, options) =>
        dynamodb.send(new sdk.DescribeContinuousBackupsCommand(name), options),
      );
      const recovery = answer?.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
      return recovery?.PointInTimeRecoveryStatus === "ENABLED";
    }),
    attempt(async () => {
      await client.call("Query", undefined, (sdk, dynamodb, options) =>
        dynamodb.send(
          new sdk.QueryCommand({
            ...name,
            Limit: 1,
            KeyConditionExpression: "#issuer = :issuer",
            ProjectionExpression: "#entry",
            ExpressionAttributeNames: { "#issuer": "issuer", "#entry": "entry" },
            ExpressionAttributeValues: { ":issuer": { S: issuer } },
          }),
          options,
        ),
      );
    }),
    attempt(() => createDynamoDbRevocations(table).readNote(issuer, ring)),
  ]);
  return { table, described, expiryAttribute, hasBackups, entries, note };
}

async function attempt<Value>(work: () => Promise<Value>): Promise<Result<Value, SealgateError>> {
  try {
    return ok(await work());
  } catch (error) {
    if (error instanceof SealgateError) return err(error);
    throw error;
  }
}
