/**
 * The feature `origins`: several origins behind one gateway. A rule names its origin (`origin`), and may leave out the beginning
 * of the path there (`stripPrefix`); `ORIGIN_<NAME>` and `ORIGIN_URL_<NAME>` say where it is. What is matched is the whole path,
 * and what is forwarded is the same text behind the stated prefix: a whole number of the rule's own literal segments, which
 * every path that the rule matches begins with.
 */
import { readOriginTarget } from "../config/config.ts";
import type { OriginTarget, Report } from "../config/config.ts";
import type { Bindings } from "../config/values.ts";
import type { Feature } from "../request/hooks.ts";
import { takeMembers } from "../policy/feature-members.ts";
import { parsePattern } from "../policy/pattern.ts";

/** What a rule says instead of the one origin and the whole path. */
type Detour = Partial<OriginTarget>;

export const origins: Feature = {
  name: "origins",
  read({ env, report, routes }) {
    const members = takeMembers(routes, ["origin", "stripPrefix"]);
    const known = new Map<string, OriginTarget | undefined>();
    const detours = members?.taken.map((own, place): Detour => {
      const complain = (problem: string): undefined => report(`routes[${place}]`, problem);
      const rule: unknown = Array.isArray(routes) ? routes[place] : undefined;
      const target = "origin" in own ? namedTarget(own.origin, known, env, report, complain) : undefined;
      const mount = "stripPrefix" in own ? readPrefix(own.stripPrefix, rule, complain) : undefined;
      return { ...target, ...(mount === undefined ? undefined : { mount }) };
    });
    reportUnnamed(env, new Set([...known.keys()].map(suffixOf)), report);
    if (members === undefined || detours === undefined) return {};
    return { routes: members.routes, originOf: ({ place }, main) => ({ ...main, ...detours[place] }) };
  },
};

/** Not `url-…` and `timeout-seconds`: `ORIGIN_URL_X` is the URL of `x`. */
const NAME = /^(?!url(?:-|$)|timeout-seconds$)[a-z0-9](?:-?[a-z0-9]){0,31}$/;

/** Behind `ORIGIN` and `ORIGIN_URL`: what a rule calls `old-shop` is `ORIGIN_OLD_SHOP` in the variables. */
export function suffixOf(name: string): string {
  return `_${name.toUpperCase().replaceAll("-", "_")}`;
}

/** Reads each origin once, so that its problems are reported once. */
function namedTarget(
  name: unknown,
  known: Map<string, OriginTarget | undefined>,
  env: Bindings,
  report: Report,
  complain: (problem: string) => undefined,
): OriginTarget | undefined {
  if (typeof name !== "string" || !NAME.test(name)) {
    return complain("origin must be a name of 1 to 32 of a-z, 0-9 and inner -, neither url nor url-…");
  }
  // An assertion for one origin must not be good at another: each bound one has a URL of its own.
  if (!known.has(name)) {
    known.set(name, readOriginTarget(env, report, suffixOf(name), `https://${name}.origin.invalid`));
  }
  return known.get(name);
}

function readPrefix(prefix: unknown, rule: unknown, complain: (problem: string) => undefined): string | undefined {
  const pattern = parsePattern(typeof prefix === "string" ? prefix : "");
  const path: unknown = typeof rule === "object" && rule !== null ? Reflect.get(rule, "path") : undefined;
  const own = parsePattern(typeof path === "string" ? path : "");
  const segments = pattern.ok && !pattern.value.tree ? pattern.value.segments : [];
  const begins = own.ok && segments.every((one, index) => one !== undefined && one === own.value.segments[index]);
  if (segments.length > 0 && begins && typeof prefix === "string" && !prefix.endsWith("/")) return prefix;
  return complain("stripPrefix must be /segments without a slash at the end, with which the path of the rule begins");
}

const VARIABLE = /^ORIGIN(?:_URL)?(?=_)(?!_URL$|_TIMEOUT_SECONDS$)/;

/** A misspelt name would otherwise have no effect. */
function reportUnnamed(env: Bindings, named: ReadonlySet<string>, report: Report): void {
  for (const variable of Object.keys(env)) {
    if (VARIABLE.test(variable) && !named.has(variable.replace(VARIABLE, ""))) {
      report(variable, "has no effect: no rule names this origin");
    }
  }
}
