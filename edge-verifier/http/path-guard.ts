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
  /** What RFC 3986 does not allow in a path, a backslash, `;` (servlet path parameters), or `(x(` (ASP.NET's sessions). */
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
const MAX_PATH_LENGTH = 8000;

/** A host and perhaps a port. A backslash or an at sign would move its end for some parsers; a comma joins two Host headers. */
const AUTHORITY = /^[\w.:[\]-]+$/;

/** Characters beyond ASCII are looked at in several forms: a path that has any may be half as long. */
const MAX_NON_ASCII_LENGTH = 4000;

/** What RFC 3986 `pchar` leaves out, and `;`. */
const REFUSED = /[^\w~!$&'()*+,:=@%./-]/;

/** A segment without a character, or one that ends in a dot. */
const ODD_SEGMENT = /\/\/|\.(?:\/|$)/;

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
  const scheme = url.startsWith("https://") ? "https" : "http";
  const start = scheme.length + 3;
  const slash = url.indexOf("/", start);
  const authority = url.slice(start, slash);
  if (url.includes("#")) return err("fragment");
  if (slash === -1 || !url.startsWith(`${scheme}://`) || !AUTHORITY.test(authority)) return err("no_path");
  const mark = url.indexOf("?", slash);
  const end = mark === -1 ? url.length : mark;
  return ok({ scheme, authority, path: url.slice(slash, end), query: url.slice(end) });
}

/** @returns a rule that the path breaks, or undefined */
export function checkPath(path: string): PathProblem | undefined {
  if (path.length > MAX_PATH_LENGTH) return "too_long";
  if (REFUSED.test(path)) return "character";
  if (ODD_SEGMENT.test(path)) return path.includes("//") ? "empty_segment" : "dot_segment";
  return path.includes("%") || path.includes("(") ? checkSpecial(path) : undefined;
}

/** ASP.NET before 4.8.1 takes "(S(x))" out of paths, wherever it stands: a session without a cookie. */
const COOKIELESS = /(?:\(|%28)[a-z](?:\(|%28)/i;

/**
 * ASCII that may stand escaped in a path. Not in it: controls; `/ \ % ; ? #`, which mean something else once they are
 * decoded; and letters, digits and `-._~`, which would give every literal of the policy a second spelling.
 */
const MAY_BE_ESCAPED = " !\"$&'()*+,:<=>@[]^`{|}";

/** A percent sign without two hexadecimal digits behind it. */
const BROKEN_ESCAPE = /%(?![0-9A-Fa-f]{2})/;

/**
 * What a character beyond ASCII must not be, nor become in another form (Unicode UAX 15): part of a path's structure (a
 * fullwidth slash or a two dot leader is one `normalize` from a traversal), what Windows' "best fit" to a code page makes a
 * slash of, a C1 control, or the soft hyphen, for some nothing and for others a hyphen.
 */
const STRUCTURAL = /[/\\%;?#.\u2044\u2215\u2216\u29f5\u29f8\x80-\x9f\xad]/;

/** Marks become nothing else, and putting a long run of them into its canonical order takes quadratic time. */
const ASCII_OR_MARK = /[ -~]+|\p{M}/gu;

function checkSpecial(path: string): PathProblem | undefined {
  if (COOKIELESS.test(path)) return "character";
  if (BROKEN_ESCAPE.test(path)) return "escape_invalid";
  let isAscii = true;
  let isAmbiguous = false;
  for (let index = path.indexOf("%"); index !== -1; index = path.indexOf("%", index + 3)) {
    // Of the two digits, 8 and those above it begin an octet beyond ASCII.
    if (path.charAt(index + 1) > "7") isAscii = false;
    else if (!MAY_BE_ESCAPED.includes(decodeURIComponent(path.slice(index, index + 3)))) isAmbiguous = true;
  }
  if (!isAscii) {
    if (path.length > MAX_NON_ASCII_LENGTH) return "too_long";
    try {
      const others = decodeURIComponent(path).replaceAll(ASCII_OR_MARK, "");
      isAmbiguous ||= STRUCTURAL.test(others.normalize("NFKD"));
    } catch {
      return "escape_invalid";
    }
  }
  return isAmbiguous ? "escape_ambiguous" : undefined;
}
