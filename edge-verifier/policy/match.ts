/**
 * Which rule decides about a request. Pure. The first rule whose path and methods fit; never a guess: when it only fits
 * if case is not regarded, or when an origin that cuts the path at a dot would take it for a path of a stricter rule, the
 * answer is a refusal, because the origin may or may not do so. The work grows with the length of the path and no faster.
 */
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import type { CompiledPolicy, CompiledRule } from "./compile.ts";
import { literalsFit } from "./pattern.ts";
import { findRules, someCut } from "./route-index.ts";
import { isStricter } from "./strictness.ts";

/** Why a path is read in more than one way although the path guard has let it pass. Logged. */
export type PathAmbiguity =
  /** It fits a rule only where case, accents, look-alikes, or spaces and dots at the end of a segment are not regarded. */
  | "spelling"
  /** A segment of nothing but marks, spaces or characters that are not seen: for some origins it is not there. */
  | "lost_segment"
  /** Without a format suffix (`/admin.json`), or without what follows a file (`/admin.php/x`), a stricter rule has it. */
  | "suffix";

/** Why no rule decides. */
export type NoRoute =
  | { readonly code: "not_found" }
  | { readonly code: "method_not_allowed"; readonly allow: readonly string[] }
  | { readonly code: "path_ambiguous"; readonly reason: PathAmbiguity };

/**
 * @param path the raw path, after the path guard (printable ASCII)
 * @returns the rule that decides
 */
export function matchRoute(policy: CompiledPolicy, method: string, path: string): Result<CompiledRule, NoRoute> {
  const folded = path.includes("%") ? foldEscaped(path) : path.toLowerCase();
  if (folded === undefined) return ambiguous("spelling");
  if (folded !== path && hasLostSegment(folded, path)) return ambiguous("lost_segment");
  let allow: Set<string> | undefined;
  for (const rule of findRules(policy.index, folded)) {
    const { pattern } = rule;
    if (rule.methods.has(method)) {
      if (!literalsFit(pattern.segments, path)) return ambiguous("spelling");
      const leadsAstray = folded.includes(".") && someCut(policy.index, folded, method, (cut) => isStricter(cut, rule));
      return leadsAstray ? ambiguous("suffix") : ok(rule);
    }
    allow ??= new Set();
    for (const one of rule.methods) allow.add(one);
  }
  return err(allow === undefined ? { code: "not_found" } : { code: "method_not_allowed", allow: [...allow] });
}

function ambiguous(reason: PathAmbiguity): Result<never, NoRoute> {
  return err({ code: "path_ambiguous", reason });
}

/**
 * The path as the most lenient origin may compare it: escapes decoded, compatibility forms replaced (a fullwidth letter,
 * the Kelvin sign), marks and unseen characters dropped (collations of databases do that), case folded both ways (a dotless
 * i), letters of other alphabets turned into the Latin ones that Windows' "best fit" to a code page makes of them, spaces
 * and dots at the end of a segment dropped. Literals of a policy are plain ASCII, so a path that reaches one by this only is
 * ambiguous. The guard has made sure that no slash appears.
 * @returns undefined for a text that would take more room than its escapes: phrases in one character (U+FDFA), which
 *   multiply the work, and stand in no path
 */
function foldEscaped(path: string): string | undefined {
  // Marks go first: putting a long run of them into its canonical order takes quadratic time.
  const bare = decodeURIComponent(path).replaceAll(IGNORED, "");
  const decomposed = bare.normalize("NFKD");
  if (decomposed.length > path.length) return undefined;
  const letters = decomposed.replaceAll(IGNORED, "").toUpperCase().toLowerCase();
  // A dash is in neither list.
  return trimSegments(letters.replaceAll(LOOK_ALIKE, (character) => BEST_FIT[LETTERS.indexOf(character)] ?? "-"));
}

/** Without the spaces and dots at the end of each segment. Each run of them is read once. */
function trimSegments(path: string): string {
  return path.replaceAll(/[ .]+/g, (run, start: number) => {
    const next = path.charAt(start + run.length);
    return next === "" || next === "/" ? "" : run;
  });
}

function hasLostSegment(folded: string, path: string): boolean {
  return folded.includes("//") || (folded.endsWith("/") && !path.endsWith("/"));
}

/**
 * What collations and people do not see: marks, joiners, direction marks, the soft hyphen, the Hangul fillers, characters
 * without a meaning (Unicode UTS 10 section 3.6, UAX 44 `Default_Ignorable_Code_Point`).
 */
const IGNORED = /[\p{M}\p{C}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * unicode.org/Public/MAPPINGS/VENDORS/MICSFT/WindowsBestFit: dashes, and these letters, one for one. The second sigma is
 * what one at the end of a word becomes in lower case. The soft hyphen, a dash there, is refused by the path guard.
 */
const LETTERS = "đħłøŧƀɡαδεπσςτφ";
const BEST_FIT = "dhlotbgadepsstf";
const LOOK_ALIKE = new RegExp(`[\\u2010-\\u2015\\u2212${LETTERS}]`, "g");
