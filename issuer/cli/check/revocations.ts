/**
 * The checks of what is needed to take back tokens: the table, where the issuer's variables name one, and the list, where there is a
 * table or the Worker asks for a list. Without either there is nothing to check, and no row.
 */
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import type { KeySetDocument } from "../../../shared/key-set.ts";
import type { Result } from "../../../shared/result.ts";
import { openRevocations } from "../../../shared/revocations/signed-list.ts";
import type { TrustAnchors } from "../../../shared/signed-key-set.ts";
import { valueOf } from "../../config/environment.ts";
import type { Environment } from "../../config/environment.ts";
import type { RingPolicy } from "../../key-ring/index.ts";
import { inspectTable } from "../../revocations/dynamodb/inspect.ts";
import type { TableInspection } from "../../revocations/dynamodb/inspect.ts";
import { isTable, TABLE_RULE } from "../../revocations/dynamodb/store.ts";
import { listRow, TABLE, tableRows } from "./revocation-rows.ts";
import type { Role } from "./rights.ts";
import { skipped, wrong } from "./row.ts";
import type { CheckRow } from "./row.ts";
import { textVar } from "./worker-config.ts";
import type { WorkerConfig } from "./worker-config.ts";

export interface RevocationsQuestion {
  readonly config: WorkerConfig;
  readonly policy: RingPolicy;
  readonly role: Role | undefined;
  /** Why AWS cannot be asked; undefined if it can. */
  readonly noAws: string | undefined;
  readonly anchors: TrustAnchors;
  /** What KV holds, if it is known. */
  readonly document: KeySetDocument | undefined;
  /** The list's text in KV, undefined for none; or why it cannot be read. */
  readonly readList: () => Promise<Result<string | undefined, string>>;
  readonly now: EpochSeconds;
}

/** @param env the issuer's variables; `SEALGATE_REVOCATION_TABLE` may name the tables of several rings, as for a revoker */
export async function checkRevocations(env: Environment, question: RevocationsQuestion): Promise<readonly CheckRow[]> {
  const isRequired = textVar(question.config, "REVOCATIONS") === "required";
  const tables = (valueOf(env, TABLE) ?? "").split(",").flatMap((name) => (name.trim() === "" ? [] : [name.trim()]));
  if (tables.length === 0 && !isRequired) return [];
  const looked = await Promise.all(tables.map((table) => lookAt(table, question)));
  const inspections = looked.filter((one) => "entries" in one);
  const since = inspections.flatMap(({ note }) => (note.ok && note.value !== undefined ? [note.value.since] : []));
  return [
    ...(tables.length === 0 ? [skipped("revocation_table", `${TABLE} is not set here.`)] : []),
    ...looked.flatMap((one) => ("entries" in one ? tableRows(one, question.role) : [one])),
    await checkList(question, isRequired, since[0]),
  ];
}

async function lookAt(table: string, { noAws, policy }: RevocationsQuestion): Promise<TableInspection | CheckRow> {
  if (!isTable(table)) return wrong("revocation_table", `${TABLE} ${TABLE_RULE}.`, `Correct ${TABLE}.`, TABLE);
  return noAws === undefined ? inspectTable(table, policy.issuer, policy.ring) : skipped("revocation_table", noAws);
}

async function checkList(
  { anchors, document, policy, readList, now }: RevocationsQuestion,
  isRequired: boolean,
  since: EpochSeconds | undefined,
): Promise<CheckRow> {
  if (anchors.length === 0)
    return skipped("revocations", "TRUST_ANCHORS holds no usable root key to read the list with.");
  const text = await readList();
  if (!text.ok) return skipped("revocations", text.error);
  const { issuer, ring } = policy;
  const rules = { anchors, issuer, ring, leastRev: document?.revocations?.leastRev ?? 1 };
  const opened = text.value === undefined ? undefined : await openRevocations(text.value, rules, now);
  return listRow(opened, { isRequired, since, policy, now });
}
