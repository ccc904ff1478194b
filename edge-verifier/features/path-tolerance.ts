/**
 * The feature `pathTolerance`: rules that take paths with oddities which origins read differently (`tolerate`), as long as
 * it makes no difference which reading the origin chooses. What is matched and forwarded stays the raw path; dot segments,
 * backslashes, controls and broken escapes are refused as ever, in the path and in each of its readings.
 *
 * The readings of a path that contains `%2F`, `//` or `;`: an escaped slash is a slash or part of a segment; an empty segment
 * is one, is not there, or begins a host; path parameters are part of a segment or not there. What they may cost is bounded by
 * counts before anything is built.
 */
import { ok } from "../../shared/result.ts";
import type { Feature } from "../request/hooks.ts";
import type { FoundRoute, RouteFinder } from "../request/route.ts";
import { cutTarget } from "../http/path-guard.ts";
import type { CompiledRule } from "../policy/compile.ts";
import { takeMembers } from "../policy/feature-members.ts";
import { PATH_ODDITIES } from "../policy/rule.ts";
import type { PathOddity } from "../policy/rule.ts";

/** Each reading costs what a path costs: a quarter of what other paths may have keeps them all below a millisecond. */
const MAX_TOLERATED_LENGTH = 2000;

/** What a rule tolerates. */
type Tolerances = (rule: CompiledRule) => readonly unknown[];

export const pathTolerance: Feature = {
  name: "pathTolerance",
  read({ routes, report }) {
    const members = takeMembers(routes, ["tolerate"]);
    if (members === undefined) return {};
    const tolerated = members.taken.map((own, place) => {
      const { tolerate } = own;
      if (!("tolerate" in own)) return [];
      if (Array.isArray(tolerate) && tolerate.length > 0 && tolerate.every(isOddity)) return tolerate;
      report(`routes[${place}]`, `tolerate must be a list of at least one of ${PATH_ODDITIES.join(", ")}`);
      return [];
    });
    return {
      routes: members.routes,
      routeFinder: (find) => createTolerantFinder(find, ({ place }) => tolerated[place] ?? []),
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
  if (rule === undefined) return undefined;
  const tolerated = tolerances(rule);
  return [...odditiesOf(path)].every((one) => tolerated.includes(one)) ? { target: target.value, rule } : undefined;
}

function isOddity(value: unknown): boolean {
  return PATH_ODDITIES.some((oddity) => oddity === value);
}

const ODDITY = /%2f|;|\/(?=\/)/gi;

/** Cuts a path at its oddities. Several slashes in a row are one of them. */
const SEPARATOR = /(%2f|;|\/{2,})/i;

/** Such a path names a host ("//host/path", RFC 3986 section 4.2), by itself or once it is cleaned: another server, for some. */
const LEADS_ELSEWHERE = /^\/(?:\/|;|%2f)/i;

/** Stands for an oddity that an origin takes for a part of the segment: no literal of a policy holds it, and all parsers allow it. */
const STAND_IN = "!";

/** Six escaped slashes have as many readings; three empty segments fewer. */
const MAX_READINGS = 64;

/** Each multiplies the readings by two at least, unless it stands where another one has cut the path already. */
const MAX_ODDITIES = 8;

/** All readings together are no longer than one path may be (path-guard.ts): guarding and matching them costs as much. */
const MAX_CHARACTERS = 8000;

/** Where the part ends that a reading leaves out: at the next slash, at the next slash of any kind, or with the path. */
type SkippedTo = "slash" | "any_slash" | "end";

/** The beginning of a reading. */
interface PartialReading {
  readonly text: string;
  /** Inside path parameters, or a host, that this reading leaves out. */
  readonly skipping?: SkippedTo;
}

/** @returns the kinds that are in the path, each once */
export function odditiesOf(path: string): ReadonlySet<PathOddity> {
  const found = path.match(ODDITY) ?? [];
  return new Set(
    found.map((one) => (one === ";" ? "path_parameters" : one === "/" ? "empty_segment" : "encoded_slash")),
  );
}

/**
 * @param path begins with a slash
 * @returns paths without oddities, each read by itself in each of its ways; undefined when they are too many or too long,
 *   or when one could name a host
 */
export function readingsOf(path: string): ReadonlySet<string> | undefined {
  if (LEADS_ELSEWHERE.test(path) || !hasFewOddities(path)) return undefined;
  let begun: readonly PartialReading[] = [{ text: "" }];
  for (const piece of path.split(SEPARATOR)) {
    if (piece === "") continue;
    const next = new Map<string, PartialReading>();
    let characters = 0;
    for (const before of begun) {
      for (const one of readOn(before, piece)) {
        next.set(`${one.skipping ?? ""} ${one.text}`, one);
        characters += one.text.length;
        if (next.size > MAX_READINGS || characters > MAX_CHARACTERS) return undefined;
      }
    }
    begun = [...next.values()];
  }
  return new Set(begun.map(({ text }) => text));
}

function hasFewOddities(path: string): boolean {
  let left = MAX_ODDITIES;
  ODDITY.lastIndex = 0;
  while (ODDITY.test(path)) {
    left -= 1;
    if (left < 0) return false;
  }
  return true;
}

/** The ways in which a reading goes on with a piece of the path. */
function readOn(before: PartialReading, piece: string): readonly PartialReading[] {
  const { text, skipping } = before;
  if (piece === "%2f" || piece === "%2F") {
    if (skipping === undefined) return [{ text: text + STAND_IN }, ...readSlash(text)];
    return skipping === "any_slash" ? readSlash(text) : [before];
  }
  if (piece === ";") {
    if (skipping !== undefined) return [before];
    const ends: readonly SkippedTo[] = ["slash", "any_slash", "end"];
    return [{ text: text + STAND_IN }, ...ends.map((end) => ({ text, skipping: end }))];
  }
  return readPlain(before, piece);
}

/** A piece of text and slashes. */
function readPlain(before: PartialReading, piece: string): readonly PartialReading[] {
  const { text, skipping } = before;
  if (piece === "" || skipping === "end") return [before];
  if (skipping === undefined && !piece.startsWith("/")) return [{ text: text + piece }];
  const slash = piece.indexOf("/");
  // The part that this reading leaves out has not ended.
  if (slash === -1) return [before];
  return readSlash(text).flatMap((one) => readPlain(one, piece.slice(slash + 1)));
}

/**
 * A slash after another slash ends an empty segment, or is the same slash again, or begins a host ("//host"), which some origins
 * cut off.
 */
function readSlash(text: string): readonly PartialReading[] {
  if (!text.endsWith("/")) return [{ text: `${text}/` }];
  const above = text.slice(0, -1);
  return [
    { text },
    { text: `${text}${STAND_IN}/` },
    { text: above, skipping: "slash" },
    { text: above, skipping: "any_slash" },
  ];
}
