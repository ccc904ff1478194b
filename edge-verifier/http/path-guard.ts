/**
 * The path guard: takes a request's target from the text of its URL and refuses every path that two parsers could read
 * differently. What passes is matched against the policy and forwarded as it is; nothing here decodes, normalises or
 * repairs. Knows nothing of routes or origins.
 */
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";

/** The parts of a URL as they were received. */
export interface RequestTarget {
  /** `https` or `http`. */
  readonly scheme: string;
  /** Host, with port if there is one. */
  readonly authority: string;
  /** Begins with a slash. */
  readonly path: string;
  /** Empty, or begins with a question mark. Opaque: no policy looks at it. */
  readonly query: string;
}

/** Which rule a path breaks. Stable: logged. */
export type PathProblem =
  /** No path can be found: nothing that is a host and perhaps a port, or something other than a slash after it. */
  | "no_path"
  /** A request target has no fragment (RFC 9110 section 7.1). */
  | "fragment"
  | "too_long"
  /** A character that RFC 3986 does not allow in a path, a backslash, or `;` (servlet path parameters). */
  | "character"
  /** `//`: origins differ on whether it is `/`. */
  | "empty_segment"
  /** A segment that ends in a dot: `.` and `..`, and what Windows takes for the name without the dot. */
  | "dot_segment"
  /** `%` without two hexadecimal digits, or octets that are not UTF-8 (overlong forms included). */
  | "escape_invalid"
  /** An escaped control character, delimiter, percent sign, or character that needs no escape (RFC 3986 section 6.2.2.2). */
  | "escape_ambiguous";

/** RFC 9110 section 4.1 asks recipients to support 8000 octets. */
export const MAX_PATH_LENGTH = 8000;

/**
 * A host and perhaps a port. A backslash or an at sign there would move the end of the authority for some parsers; a comma is
 * what joins two Host headers.
 */
const AUTHORITY = /^[\w.:[\]-]+$/;

const REFUSED = 0;
const PLAIN = 1;
const SLASH = 2;
const DOT = 3;
const PERCENT = 4;

/** What each ASCII character means in a path: RFC 3986 `pchar` without `;`. */
const KINDS: Uint8Array = new Uint8Array(128);
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~!$&'()*+,:=@") {
  KINDS[character.charCodeAt(0)] = PLAIN;
}
KINDS["/".charCodeAt(0)] = SLASH;
KINDS[".".charCodeAt(0)] = DOT;
KINDS["%".charCodeAt(0)] = PERCENT;

/**
 * Cuts a URL into its parts and guards the path.
 * @param url the request's URL as text; never a path that a router has decoded
 */
export function readTarget(url: string): Result<RequestTarget, PathProblem> {
  const target = cutTarget(url);
  const problem = target.ok ? checkPath(target.value.path) : undefined;
  return problem === undefined ? target : err(problem);
}

/** The parts alone; the path still has to be guarded. */
export function cutTarget(url: string): Result<RequestTarget, PathProblem> {
  const authorityStart = url.indexOf("://") + 3;
  const pathStart = url.indexOf("/", authorityStart);
  const queryStart = url.indexOf("?", authorityStart);
  const pathEnd = queryStart === -1 ? url.length : queryStart;
  if (authorityStart < 3 || pathStart <= authorityStart || pathStart > pathEnd) return err("no_path");
  const authority = url.slice(authorityStart, pathStart);
  if (url.includes("#", authorityStart)) return err("fragment");
  if (!AUTHORITY.test(authority)) return err("no_path");
  const scheme = url.slice(0, authorityStart - 3);
  return ok({ scheme, authority, path: url.slice(pathStart, pathEnd), query: url.slice(pathEnd) });
}

/** @returns the first rule that the path breaks, or undefined. */
export function checkPath(path: string): PathProblem | undefined {
  if (path.length > MAX_PATH_LENGTH) return "too_long";
  let before = PLAIN;
  let escaped = false;
  for (let index = 0; index < path.length; index += 1) {
    const kind = KINDS[path.charCodeAt(index)] ?? REFUSED;
    if (kind === REFUSED) return "character";
    if (kind === SLASH && before === SLASH) return "empty_segment";
    if (kind === SLASH && before === DOT) return "dot_segment";
    if (kind === PERCENT) escaped = true;
    before = kind;
  }
  if (before === DOT) return "dot_segment";
  return escaped ? checkEscapes(path) : undefined;
}

const ESCAPE_RUN = /(?:%[0-9A-Fa-f]{2})+/g;

/**
 * ASCII that may stand escaped in a path. Not in it: controls; `/ \ % ; ? #`, which mean something else once they are
 * decoded; and letters, digits and `-._~`, which would give every literal of the policy a second spelling.
 */
const MAY_BE_ESCAPED = /^[ !"$&'()*+,:<=>@[\]^`{|}]*$/;

/**
 * What a compatibility form must not turn into: a fullwidth slash or a two dot leader is one `normalize` from a traversal.
 * The last ones have no such form, but Windows' "best fit" to a code page makes slashes of them.
 */
const STRUCTURAL = /[/\\%;?#.\u2044\u2215\u2216\u29f5\u29f8]/;

function checkEscapes(path: string): PathProblem | undefined {
  if (path.replaceAll(ESCAPE_RUN, "").includes("%")) return "escape_invalid";
  for (const run of path.match(ESCAPE_RUN) ?? []) {
    let text: string;
    try {
      text = decodeURIComponent(run);
    } catch {
      return "escape_invalid";
    }
    if (!isUnambiguous(text)) return "escape_ambiguous";
  }
  return undefined;
}

function isUnambiguous(text: string): boolean {
  let ascii = "";
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (code < 0x80) ascii += character;
    // C1 controls, and characters whose compatibility form (Unicode UAX 15) means something to a path.
    else if (code < 0xa0 || STRUCTURAL.test(character.normalize("NFKC"))) return false;
  }
  return MAY_BE_ESCAPED.test(ascii);
}
