/**
 * The feature `pathTolerance`: rules that take paths with oddities which origins read differently (`tolerate`), as long as
 * it makes no difference which reading the origin chooses. What is matched and forwarded stays the raw path; dot segments,
 * backslashes, controls and broken escapes are refused as ever, in the path and in each of its readings.
 *
 * The readings of a path: `%2F` is a slash or part of a segment; an empty segment is one, is not there, or begins a host; path
 * parameters are part of a segment or not there; `%23` and `%3F` are part of a segment or end the path; `%25` is part of a segment, or
 * the percent sign of another escape; a raw `|`, `[`, `]`, `^` or backtick is part of a segment. What they may cost is bounded by counts
 * before anything is built.
 */
import { ok } from "../../shared/result.ts";
import type { Feature } from "../request/hooks.ts";
import type { FoundRoute, RouteFinder } from "../request/route.ts";
import { cutTarget } from "../http/path-guard.ts";
import type { CompiledRule } from "../policy/compile.ts";
import { takeMembers } from "../policy/feature-members.ts";
import { ODDITY_SIGNS, PATH_ODDITIES } from "../policy/rule.ts";
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
      const named: readonly unknown[] = Array.isArray(tolerate) ? tolerate.map(nameOf) : [];
      if (named.length > 0 && named.every(isOddity)) return named;
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
  if (![...odditiesOf(path)].every((one) => tolerated.includes(one))) return undefined;
  // The platform's URL parser escapes these two; all readings have them inside of a segment, where it makes no difference.
  const forwarded = path.replaceAll("^", "%5E").replaceAll("`", "%60");
  return { target: { ...target.value, path: forwarded }, rule };
}

/** `"%2F"`, as the log has it, is `"encoded_slash"`. */
function nameOf(one: unknown): unknown {
  return isSign(one) ? ODDITY_SIGNS[one] : one;
}

function isSign(one: unknown): one is keyof typeof ODDITY_SIGNS {
  return typeof one === "string" && Object.hasOwn(ODDITY_SIGNS, one);
}

function isOddity(value: unknown): boolean {
  return PATH_ODDITIES.some((oddity) => oddity === value);
}

/** What multiplies the readings. */
const ODDITY = /%2f|%2[35]|%3f|;|\/(?=\/)/gi;

/** Cuts a path at its oddities. Several slashes in a row are one of them. */
const SEPARATOR = /(%2f|%2[35]|%3f|;|\/{2,})/i;

const RAW = /[|[\]^`]/g;

/** Half of an escape that IIS knows: with the percent sign decoded, `%u002f` is a slash there. */
const IIS_ESCAPE = /%25u/i;

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
  const signs = [...(path.match(ODDITY) ?? []), ...(path.match(RAW) ?? [])];
  const names = new Set(signs.map((sign) => nameOf(sign === "/" ? "//" : sign.toUpperCase())));
  return new Set(PATH_ODDITIES.filter((oddity) => names.has(oddity)));
}

/**
 * @param path begins with a slash
 * @returns paths without oddities, each read by itself in each of its ways; undefined when they are too many or too long,
 *   or when one could name a host
 */
export function readingsOf(path: string): ReadonlySet<string> | undefined {
  if (LEADS_ELSEWHERE.test(path) || IIS_ESCAPE.test(path) || !hasFewOddities(path)) return undefined;
  let begun: readonly PartialReading[] = [{ text: "" }];
  const pieces = path.replaceAll(RAW, STAND_IN).split(SEPARATOR);
  for (const [index, piece] of pieces.entries()) {
    if (piece === "") continue;
    const escapes = ESCAPED_PERCENT === piece && HEXADECIMAL.test(pieces[index + 1] ?? "");
    const next = new Map<string, PartialReading>();
    let characters = 0;
    for (const before of begun) {
      for (const one of readOn(before, piece, escapes)) {
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

const ESCAPED_PERCENT = "%25";

const HEXADECIMAL = /^[0-9a-f]{2}/i;

/**
 * The ways in which a reading goes on with a piece of the path.
 * @param escapes `%25` stands before two hexadecimal digits: decoded once, it begins another escape, which has to pass the guard
 */
function readOn(before: PartialReading, piece: string, escapes: boolean): readonly PartialReading[] {
  const { text, skipping } = before;
  if (piece === ESCAPED_PERCENT) {
    if (skipping !== undefined) return [before];
    return [{ text: text + STAND_IN }, ...(escapes ? [{ text: `${text}%` }] : [])];
  }
  // A fragment or a query, once they are decoded.
  if (piece === "%23" || piece === "%3f" || piece === "%3F") {
    const ended: PartialReading = { text, skipping: "end" };
    return [skipping === undefined ? { text: text + STAND_IN } : before, ended];
  }
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
