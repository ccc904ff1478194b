/**
 * All stable codes of the product, read from where they are declared: members `code: "…"` and unions of string literals
 * whose name ends in `Code`. Reading the source keeps this free of a second list that could fall behind.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const MEMBER = /\breadonly code: ((?:"[a-z_0-9]+"(?: \| )?)+)/g;
const UNION = /\btype \w*Code =((?:\s|\||"[a-z_0-9]+"|\w+(?:\["code"\])?|\/\/[^\n]*|\/\*\*.*?\*\/)+);/gs;
/** Not the index of a member access such as `KeySetProblem["code"]`. */
const LITERAL = /(?<!\[)"([a-z_0-9]+)"/g;
const COMMENT = /\/\/[^\n]*|\/\*\*.*?\*\//gs;

/** @param folders relative to `root` */
export function declaredCodes(root: string, folders: readonly string[]): ReadonlySet<string> {
  const codes = new Set<string>();
  for (const folder of folders) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })) {
      if (!name.endsWith(".ts")) continue;
      const source = readFileSync(join(root, folder, name), "utf8");
      for (const pattern of [MEMBER, UNION]) {
        for (const [, literals = ""] of source.matchAll(pattern)) {
          for (const [, code = ""] of literals.replaceAll(COMMENT, "").matchAll(LITERAL)) codes.add(code);
        }
      }
    }
  }
  return codes;
}
