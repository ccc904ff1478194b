/** Each mistake in a table and in a list, by itself, and its correct twin. */
import { describe, expect, test } from "vitest";
import { listRow, tableRows } from "../../../../../issuer/cli/check/revocation-rows.ts";
import type { ListQuestion } from "../../../../../issuer/cli/check/revocation-rows.ts";
import { SealgateError } from "../../../../../issuer/errors.ts";
import type { TableInspection } from "../../../../../issuer/revocations/dynamodb/inspect.ts";
import { tableRequests } from "../../../../../issuer/revocations/dynamodb/table.ts";
import { addSeconds, parseEpochSeconds } from "../../../../../shared/identifiers.ts";
import { err, ok } from "../../../../../shared/result.ts";
import type { RevocationListHead } from "../../../../../shared/revocations/signed-list.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";
import { given } from "../../../../support/values.ts";

const { createTable } = tableRequests("revocations");
const DESCRIBED = { ...createTable, TableStatus: "ACTIVE" as const };

const RIGHT: TableInspection = {
  table: "revocations",
  described: ok(DESCRIBED),
  expiryAttribute: ok("expires_at"),
  hasBackups: ok(true),
  entries: ok(undefined),
  note: ok(undefined),
};

function wrongIn(changes: Partial<TableInspection>): readonly (readonly [string, string | undefined])[] {
  const rows = tableRows({ ...RIGHT, ...changes }, undefined);
  return rows.flatMap(({ status, message, repair }) => (status === "wrong" ? [[message, repair]] : []));
}

const refused = (action: string, code: "revocation_table_denied" | "revocation_table_missing") =>
  err(new SealgateError(code, "said by the test", { details: { action: `dynamodb:${action}` } }));

describe("a table", () => {
  test("that is as createRevocationTable makes it is in order", () => {
    expect(tableRows(RIGHT, undefined)).toMatchObject([{ status: "ok" }]);
  });

  test.for<[string, Partial<TableInspection>, RegExp, RegExp]>([
    [
      "is missing",
      { entries: refused("Query", "revocation_table_missing") },
      /^There is no table/,
      /^Deploy the stack/,
    ],
    ["is being made", { described: ok({ ...DESCRIBED, TableStatus: "CREATING" }) }, /state CREATING/, /^Wait/],
    [
      "is another one",
      { described: ok({ ...DESCRIBED, KeySchema: [{ AttributeName: "id", KeyType: "HASH" }] }) },
      /other keys than issuer and entry/,
      /^Name the right table/,
    ],
    [
      "has no stream",
      { described: ok({ ...DESCRIBED, StreamSpecification: undefined }) },
      /no stream/,
      /^aws dynamodb/,
    ],
    [
      "has its stream switched off",
      { described: ok({ ...DESCRIBED, StreamSpecification: { StreamEnabled: false } }) },
      /no stream/,
      /--stream-specification StreamEnabled=true,StreamViewType=KEYS_ONLY$/,
    ],
    [
      "can be deleted",
      { described: ok({ ...DESCRIBED, DeletionProtectionEnabled: false }) },
      /deleted by mistake/,
      /--deletion-protection-enabled$/,
    ],
    ["has no TTL", { expiryAttribute: ok(undefined) }, /TTL .* not on for expires_at/, /update-time-to-live/],
    ["has the TTL of another attribute", { expiryAttribute: ok("ttl") }, /TTL/, /AttributeName=expires_at$/],
    ["has no backups", { hasBackups: ok(false) }, /no backups/, /PointInTimeRecoveryEnabled=true$/],
  ])("that %s", ([, changes, message, repair]) => {
    expect(wrongIn(changes)).toEqual([
      [expect.stringMatching(message) as unknown, expect.stringMatching(repair) as unknown],
    ]);
  });

  test("that credentials do not see is skipped, but for a rotator", () => {
    const denied = refused("Query", "revocation_table_denied");
    const blind = {
      ...RIGHT,
      described: denied,
      expiryAttribute: denied,
      hasBackups: denied,
      entries: denied,
      note: denied,
    };
    expect(tableRows(blind, undefined)).toMatchObject([{ status: "skipped" }]);
    expect(tableRows(blind, "rotator")).toMatchObject([
      { status: "wrong", repair: expect.stringContaining("Allow dynamodb:Query") as unknown },
    ]);
  });
});

describe("a list", () => {
  const policy = ringPolicy();
  const now = given(parseEpochSeconds(1_800_000_000));
  const head = (ageSeconds: number, lifeSeconds = policy.revocationLifetimeSeconds): RevocationListHead => ({
    issuer: policy.issuer,
    ring: policy.ring,
    rev: 1,
    issuedAt: addSeconds(now, -ageSeconds),
    expiresAt: addSeconds(now, lifeSeconds - ageSeconds),
    counts: { jti: 2, sid: 1, sub: 0 },
    sha256: "",
  });
  const question: ListQuestion = { isRequired: true, since: undefined, policy, now };
  const half = policy.revocationLifetimeSeconds / 2;
  const slack = policy.reconcileEverySeconds + policy.composeDeadlineSeconds + policy.publishDeadlineSeconds;

  test.for<[string, RevocationListHead | undefined, Partial<ListQuestion>, "ok" | "wrong"]>([
    ["that is required and in order", head(0), {}, "ok"],
    ["that is required and missing", undefined, {}, "wrong"],
    ["that is missing although a table is named", undefined, { isRequired: false }, "wrong"],
    ["as old as a run may leave it", head(half + slack), {}, "ok"],
    ["a second older", head(half + slack + 1), {}, "wrong"],
    ["that has ended, and is required", head(0, 2 * policy.revocationLifetimeSeconds), {}, "wrong"],
    ["that has ended, and is not", head(0, 2 * policy.revocationLifetimeSeconds), { isRequired: false }, "ok"],
    ["younger than S + K + 1", head(0), { since: addSeconds(now, -330) }, "wrong"],
    ["as old as S + K + 1", head(0), { since: addSeconds(now, -331) }, "ok"],
    ["as young, and not required", head(0), { since: now, isRequired: false }, "ok"],
  ])("%s", ([, list, changes, status]) => {
    const row = listRow(list === undefined ? undefined : ok(list), { ...question, ...changes });
    expect(row).toMatchObject({ check: "revocations", status });
    expect(row.repair !== undefined).toBe(status === "wrong");
  });

  test("that the Worker would refuse", () => {
    const row = listRow(err({ code: "revocations_expired", expiredForSeconds: 1 }), question);
    expect(row).toMatchObject({ status: "wrong", message: expect.stringContaining("revocations_expired") as unknown });
  });
});
