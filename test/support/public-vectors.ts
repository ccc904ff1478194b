/**
 * Makes the text of the public JWS vectors importable as `virtual:jws-vectors`, in Node and in workerd alike, where there is
 * no file system. The file stays outside the repository; without it the module's default export is undefined.
 */
import { readFileSync } from "node:fs";
import type { Plugin } from "vitest/config";

const MODULE = "virtual:jws-vectors";
const RESOLVED = `\0${MODULE}`;

/** @param url where the vectors are, one JSON object a line */
export function publicVectors(url: URL): Plugin {
  return {
    name: "public-jws-vectors",
    resolveId: (id) => (id === MODULE ? RESOLVED : undefined),
    load: (id) => (id === RESOLVED ? `export default ${JSON.stringify(textOf(url))};` : undefined),
  };
}

function textOf(url: URL): string | undefined {
  try {
    return readFileSync(url, "utf8");
  } catch {
    return undefined;
  }
}
