/**
 * The event that AWS Lambda makes of a table's DynamoDB stream: which of its records are revocations that a rotator has to publish.
 * Pure. What the rotator writes itself, and what DynamoDB deletes to tidy up, is none: a rotator that such records ran would
 * never rest.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 */
import { isJsonObject } from "../../../shared/json.ts";
import type { JsonObject, JsonValue } from "../../../shared/json.ts";
import type { IssuerUrl } from "../../../shared/identifiers.ts";
import { CHANGE } from "./store.ts";

/** A revocation that was added to the table. */
export interface StreamRecord {
  /** Names the record in the answer to Lambda. */
  readonly sequenceNumber: string;
  /** When it was added, by DynamoDB's clock: epoch seconds. */
  readonly addedAt: number;
}

/**
 * @param event as Lambda hands it over
 * @param issuer whose revocations count
 * @returns undefined for an event of another kind; empty when no record concerns this issuer's list
 */
export function addedRevocations(event: unknown, issuer: IssuerUrl): readonly StreamRecord[] | undefined {
  const records = isJsonObject(event) ? event["Records"] : undefined;
  if (!isList(records) || !records.every(isStreamRecord)) return undefined;
  return records.flatMap((record) => {
    const change = memberOf(record, "dynamodb");
    const { SequenceNumber: sequenceNumber, ApproximateCreationDateTime: addedAt } = change;
    // Deletions are REMOVE; the rotator's own partition has another key than the issuer's.
    if (record["eventName"] !== "INSERT" && record["eventName"] !== "MODIFY") return [];
    const { issuer: partition, entry } = memberOf(change, "Keys");
    if (textOf(partition) !== issuer || textOf(entry) === CHANGE) return [];
    return typeof sequenceNumber === "string" && typeof addedAt === "number" ? { sequenceNumber, addedAt } : [];
  });
}

function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isStreamRecord(record: JsonValue): record is JsonObject {
  return isJsonObject(record) && record["eventSource"] === "aws:dynamodb";
}

/** A text as DynamoDB writes it: `{ "S": "…" }`. */
function textOf(value: JsonValue | undefined): JsonValue | undefined {
  return isJsonObject(value) ? value["S"] : undefined;
}

function memberOf(object: JsonObject, name: string): JsonObject {
  const member = object[name];
  return isJsonObject(member) ? member : {};
}
