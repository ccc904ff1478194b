/** Which records of a stream are revocations to publish. */
import { expect, test } from "vitest";
import { addedRevocations } from "../../../../../issuer/revocations/dynamodb/stream-event.ts";
import { valueOf } from "../../../../support/values.ts";
import { parseIssuerUrl } from "../../../../../shared/identifiers.ts";
import { TEST_ISSUER } from "../../../../support/key-sets.ts";
import { sequenceNumberOf, streamEvent, streamRecord } from "../../../../support/stream-events.ts";

const issuer = valueOf(parseIssuerUrl(TEST_ISSUER));
const addedAt = 1_800_000_000;

test("entries that were added, in their order", () => {
  const event = streamEvent([{ addedAt }, { addedAt: addedAt + 1, name: "MODIFY" }]);
  expect(addedRevocations(event, issuer)).toEqual([
    { sequenceNumber: sequenceNumberOf(event, 0), addedAt },
    { sequenceNumber: sequenceNumberOf(event, 1), addedAt: addedAt + 1 },
  ]);
});

test.each([
  ["deletions by TTL", { name: "REMOVE" }],
  ["the rotator's rev", { name: "MODIFY", issuer: `#rotator:${TEST_ISSUER}`, entry: "rev" }],
  ["the rotator's counts", { name: "INSERT", issuer: `#rotator:${TEST_ISSUER}`, entry: "counts" }],
  ["the item that each entry replaces", { name: "MODIFY", entry: "change" }],
  ["another issuer's entries", { issuer: "https://other.example.com" }],
] as const)("not %s", (_, change) => {
  expect(addedRevocations(streamEvent([{ addedAt, ...change }]), issuer)).toEqual([]);
});

test("not a record without keys, time or number: it is of another table", () => {
  const { dynamodb: _, ...bare } = streamRecord({ addedAt });
  const odd = [bare, { ...bare, dynamodb: { Keys: { issuer: { S: TEST_ISSUER } } } }, { ...bare, dynamodb: [] }];
  expect(addedRevocations({ Records: odd }, issuer)).toEqual([]);
});

test.each([
  ["a schedule's", {}],
  ["of another source", { Records: [{ eventSource: "aws:sqs", body: "{}" }] }],
  ["with one record of another source", { Records: [streamRecord({ addedAt }), {}] }],
  ["without a list", { Records: "none" }],
  ["of no object", null],
])("an event %s is not a stream's", (_, event) => {
  expect(addedRevocations(event, issuer)).toBeUndefined();
});
