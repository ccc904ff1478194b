/** What a check has found: rows of a table, each with what is so and, where that is wrong, what to do. Pure. */

/** Every check, in the order of the table, and what it is about. */
export const CHECKS = {
  config: "wrangler's configuration can be read",
  bundle: "the Worker can be bundled, as for a deployment",
  worker: "the Worker starts with these vars, bindings, policy and features",
  variables: "no variable is misspelt or has a value that must be a mistake",
  placeholders: "no value is an example",
  kv_namespace: "the key sets have a KV namespace of their own",
  hostname: "the gateway has one hostname",
  cache: "no cache answers before the gateway",
  secrets: "no secret lies in a plain variable",
  issuer: "the issuer's variables are those of the Worker",
  rights: "what the AWS credentials may do",
  keys: "the keys fit and are enabled",
  ring: "the ring is at rest",
  anchors: "the Worker pins the ring's root keys",
  api_token: "what the Cloudflare API token may do",
  document: "the published key set is one that the Worker takes, and is renewed in time",
  revocation_table: "the table of taken-back tokens is as it has to be",
  revocations: "the list of taken-back tokens is one that the Worker takes, and is renewed in time",
  clocks: "the clocks agree",
  gateway: "the deployed gateway is healthy and has the published key set",
} as const;

export type CheckName = keyof typeof CHECKS;

export interface CheckRow {
  readonly check: CheckName;
  readonly status: "ok" | "wrong" | "skipped";
  /** What is so, as a sentence; why it was skipped. */
  readonly message: string;
  /** The var or binding of the Worker, or the variable of the issuer, that is wrong. */
  readonly variable?: string | undefined;
  /** What to do about it, as a sentence. */
  readonly repair?: string | undefined;
}

export function fine(check: CheckName, message: string): CheckRow {
  return { check, status: "ok", message };
}

export function skipped(check: CheckName, message: string): CheckRow {
  return { check, status: "skipped", message };
}

export function wrong(check: CheckName, message: string, repair: string, variable?: string): CheckRow {
  return { check, status: "wrong", message, repair, variable };
}

/** The rows of a check that has looked for mistakes: them, or that there is none. */
export function rowsOr(rows: readonly CheckRow[], allIsWell: CheckRow): readonly CheckRow[] {
  return rows.length === 0 ? [allIsWell] : rows;
}
