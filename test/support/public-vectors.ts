/**
 * Makes the text of the public JWS vectors importable as `virtual:jws-vectors`, in Node and in workerd alike, where there is
 * no file system. The file stays outside the repository; without it the module's default export is undefined, and one line
 * says that their suite is skipped.
 */
import { existsSync, readFileSync } from "node:fs";
import type { Plugin } from "vitest/config";

const MODULE = "virtual:jws-vectors";
/** As the suite names it: the whole path would tell of this machine only. */
const NAME = "../shared/vectors/jws-vectors.jsonl";
const RESOLVED = `\0${MODULE}`;

/** @param url where the vectors are, one JSON object a line */
export function publicVectors(url: URL): Plugin {
  // The plugin serves several test projects.
  let isTold = existsSync(url);
  return {
    name: "public-jws-vectors",
    configResolved: ({ logger }) => {
      if (!isTold) logger.warn(`Public JWS vectors: ${NAME} is not there, so their suite is skipped.`);
      isTold = true;
    },
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
