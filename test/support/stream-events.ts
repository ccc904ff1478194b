/**
 * Events of a table's stream as Lambda hands them over, with the members of AWS's own sample.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-example.html
 */
import type { JsonObject } from "../../shared/json.ts";
import { TEST_ISSUER } from "./key-sets.ts";

export interface StreamChange {
  readonly name?: "INSERT" | "MODIFY" | "REMOVE";
  /** Partition key: an issuer, or the rotator's own of an issuer. */
  readonly issuer?: string;
  readonly entry?: string;
  /** Epoch seconds. */
  readonly addedAt: number;
}

let lastSequenceNumber = 700_000_000_021_460_305_000n;

/** One record of a stream with keys only. DynamoDB's TTL deletes as a service of its own. */
export function streamRecord({
  name = "INSERT",
  issuer = TEST_ISSUER,
  entry = "1800003600#jti#AAAAAAAAAAA",
  addedAt,
}: StreamChange): JsonObject {
  lastSequenceNumber += 1n;
  return {
    eventID: "c4ca4238a0b923820dcc509a6f75849b",
    eventName: name,
    eventVersion: "1.1",
    eventSource: "aws:dynamodb",
    awsRegion: "eu-central-1",
    dynamodb: {
      ApproximateCreationDateTime: Math.floor(addedAt),
      Keys: { issuer: { S: issuer }, entry: { S: entry } },
      SequenceNumber: String(lastSequenceNumber),
      SizeBytes: 86,
      StreamViewType: "KEYS_ONLY",
    },
    ...(name === "REMOVE" ? { userIdentity: { type: "Service", principalId: "dynamodb.amazonaws.com" } } : {}),
    eventSourceARN:
      "arn:aws:dynamodb:eu-central-1:111122223333:table/sealgate-revocations/stream/2026-11-20T09:30:00.000",
  };
}

export function streamEvent(changes: readonly StreamChange[]): JsonObject {
  return { Records: changes.map(streamRecord) };
}

/** The record's name in an answer. */
export function sequenceNumberOf(event: JsonObject, index: number): string {
  const records = event["Records"];
  const record: unknown = Array.isArray(records) ? records[index] : undefined;
  const [, number = ""] = /"SequenceNumber":"(\d+)"/.exec(JSON.stringify(record)) ?? [];
  return number;
}
