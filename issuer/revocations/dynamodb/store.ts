/**
 * A revocation store in a DynamoDB table. Partition key `issuer`, sort key `entry` (see `entry.ts`), attribute `expires_at` for
 * DynamoDB's TTL. What the rotator keeps lies in the partition `#rotator:<issuer>`: an IAM condition on leading keys keeps
 * revokers out of it. There is no delete: tidying is the TTL's business.
 *
 * Beside the entries of an issuer lies one item that each `add` replaces, for rotators that wait: to read it costs one unit,
 * however many entries there are.
 */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { parseEpochSeconds } from "../../../shared/identifiers.ts";
import type { IssuerUrl, RingName } from "../../../shared/identifiers.ts";
import type { RevocationCounts } from "../../../shared/revocations/sections.ts";
import { isWholeNumber } from "../../../shared/whole-number.ts";
import { SealgateError } from "../../errors.ts";
import { entryKey, parseEntryKey, timeKey } from "../entry.ts";
import type { StoredRevocation } from "../entry.ts";
import type { ListNote, RevocationChanges, RevocationReading, RevocationStore } from "../store.ts";
import { createTableClient } from "./client.ts";
import type { TableClient } from "./client.ts";

type Item = Readonly<Record<string, AttributeValue>>;

/** A DynamoDB table name (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html) or table ARN. */
const TABLE = /^(?:arn:[\w-]+:dynamodb:[\w-]+:\d+:table\/)?[\w.-]{3,255}$/;

export const TABLE_RULE = "must be the name (3 to 255 of a-z, A-Z, 0-9, _, -, .) or the ARN of a DynamoDB table";

/** Whether a text can name a table. */
export function isTable(text: string): boolean {
  return TABLE.test(text);
}

export interface DynamoDbRevocationsOptions {
  /** The longest that reading all entries may take, in milliseconds. Default 20 s. */
  readonly loadTimeoutMs?: number;
  /** A reading ends with the page in which it has as many entries. Default 500,000. */
  readonly maxEntries?: number;
}

/**
 * A store in one table; asks for nothing yet.
 * @param table name or ARN
 * @throws TypeError for a text that is neither
 */
export function createDynamoDbRevocations(
  table: string,
  { loadTimeoutMs = LOAD_TIMEOUT_MS, maxEntries = MAX_ENTRIES }: DynamoDbRevocationsOptions = {},
): RevocationStore & RevocationChanges {
  if (!isTable(table)) throw new TypeError(`createDynamoDbRevocations: table ${TABLE_RULE}`);
  const client = createTableClient(table);
  return {
    table,
    async add(issuer, entry, forgetAt) {
      await put(client, {
        issuer: text(issuer),
        entry: text(entryKey(entry)),
        expires_at: number(Math.ceil(forgetAt)),
      });
      await noteChange(client, issuer);
    },
    lastChange: (issuer) => lastChange(client, issuer),
    readCounts: async (issuer) => countsOf(await get(client, rotatorKey(issuer, COUNTS))),
    load: (issuer, since) =>
      load(client, issuer, {
        since: since === undefined ? "" : timeKey(since),
        timeoutMs: loadTimeoutMs,
        maxEntries,
      }),
    takeRev: (issuer, propose) => takeRev(client, issuer, propose),
    readNote: async (issuer, ring) => noteOf(await get(client, rotatorKey(issuer, listKey(ring)))),
    async writeNote(issuer, ring, { counts, since }) {
      const counted = { jti: number(counts.jti), sid: number(counts.sid), sub: number(counts.sub) };
      // The note of the ring comes last: once it is written, so are the counts that revokers read.
      await put(client, { ...rotatorKey(issuer, COUNTS), ...counted });
      await put(client, { ...rotatorKey(issuer, listKey(ring)), ...counted, since: number(since) });
    },
  };
}

/** Sort key of the item that each `add` replaces. */
export const CHANGE = "change";

/** A query, since that is what a rotator may do to an issuer's entries. It reads one item. */
async function lastChange(client: TableClient, issuer: IssuerUrl): Promise<string | undefined> {
  const answer = await client.call("Query", undefined, (sdk, dynamodb, options) =>
    dynamodb.send(
      new sdk.QueryCommand({
        TableName: client.table,
        ConsistentRead: true,
        KeyConditionExpression: "#issuer = :issuer AND #entry = :entry",
        ExpressionAttributeNames: { "#issuer": "issuer", "#entry": "entry" },
        ExpressionAttributeValues: { ":issuer": text(issuer), ":entry": text(CHANGE) },
      }),
      options,
    ),
  );
  return answer?.Items?.[0]?.["change"]?.S;
}

/** The entry is durable already. When this fails, the next run by schedule publishes it. */
async function noteChange(client: TableClient, issuer: IssuerUrl): Promise<void> {
  try {
    await put(client, { issuer: text(issuer), entry: text(CHANGE), change: text(crypto.randomUUID()) });
  } catch (error) {
    if (!(error instanceof SealgateError)) throw error;
  }
}

const REV = "rev";
const COUNTS = "counts";

function listKey(ring: RingName): string {
  return `list:${ring}`;
}

function rotatorKey(issuer: IssuerUrl, entry: string): Item {
  return { issuer: text(`#rotator:${issuer}`), entry: text(entry) };
}

async function put(client: TableClient, item: Item): Promise<void> {
  await client.call("PutItem", undefined, (sdk, dynamodb, options) =>
    dynamodb.send(new sdk.PutItemCommand({ TableName: client.table, Item: { ...item } }), options),
  );
}

async function get(client: TableClient, key: Item): Promise<Item | undefined> {
  const answer = await client.call("GetItem", undefined, (sdk, dynamodb, options) =>
    dynamodb.send(new sdk.GetItemCommand({ TableName: client.table, Key: { ...key }, ConsistentRead: true }), options),
  );
  return answer?.Item;
}

/** A rotator that waited longer could neither publish what it has read nor look after keys. */
const LOAD_TIMEOUT_MS = 20_000;

/**
 * Five times what a list holds: a subject that is taken back each second adds an entry a second, and a list needs the last one only.
 * The latest are read first, so that a table which some caller fills leaves out what is over soonest, and holds up no list.
 */
const MAX_ENTRIES = 500_000;

interface Reading {
  readonly since: string;
  readonly timeoutMs: number;
  readonly maxEntries: number;
}

/** A page holds at most 1 MB of what was read; an empty one may be followed by others. */
async function load(
  client: TableClient,
  issuer: IssuerUrl,
  { since, timeoutMs, maxEntries }: Reading,
): Promise<RevocationReading> {
  const whole = AbortSignal.timeout(timeoutMs);
  const entries: StoredRevocation[] = [];
  let unreadable = 0;
  let next: Record<string, AttributeValue> | undefined;
  do {
    const start = next;
    const answer = await client.call(
      "Query",
      undefined,
      (sdk, dynamodb, options) =>
        dynamodb.send(
          new sdk.QueryCommand({
            TableName: client.table,
            ConsistentRead: true,
            ScanIndexForward: false,
            KeyConditionExpression: since === "" ? "#issuer = :issuer" : "#issuer = :issuer AND #entry >= :since",
            ProjectionExpression: "#entry",
            ExpressionAttributeNames: { "#issuer": "issuer", "#entry": "entry" },
            ExpressionAttributeValues: { ":issuer": text(issuer), ...(since === "" ? {} : { ":since": text(since) }) },
            ...(start === undefined ? {} : { ExclusiveStartKey: start }),
          }),
          options,
        ),
      whole,
    );
    for (const item of answer?.Items ?? []) {
      const key = item["entry"]?.S ?? "";
      if (key === CHANGE) continue;
      const entry = parseEntryKey(key);
      if (entry === undefined) unreadable += 1;
      else entries.push(entry);
    }
    next = answer?.LastEvaluatedKey;
  } while (next !== undefined && entries.length < maxEntries);
  return { entries, unreadable, isPartial: next !== undefined };
}

/** As many rotators as anybody runs take turns within as many attempts. */
const MAX_ATTEMPTS = 10;

async function takeRev(
  client: TableClient,
  issuer: IssuerUrl,
  propose: (taken: number | undefined) => number,
): Promise<number> {
  const key = rotatorKey(issuer, REV);
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const rev = propose(wholeNumberOf((await get(client, key))?.["rev"]));
    const answer = await client.call("UpdateItem", "ConditionalCheckFailedException", (sdk, dynamodb, options) =>
      dynamodb.send(
        new sdk.UpdateItemCommand({
          TableName: client.table,
          Key: { ...key },
          UpdateExpression: "SET #rev = :rev",
          ConditionExpression: "attribute_not_exists(#rev) OR #rev < :rev",
          ExpressionAttributeNames: { "#rev": "rev" },
          ExpressionAttributeValues: { ":rev": number(rev) },
        }),
        options,
      ),
    );
    if (answer !== undefined) return rev;
  }
  const message = `Table ${client.table}: other rotators took every rev. Run again.`;
  throw new SealgateError("revocation_table_failed", message, { retryable: true });
}

function countsOf(item: Item | undefined): RevocationCounts | undefined {
  const [jti, sid, sub] = [item?.["jti"], item?.["sid"], item?.["sub"]].map(wholeNumberOf);
  return jti === undefined || sid === undefined || sub === undefined ? undefined : { jti, sid, sub };
}

function noteOf(item: Item | undefined): ListNote | undefined {
  const counts = countsOf(item);
  const since = parseEpochSeconds(wholeNumberOf(item?.["since"]));
  return counts === undefined || since === undefined ? undefined : { counts, since };
}

function wholeNumberOf(value: AttributeValue | undefined): number | undefined {
  const parsed = Number(value?.N);
  return isWholeNumber(parsed, 0) ? parsed : undefined;
}

function text(value: string): AttributeValue.SMember {
  return { S: value };
}

function number(value: number): AttributeValue.NMember {
  return { N: String(value) };
}
