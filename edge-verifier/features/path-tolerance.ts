/**
 * The feature `pathTolerance`: rules that take paths with oddities which origins read differently (`tolerate`), as long as
 * it makes no difference which reading the origin chooses. What is matched and forwarded stays the raw path; dot segments,
 * backslashes, controls and broken escapes are refused as ever, in the path and in each of its readings.
 */
import { isJsonObject } from "../../shared/json.ts";
import { ok } from "../../shared/result.ts";
import type { Feature } from "../request/hooks.ts";
import type { FoundRoute, RouteFinder } from "../request/route.ts";
import { cutTarget } from "../http/path-guard.ts";
import { odditiesOf, readingsOf } from "../http/path-readings.ts";
import type { CompiledRule } from "../policy/compile.ts";
import { PATH_ODDITIES } from "../policy/rule.ts";

/** Each reading costs what a path costs: a quarter of what other paths may have keeps them all below a millisecond. */
const MAX_TOLERATED_LENGTH = 2000;

/** What a rule tolerates. */
type Tolerances = ReadonlyMap<CompiledRule, readonly unknown[]>;

export const pathTolerance: Feature = {
  name: "pathTolerance",
  read({ routes, report }) {
    // What is no list of objects is for the policy's compiler to report.
    if (!Array.isArray(routes) || !routes.some(isTolerant)) return {};
    const tolerated = routes.map((rule: unknown, index) => {
      if (!isTolerant(rule)) return [];
      const { tolerate } = rule;
      if (Array.isArray(tolerate) && tolerate.length > 0 && tolerate.every(isOddity)) return tolerate;
      report(`routes[${index}]`, `tolerate must be a list of at least one of ${PATH_ODDITIES.join(", ")}`);
      return [];
    });
    return {
      routes: routes.map((rule: unknown) => (isTolerant(rule) ? withoutTolerate(rule) : rule)),
      widen: (find, { rules }) =>
        createTolerantFinder(find, new Map(rules.map((rule, at) => [rule, tolerated[at] ?? []]))),
    };
  },
};

function createTolerantFinder(find: RouteFinder, tolerances: Tolerances): RouteFinder {
  return (url, method) => {
    const found = find(url, method);
    if (found.ok || found.error.code !== "path_unsafe") return found;
    const route = findOnce(url, method, find, tolerances);
    return route === undefined ? found : ok(route);
  };
}

/** @returns the route of all readings of a path; undefined when they differ, or when the rule does not tolerate its oddities */
function findOnce(url: string, method: string, find: RouteFinder, tolerances: Tolerances): FoundRoute | undefined {
  const target = cutTarget(url);
  if (!target.ok || target.value.path.length > MAX_TOLERATED_LENGTH) return undefined;
  const { path } = target.value;
  let rule: CompiledRule | undefined;
  for (const reading of readingsOf(path) ?? []) {
    const found = find(`https://reading.invalid${reading}`, method);
    if (!found.ok || (rule ??= found.value.rule) !== found.value.rule) return undefined;
  }
  const tolerated = rule === undefined ? undefined : tolerances.get(rule);
  if (rule === undefined || tolerated === undefined) return undefined;
  return [...odditiesOf(path)].every((one) => tolerated.includes(one)) ? { target: target.value, rule } : undefined;
}

function isTolerant(rule: unknown): rule is { readonly tolerate: unknown } {
  return isJsonObject(rule) && "tolerate" in rule;
}

function withoutTolerate(rule: object): object {
  return Object.fromEntries(Object.entries(rule).filter(([member]) => member !== "tolerate"));
}

function isOddity(value: unknown): boolean {
  return PATH_ODDITIES.some((oddity) => oddity === value);
}
