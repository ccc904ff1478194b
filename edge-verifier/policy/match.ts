/**
 * Which rule decides about a request. Pure. The first rule whose path and methods fit; never a guess: when it only fits
 * if case is not regarded, the answer is a refusal, because the origin may or may not regard it.
 */
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import type { CompiledPolicy, CompiledRule } from "./compile.ts";
import { matchesPath } from "./pattern.ts";
import { findRules } from "./route-index.ts";

/** Why no rule decides. */
export type NoRoute =
  | { readonly code: "not_found" }
  | { readonly code: "method_not_allowed"; readonly allow: readonly string[] }
  | { readonly code: "path_ambiguous" };

/**
 * @param path the raw path, after the path guard (printable ASCII)
 * @returns the rule that decides
 */
export function matchRoute(policy: CompiledPolicy, method: string, path: string): Result<CompiledRule, NoRoute> {
  const folded = path.includes("%") ? foldEscaped(path) : path.toLowerCase();
  // A segment of nothing but marks or spaces: for some origins it is not there.
  if (folded !== path && hasLostSegment(folded, path)) return err({ code: "path_ambiguous" });
  let allow: Set<string> | undefined;
  for (const rule of findRules(policy.index, folded)) {
    const { pattern } = rule;
    if (rule.methods.has(method)) {
      return matchesPath(pattern.segments, pattern.tree, path) ? ok(rule) : err({ code: "path_ambiguous" });
    }
    allow ??= new Set();
    for (const one of rule.methods) allow.add(one);
  }
  return err(allow === undefined ? { code: "not_found" } : { code: "method_not_allowed", allow: [...allow] });
}

/**
 * The path as the most lenient origin may compare it: escapes decoded, compatibility forms replaced (a fullwidth letter,
 * the Kelvin sign), marks dropped (collations of databases do that), case folded both ways (a dotless i), letters of other
 * alphabets turned into the Latin ones that Windows' "best fit" to a code page makes of them, spaces and dots at the end of a segment
 * dropped. Literals of a policy are plain ASCII, so whatever reaches one by this only is ambiguous. The guard has made sure
 * that no slash appears.
 */
function foldEscaped(path: string): string {
  const plain = decodeURIComponent(path).normalize("NFKD").replaceAll(IGNORED, "").toUpperCase().toLowerCase();
  return plain
    .replaceAll(LOOK_ALIKE, (character) => BEST_FIT[LETTERS.indexOf(character)] ?? "-")
    .replaceAll(/[ .]+(?=\/|$)/g, "");
}

function hasLostSegment(folded: string, path: string): boolean {
  return folded.includes("//") || (folded.endsWith("/") && !path.endsWith("/"));
}

/** Marks, and characters that are not seen: joiners, direction marks, the byte order mark. */
const IGNORED = /\p{M}|(?!\u00ad)\p{Cf}/gu;

/**
 * unicode.org/Public/MAPPINGS/VENDORS/MICSFT/WindowsBestFit: dashes, a soft hyphen, and these letters, one for one. The
 * second sigma is what one at the end of a word becomes in lower case.
 */
const LETTERS = "đħłŧƀɡαδεπσςτφ";
const BEST_FIT = "dhltbgadepsstf";
const LOOK_ALIKE = new RegExp(`[\\u00ad\\u2010-\\u2015\\u2212${LETTERS}]`, "g");
