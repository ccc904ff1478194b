/**
 * The member `issuers` of a requirement, written out before the policy is compiled: as a claim `iss` that is one of them. A
 * requirement that names no issuer accepts own tokens only; which of its parts name one is decided here. Pure.
 */
import { isJsonObject } from "../../shared/json.ts";

export interface ReadIssuers {
  /** The policy without the member. */
  readonly routes: unknown;
  /** By place: whether the rule says itself which issuers it accepts. A rule that does not is for own tokens. */
  readonly named: readonly boolean[];
  /** All that is named: issuers, and what is none. */
  readonly used: ReadonlySet<string>;
}

/**
 * @param routes as written: what has not the form of a rule is left for the compiler to report
 * @param issuerOf the `iss` for a name; undefined for one that is not configured
 * @param found takes the problems of a rule
 */
export function readIssuers(
  routes: unknown,
  issuerOf: (name: string) => string | undefined,
  found: (rule: number, problem: string) => void,
): ReadIssuers {
  const used = new Set<string>();
  if (!Array.isArray(routes)) return { routes, named: [], used };
  const named = routes.map((rule: unknown) => isJsonObject(rule) && mentions(rule["require"]));
  const rewritten = routes.map((rule: unknown, place) => {
    if (!isJsonObject(rule) || named[place] !== true) return rule;
    const requireOf: Rewriter = {
      issuersOf(names) {
        if (!Array.isArray(names) || names.length === 0) found(place, "issuers must be a list of at least one issuer");
        const known = (Array.isArray(names) ? names : []).map((name: unknown) => {
          if (typeof name === "string") used.add(name);
          const issuer = typeof name === "string" ? issuerOf(name) : undefined;
          if (issuer === undefined) {
            found(place, 'issuers must name "own" or issuers of FOREIGN_ISSUERS, exactly as they are written there');
          }
          return issuer;
        });
        return known.filter((issuer) => issuer !== undefined);
      },
      own: issuerOf("own") ?? "",
    };
    return { ...rule, require: rewrite(rule["require"], false, requireOf) };
  });
  return { routes: rewritten, named, used };
}

interface Rewriter {
  readonly issuersOf: (names: unknown) => readonly string[];
  readonly own: string;
}

/** Whether a requirement, or a part of it, names issuers. */
function mentions(requirement: unknown): boolean {
  return (
    isJsonObject(requirement) &&
    ("issuers" in requirement ||
      listOf(requirement["allOf"]).some(mentions) ||
      listOf(requirement["anyOf"]).some(mentions))
  );
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** @param isNamed whether something around the requirement names issuers, which then hold for all of it */
function rewrite(requirement: unknown, isNamed: boolean, rewriter: Rewriter): unknown {
  if (!isJsonObject(requirement)) return requirement;
  const { issuers, ...rest } = requirement;
  const isLimited = isNamed || issuers !== undefined;
  const all = listOf(rest["allOf"]);
  const any = listOf(rest["anyOf"]);
  const allOf = all.map((one, index) =>
    rewrite(one, isLimited || all.some((other, at) => at !== index && mentions(other)), rewriter),
  );
  const areAlternativesLimited = isLimited || all.some(mentions) || !any.some(mentions);
  const anyOf = any.map((one) =>
    areAlternativesLimited || mentions(one)
      ? rewrite(one, areAlternativesLimited, rewriter)
      : { allOf: [one, issuedBy([rewriter.own])] },
  );
  const others = { ...rest, ...(allOf.length > 0 ? { allOf } : {}), ...(anyOf.length > 0 ? { anyOf } : {}) };
  if (!("issuers" in requirement)) return others;
  // Asked first: a token of another issuer is not told which scope it lacks.
  const issued = issuedBy(rewriter.issuersOf(issuers));
  return Object.keys(others).length === 0 ? issued : { allOf: [issued, others] };
}

function issuedBy(issuers: readonly string[]): object {
  return { claims: { iss: { oneOf: issuers } } };
}
