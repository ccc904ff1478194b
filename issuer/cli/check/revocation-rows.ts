/** Rows about taking back tokens: the table, and the list that the Worker asks for. Pure. */
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import type { Result } from "../../../shared/result.ts";
import type { RevocationListHead, RevocationsProblem } from "../../../shared/revocations/signed-list.ts";
import { leadSeconds } from "../../../shared/timing.ts";
import type { SealgateError } from "../../errors.ts";
import type { RingPolicy } from "../../key-ring/index.ts";
import { renewalOfList } from "../../key-ring/revocations/plan-list.ts";
import type { TableInspection } from "../../revocations/dynamodb/inspect.ts";
import { tableRequests } from "../../revocations/dynamodb/table.ts";
import { describeDuration } from "../../words/time.ts";
import type { Role } from "./rights.ts";
import { fine, skipped, wrong } from "./row.ts";
import type { CheckRow } from "./row.ts";

export const TABLE = "SEALGATE_REVOCATION_TABLE";

/** @param role whose rights the credentials must have; undefined: what they may not see is only told */
export function tableRows(inspection: TableInspection, role: Role | undefined): readonly CheckRow[] {
  const { table, described, expiryAttribute, hasBackups, entries, note } = inspection;
  const reads = [described, expiryAttribute, hasBackups, entries, note];
  const faults = reads.flatMap((read) => (read.ok ? [] : [read.error]));
  const missing = faults.find(({ code }) => code === "revocation_table_missing");
  if (missing !== undefined) {
    const message = `There is no table ${table} in this Region and account.`;
    const repair = `Deploy the stack with Revocations=enabled, or make the table as docs/revocations.md says; or correct ${TABLE}.`;
    return [wrong("revocation_table", message, repair, TABLE)];
  }
  const other = faults.find(({ code }) => code !== "revocation_table_denied");
  if (other !== undefined)
    return [wrong("revocation_table", other.message, "Correct what the message names, and check again.", TABLE)];
  const needed = [entries, note].flatMap((read) => (read.ok ? [] : [actionOf(read.error)]));
  if (role === "rotator" && needed.length > 0) {
    const repair = `Allow ${needed.join(" and ")} in the IAM policy of the rotator (docs/iam.md).`;
    return [wrong("revocation_table", `The rotator may not read the table ${table}.`, repair)];
  }
  const rows = settingRows(inspection);
  if (rows.length > 0) return rows;
  if (faults.length === reads.length)
    return [skipped("revocation_table", `These credentials may not read the table ${table}.`)];
  const hidden =
    faults.length === 0 ? "" : ` Not seen, because these credentials may not: ${faults.map(actionOf).join(", ")}.`;
  return [fine("revocation_table", `The table ${table} of taken-back tokens is in order.${hidden}`)];
}

function actionOf({ details }: SealgateError): string {
  return String(details["action"]);
}

function settingRows({ table, described, expiryAttribute, hasBackups }: TableInspection): readonly CheckRow[] {
  const rows: CheckRow[] = [];
  const add = (message: string, repair: string): void =>
    void rows.push(wrong("revocation_table", message, repair, TABLE));
  const { createTable, updateTimeToLive } = tableRequests(table);
  if (described.ok && described.value !== undefined) {
    const { TableStatus: status, KeySchema: keys, StreamSpecification: stream } = described.value;
    if (status !== "ACTIVE")
      add(`The table ${table} is in the state ${status ?? "unknown"}.`, "Wait until it is ACTIVE.");
    if (JSON.stringify(keys?.map(nameAndType)) !== JSON.stringify(createTable.KeySchema?.map(nameAndType)))
      add(`The table ${table} has other keys than issuer and entry.`, `Name the right table in ${TABLE}, or make one.`);
    if (stream?.StreamEnabled !== true) {
      const message = `The table ${table} has no stream: what is taken back waits for the rotator's next run.`;
      add(message, `${aws("update-table", table)} --stream-specification StreamEnabled=true,StreamViewType=KEYS_ONLY`);
    }
    if (described.value.DeletionProtectionEnabled !== true) {
      const message = `The table ${table} can be deleted by mistake, which would bring every taken-back token to life.`;
      add(message, `${aws("update-table", table)} --deletion-protection-enabled`);
    }
  }
  const { AttributeName: attribute } = updateTimeToLive.TimeToLiveSpecification ?? {};
  if (expiryAttribute.ok && expiryAttribute.value !== attribute) {
    const message = `DynamoDB's TTL of the table ${table} is not on for ${String(attribute)}: its entries would stay for good.`;
    add(
      message,
      `${aws("update-time-to-live", table)} --time-to-live-specification Enabled=true,AttributeName=${String(attribute)}`,
    );
  }
  if (hasBackups.ok && !hasBackups.value) {
    const message = `The table ${table} has no backups: what was taken back could not be restored.`;
    const option = "--point-in-time-recovery-specification PointInTimeRecoveryEnabled=true";
    add(message, `${aws("update-continuous-backups", table)} ${option}`);
  }
  return rows;
}

function nameAndType({
  AttributeName: name,
  KeyType: type,
}: {
  AttributeName?: string | undefined;
  KeyType?: string | undefined;
}): string {
  return `${String(name)} ${String(type)}`;
}

function aws(command: string, table: string): string {
  return `aws dynamodb ${command} --table-name ${table}`;
}

export interface ListQuestion {
  /** Whether the Worker answers 503 without a list. */
  readonly isRequired: boolean;
  /** When the ring's first list was made, if it is known. */
  readonly since: EpochSeconds | undefined;
  readonly policy: RingPolicy;
  readonly now: EpochSeconds;
}

/** @param opened the list in KV as the Worker reads it; undefined: KV has none */
export function listRow(
  opened: Result<RevocationListHead, RevocationsProblem> | undefined,
  question: ListQuestion,
): CheckRow {
  const { isRequired, since, policy, now } = question;
  if (opened === undefined) {
    const effect = isRequired ? ": the gateway would answer 503 to every token" : ", although a table is named";
    return wrong(
      "revocations",
      `KV holds no list of taken-back tokens of this ring${effect}.`,
      NAME_TABLE,
      "REVOCATIONS",
    );
  }
  if (!opened.ok) {
    const { code } = opened.error;
    return wrong(
      "revocations",
      `The Worker would refuse the list in KV: ${code}.`,
      `See ${code} in docs/errors.md. ${RUN}`,
    );
  }
  const list = opened.value;
  const { jti, sid, sub } = list.counts;
  if (list.expiresAt - list.issuedAt > policy.revocationLifetimeSeconds) {
    if (!isRequired) return fine("revocations", "The rotator has ended the list, and the Worker does not ask for it.");
    const message = `The rotator has ended the list, because it has no table: from ${new Date(list.expiresAt * 1000).toISOString()} on the gateway would answer 503.`;
    return wrong("revocations", message, `Take REVOCATIONS out of the vars. Or: ${NAME_TABLE}`, "REVOCATIONS");
  }
  const { reconcileEverySeconds, composeDeadlineSeconds, publishDeadlineSeconds } = policy;
  const slackSeconds = reconcileEverySeconds + composeDeadlineSeconds + publishDeadlineSeconds;
  const lateSeconds = now - renewalOfList(list) - slackSeconds;
  if (lateSeconds > 0) {
    const message = `The list should have been renewed ${describeDuration(lateSeconds)} ago: the rotator does not run, or cannot publish.`;
    return wrong("revocations", message, RUN);
  }
  const waitSeconds = since === undefined ? 0 : since + leadSeconds(policy.timing) - now;
  if (isRequired && waitSeconds > 0) {
    const message = "The ring's first list is so new that some gateways may not see it, and would answer 503.";
    return wrong("revocations", message, `Deploy in ${describeDuration(waitSeconds)}.`);
  }
  const asked = isRequired ? "" : " The Worker does not ask for it.";
  return fine("revocations", `The Worker takes the list in KV: rev ${list.rev}, ${jti + sid + sub} entries.${asked}`);
}

const RUN = "Run sealgate ring reconcile, and see that the schedule of the rotator runs.";

const NAME_TABLE = `Name the table to the rotator in ${TABLE}, run sealgate ring reconcile, and deploy S + K + 1 later (docs/revocations.md).`;
