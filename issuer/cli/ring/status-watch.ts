/**
 * `sealgate ring status --watch`: at a terminal the same page drawn again and again; elsewhere a block, or a line of JSON, for each
 * change. A look that fails is reported, and the next one is made all the same.
 */
import { EXIT } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { printJson } from "../io.ts";
import type { CliIo } from "../io.ts";
import { survive } from "./watch.ts";

/** Home, and clear the screen (ECMA-48 sections 8.3.21 and 8.3.39). */
const CLEAR_SCREEN = "\u001B[H\u001B[2J";

/** What differs between two looks although nothing has happened. */
const PASSING: ReadonlySet<string> = new Set(["now", "ageSeconds", "message"]);

export interface Look {
  readonly json: object;
  readonly text: string;
}

export interface StatusWatch {
  readonly seconds: number;
  readonly json: boolean;
  /** @throws SealgateError when the ring cannot be observed */
  readonly look: () => Promise<Look>;
}

/** Until Ctrl-C. */
export async function watchStatus(io: CliIo, { seconds, json, look }: StatusWatch): Promise<ExitCode> {
  const isScreen = io.stdoutIsTerminal && !json;
  let shown: string | undefined;
  while (!io.interrupted.aborted) {
    const seen = await survive(io, look, { json });
    if (seen !== undefined && isScreen) {
      io.out(`${CLEAR_SCREEN}${seen.text}\nlooks again every ${seconds} s; Ctrl-C stops it\n`);
    } else if (seen !== undefined) {
      const facts = JSON.stringify(seen.json, (name, value: unknown) => (PASSING.has(name) ? undefined : value));
      if (facts !== shown && json) printJson(io, seen.json);
      else if (facts !== shown) io.out(shown === undefined ? seen.text : `\n${seen.text}`);
      shown = facts;
    }
    await io.sleep(seconds * 1000, io.interrupted);
  }
  return EXIT.ok;
}
