import { afterEach, expect, test, vi } from "vitest";
import { inspectTable } from "../../../../../issuer/revocations/dynamodb/inspect.ts";
import { createDynamoDbRevocations } from "../../../../../issuer/revocations/dynamodb/store.ts";
import { parseEpochSeconds } from "../../../../../shared/identifiers.ts";
import { startConfiguredDynamoDb } from "../../../../support/dynamodb-settings.ts";
import { MAIN_RING, ringPolicy } from "../../../../support/ring-world.ts";
import { given } from "../../../../support/values.ts";

const { issuer } = ringPolicy();

afterEach(() => vi.unstubAllEnvs());

test("a table is described with what the rotator has noted, and a call that is refused keeps no other from being made", async () => {
  const dynamodb = await startConfiguredDynamoDb();
  for (const [name, value] of Object.entries(dynamodb.env)) vi.stubEnv(name, value);
  await dynamodb.createTable("revocations");
  const note = { counts: { jti: 1, sid: 0, sub: 0 }, since: given(parseEpochSeconds(1_800_000_000)) };
  await createDynamoDbRevocations("revocations").writeNote(issuer, MAIN_RING, note);
  dynamodb.settings.denied = ["DescribeContinuousBackups"];
  expect(await inspectTable("revocations", issuer, MAIN_RING)).toMatchObject({
    described: { ok: true, value: { TableStatus: "ACTIVE", StreamSpecification: { StreamEnabled: true } } },
    expiryAttribute: { ok: true, value: "expires_at" },
    hasBackups: { ok: false, error: { code: "revocation_table_denied" } },
    entries: { ok: true },
    note: { ok: true, value: note },
  });
  const missing = await inspectTable("elsewhere", issuer, MAIN_RING);
  expect(missing.entries).toMatchObject({ ok: false, error: { code: "revocation_table_missing" } });
  await dynamodb.close();
});
