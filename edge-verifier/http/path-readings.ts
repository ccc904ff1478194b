/**
 * Every text that an origin may take a path for whose oddities it may read or not: an escaped slash is a slash or part of a
 * segment, an empty segment is one, none or the beginning of a host, path parameters are part of a segment or not there.
 * Pure; decides nothing.
 */
import type { PathOddity } from "../policy/rule.ts";

const ODDITY = /%2f|;|\/(?=\/)/gi;

/** Such a path names a host ("//host/path", RFC 3986 section 4.2), by itself or once it is cleaned: another server, for some. */
const LEADS_ELSEWHERE = /^\/(?:\/|;|%2f)/i;

/** What an origin has in place of an oddity that it does not read: no literal of a policy holds it, and no parser minds it. */
const STAND_IN = "!";

/** Each reading costs what guarding and matching a path cost. Six escaped slashes have as many; three empty segments fewer. */
const MAX_READINGS = 64;

/** How far what is not there reaches: to the next slash, to the next one of any kind, or to the end. */
type Reach = "slash" | "any_slash" | "end";

/** The beginning of a reading. */
interface Begun {
  readonly text: string;
  /** Inside path parameters, or a host, that are not there. */
  readonly skipping?: Reach;
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
 * @returns paths without oddities, each read by itself in each of its ways; undefined when there are too many, or when one
 *   could name a host
 */
export function readingsOf(path: string): ReadonlySet<string> | undefined {
  if (LEADS_ELSEWHERE.test(path)) return undefined;
  let begun: readonly Begun[] = [{ text: "" }];
  for (const piece of path.split(/(%2f|[;/])/i)) {
    const next = new Map<string, Begun>();
    for (const before of begun) {
      for (const one of goOn(before, piece)) next.set(`${one.skipping ?? ""} ${one.text}`, one);
    }
    if (next.size > MAX_READINGS) return undefined;
    begun = [...next.values()];
  }
  return new Set(begun.map(({ text }) => text));
}

function goOn(before: Begun, piece: string): readonly Begun[] {
  const { text, skipping } = before;
  if (piece === "/") return skipping === "end" ? [before] : slash(text);
  if (piece === "%2f" || piece === "%2F") {
    if (skipping === undefined) return [{ text: text + STAND_IN }, ...slash(text)];
    return skipping === "any_slash" ? slash(text) : [before];
  }
  if (skipping !== undefined) return [before];
  if (piece !== ";") return [{ text: text + piece }];
  const reaches: readonly Reach[] = ["slash", "any_slash", "end"];
  return [{ text: text + STAND_IN }, ...reaches.map((reach) => ({ text, skipping: reach }))];
}

/** After another slash it ends an empty segment, or nothing, or it begins a host: for whoever cuts the path there first. */
function slash(text: string): readonly Begun[] {
  if (!text.endsWith("/")) return [{ text: `${text}/` }];
  const above = text.slice(0, -1);
  return [
    { text },
    { text: `${text}${STAND_IN}/` },
    { text: above, skipping: "slash" },
    { text: above, skipping: "any_slash" },
  ];
}
