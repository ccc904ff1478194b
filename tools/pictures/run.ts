/**
 * `npm run pictures`: draws what README and docs show, into docs/pictures/, and takes the console's pictures where there is a
 * Chromium: CHROMIUM_PATH names one, or it is where Debian and others install it.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { launchChromium, NO_CHROMIUM } from "../../test/support/browser.ts";
import { drawnPictures } from "./drawn.ts";
import { describeScreens, takeScreens } from "./screens.ts";
import { renderPicture } from "./svg.ts";

const FOLDER = new URL("../../docs/pictures/", import.meta.url);

mkdirSync(FOLDER, { recursive: true });
const { notes, terminal } = await describeScreens();
for (const picture of [...drawnPictures(), terminal]) write(picture.file, renderPicture(picture));
const browser = await launchChromium();
if (browser === undefined) {
  process.stderr.write(`The console's pictures stay as they are: ${NO_CHROMIUM}.\n`);
} else {
  try {
    for (const [file, bytes] of await takeScreens(browser, notes)) write(file, bytes);
  } finally {
    await browser.close();
  }
}

function write(file: string, content: string | Buffer): void {
  writeFileSync(new URL(file, FOLDER), content);
  process.stdout.write(`docs/pictures/${file}\n`);
}
