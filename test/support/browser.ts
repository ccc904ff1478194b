/** The browser for tests that need a real one, found in one way: by CHROMIUM_PATH or CHROMIUM, or where Debian and others install it. */
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";
import type { Browser } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** What a test that is left out says. */
export const NO_CHROMIUM: string = `no Chromium: CHROMIUM_PATH does not name one, and there is none at ${PLACES.join(", ")}`;

/** @throws Error for a variable that names no file: leaving a test out must not be a misspelling */
export function findChromium(env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  const named = env["CHROMIUM_PATH"] || env["CHROMIUM"];
  if (named && !existsSync(named)) throw new Error(`CHROMIUM_PATH or CHROMIUM names ${named}, which does not exist`);
  return named || PLACES.find((path) => existsSync(path));
}

/** @returns undefined where there is no Chromium */
export async function launchChromium(): Promise<Browser | undefined> {
  const executablePath = findChromium();
  if (executablePath === undefined) return undefined;
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
}
