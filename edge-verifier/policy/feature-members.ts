/**
 * Members of rules that only a feature knows: taken out of the policy as written before it is compiled. A policy that is no
 * list of objects stays as it is, for the compiler to report.
 */
import { isJsonObject } from "../../shared/json.ts";

export interface TakenMembers<Name extends string> {
  /** The policy without them. */
  readonly routes: unknown;
  /** For each rule what it had of them, `undefined` included. */
  readonly taken: readonly Readonly<Partial<Record<Name, unknown>>>[];
}

/** @returns undefined if no rule has one of the members */
export function takeMembers<Name extends string>(
  routes: unknown,
  names: readonly Name[],
): TakenMembers<Name> | undefined {
  const isTaken = (member: string): member is Name => names.some((name) => name === member);
  if (!Array.isArray(routes)) return undefined;
  const rules = routes.map((rule: unknown) => {
    const members = isJsonObject(rule) ? Object.entries(rule) : [];
    const own: Partial<Record<Name, unknown>> = {};
    for (const [member, value] of members) if (isTaken(member)) own[member] = value;
    const rest = Object.fromEntries(members.filter(([member]) => !isTaken(member)));
    return { rule: isJsonObject(rule) ? rest : rule, own };
  });
  if (rules.every(({ own }) => Object.keys(own).length === 0)) return undefined;
  return { routes: rules.map(({ rule }) => rule), taken: rules.map(({ own }) => own) };
}
