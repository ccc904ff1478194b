/**
 * What an IAM policy allows, as far as the policies of docs/iam.md go: Allow statements, actions by their full names, and the
 * condition operators that stand in them (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).
 */
import { isJsonObject } from "../../shared/json.ts";
import type { JsonObject } from "../../shared/json.ts";
import { objectsIn } from "../../issuer/cli/check/worker-config.ts";

export interface IamRequest {
  readonly action: string;
  readonly resource: string;
  /** Condition keys that AWS fills in for the request; one that is absent has no value there. */
  readonly context?: Readonly<Record<string, readonly string[]>>;
}

export function isAllowed(policy: JsonObject, { action, resource, context = {} }: IamRequest): boolean {
  return objectsIn(policy["Statement"]).some(
    (statement) =>
      listOf(statement["Action"]).includes(action) &&
      listOf(statement["Resource"]).some((pattern) => matches(pattern, resource)) &&
      entriesOf(statement["Condition"]).every(([operator, keys]) =>
        entriesOf(keys).every(([key, values]) => holds(operator, listOf(values), context[key] ?? [])),
      ),
  );
}

function holds(operator: string, wanted: readonly string[], actual: readonly string[]): boolean {
  const [set, single] = operator.includes(":") ? operator.split(":") : [undefined, operator];
  if (single === undefined) throw new Error(`${operator} is no operator`);
  if (single === "Null") return wanted[0] === String(actual.length === 0);
  const isOptional = single.endsWith("IfExists");
  const test = TESTS[single.replace(/IfExists$/, "")];
  if (test === undefined) throw new Error(`${operator} is not known here`);
  const fits = (value: string): boolean => test(wanted, value);
  if (set === "ForAllValues") return actual.every(fits);
  if (actual.length === 0) return isOptional;
  return actual.some(fits);
}

const TESTS: Readonly<Record<string, (wanted: readonly string[], value: string) => boolean>> = {
  StringEquals: (wanted, value) => wanted.includes(value),
  StringLike: (wanted, value) => wanted.some((pattern) => matches(pattern, value)),
  StringNotLike: (wanted, value) => !wanted.some((pattern) => matches(pattern, value)),
  NumericGreaterThanEquals: (wanted, value) => wanted.some((least) => Number(value) >= Number(least)),
};

function matches(pattern: string, text: string): boolean {
  const parts = pattern.split("*").map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(".*")}$`).test(text);
}

function entriesOf(value: unknown): readonly (readonly [string, unknown])[] {
  return isJsonObject(value) ? Object.entries(value) : [];
}

function listOf(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === "string");
}
