/** Mistakes about taking back tokens, planted in a ring whose table and list are in order. */
import { expect, onTestFinished, test } from "vitest";
import { checkRevocations } from "../../../../../issuer/cli/check/revocations.ts";
import type { Role } from "../../../../../issuer/cli/check/rights.ts";
import type { CheckRow } from "../../../../../issuer/cli/check/row.ts";
import { ok } from "../../../../../shared/result.ts";
import { importTrustAnchors } from "../../../../../shared/signed-key-set.ts";
import { startConfiguredDynamoDb } from "../../../../support/dynamodb-settings.ts";
import type { ConfiguredDynamoDb } from "../../../../support/dynamodb-settings.ts";
import { valueOf } from "../../../../support/values.ts";
import type { CliRing } from "../ring/support.ts";
import { stubProcessEnv } from "../support.ts";
import { mistakes, only, startChecked } from "./checked.ts";
import type { Changes, Checked } from "./checked.ts";
import { workerConfig } from "./support.ts";

const TABLE = "sealgate-revocations";
const NAMED = { SEALGATE_REVOCATION_TABLE: TABLE };
const REQUIRED = { REVOCATIONS: "required" };

interface Asked {
  readonly vars?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly role?: Role;
}

interface World extends Checked {
  readonly dynamodb: ConfiguredDynamoDb;
  /** The rows about taking back tokens, where the issuer names the table and the Worker requires the list. */
  readonly seen: (asked?: Asked) => Promise<readonly CheckRow[]>;
  /** The mistakes among them. */
  readonly found: (asked?: Asked) => Promise<string>;
  /** One run of the rotator. */
  readonly reconcile: (env: Readonly<Record<string, string>>) => Promise<unknown>;
}

async function startWorld(): Promise<World> {
  const checked = await startChecked();
  const dynamodb = await startConfiguredDynamoDb();
  onTestFinished(() => dynamodb.close());
  stubProcessEnv(dynamodb.env);
  await dynamodb.createTable(TABLE);
  const { cli } = checked;
  const pinned: readonly unknown[] = JSON.parse(checked.anchors);
  const anchors = valueOf(await importTrustAnchors(pinned));
  const seen: World["seen"] = async ({ vars = REQUIRED, env = NAMED, role } = {}) =>
    checkRevocations(env, {
      config: workerConfig({ vars }),
      policy: cli.policy,
      role,
      noAws: undefined,
      anchors,
      document: undefined,
      readList: async () => ok(cli.cloudflare.stored("revocations:main")),
      now: cli.now(),
    });
  return {
    ...checked,
    dynamodb,
    seen,
    found: async (asked) => mistakes(await seen(asked)).join("\n"),
    reconcile: (env) => cli.sealgate(["ring", "reconcile"], { env: { ...cli.env, ...env } }),
  };
}

test("a table and a list in order; each mistake in the table is named with its repair", async () => {
  const { dynamodb, found, rows, reconcile, cli } = await startWorld();
  await reconcile(NAMED);
  expect(await found()).toMatch(
    /^revocations: The ring's first list is so new that some gateways may not see it, .* → Deploy in 5 min \d+ s\.$/,
  );
  expect(await found({ vars: {} })).toBe("");
  cli.pass(331);
  expect(await found()).toBe("");
  const all = await rows({ vars: REQUIRED, env: NAMED });
  expect(all.filter(({ check }) => check.startsWith("revocation")).map(({ message }) => message)).toEqual([
    `The table ${TABLE} of taken-back tokens is in order.`,
    expect.stringMatching(/^The Worker takes the list in KV: rev \d+, 0 entries\.$/),
  ]);

  const { settings } = dynamodb;
  settings.expiryAttribute = undefined;
  expect(await found()).toMatch(/TTL of the table .* is not on for expires_at: .* → aws dynamodb update-time-to-live /);
  settings.expiryAttribute = "expires_at";
  settings.hasStream = false;
  expect(await found()).toMatch(/has no stream: .* → aws dynamodb update-table .*StreamViewType=KEYS_ONLY$/);
  settings.hasStream = true;
  expect(await found({ env: { SEALGATE_REVOCATION_TABLE: "other-table" } })).toMatch(
    /^revocation_table: There is no table other-table .* → Deploy the stack with Revocations=enabled/,
  );
  expect(await found({ env: { SEALGATE_REVOCATION_TABLE: `${TABLE}, a/b` } })).toMatch(
    /^revocation_table: SEALGATE_REVOCATION_TABLE must be the name .* → Correct SEALGATE_REVOCATION_TABLE\.$/,
  );
});

test("credentials that see part of the table are enough, but for a rotator without its rights", async () => {
  const { dynamodb, found, seen, reconcile, cli } = await startWorld();
  await reconcile(NAMED);
  cli.pass(331);
  dynamodb.settings.denied = ["DescribeTable", "DescribeTimeToLive", "DescribeContinuousBackups"];
  expect(await found({ role: "rotator" })).toBe("");
  const partly = await seen();
  expect(partly.find(({ check }) => check === "revocation_table")?.message).toBe(
    `The table ${TABLE} of taken-back tokens is in order. Not seen, because these credentials may not: ` +
      "dynamodb:DescribeTable, dynamodb:DescribeTimeToLive, dynamodb:DescribeContinuousBackups.",
  );
  dynamodb.settings.denied = [...dynamodb.settings.denied, "Query", "GetItem"];
  const denied = await seen();
  expect(only(denied, "skipped").map(({ check }) => check)).toEqual(["revocation_table"]);
  expect(await found({ role: "rotator" })).toMatch(
    /^revocation_table: .* → Allow dynamodb:Query and dynamodb:GetItem in the IAM policy of the rotator/,
  );
});

test("a list that the Worker requires, and that is missing, old, or damaged", async () => {
  const { found, reconcile, cli } = await startWorld();
  for (const env of [NAMED, {}]) {
    expect(await found({ env })).toMatch(
      /^revocations: KV holds no list of taken-back tokens of this ring: the gateway would answer 503 .* → Name the table to the rotator/,
    );
  }
  expect(await found({ vars: {}, env: {} })).toBe("");
  expect(await found({ vars: {} })).toMatch(/KV holds no list .*, although a table is named\./);
  await reconcile(NAMED);
  cli.pass(331);
  expect(await found({ env: {} })).toBe("");
  cli.pass(86_400 / 2 + 300 + 30 + 60 + 60 - 331);
  expect(await found()).toMatch(
    /^revocations: The list should have been renewed 1 min ago: .* → Run sealgate ring reconcile/,
  );
  await overwriteList(cli, "not a list");
  expect(await found()).toMatch(/^revocations: The Worker would refuse the list in KV: revocations_malformed\. → See/);
});

test("without a table and a Worker that requires a list there is no row; what has no credentials is skipped", async () => {
  const { rows } = await startWorld();
  const names = async (changes: Changes): Promise<readonly string[]> =>
    (await rows(changes)).flatMap(({ check, status }) =>
      check.startsWith("revocation") ? [`${check} ${status}`] : [],
    );
  expect(await names({})).toEqual([]);
  delete process.env["AWS_ACCESS_KEY_ID"];
  delete process.env["AWS_SECRET_ACCESS_KEY"];
  const env = { SEALGATE_KV_BASE_URL: "", AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" };
  expect(await names({ env: { ...env, ...NAMED } })).toEqual(["revocation_table skipped", "revocations skipped"]);
  expect(await names({ env, vars: REQUIRED })).toEqual(["revocation_table skipped", "revocations skipped"]);
});

/** As anybody with access to KV can. */
async function overwriteList({ cloudflare: { baseUrl, namespaceId }, clock }: CliRing, value: string): Promise<void> {
  clock.advance(1000);
  const body = JSON.stringify([{ key: "revocations:main", value }]);
  await fetch(`${baseUrl}/storage/kv/namespaces/${namespaceId}/bulk`, { method: "PUT", body });
}
