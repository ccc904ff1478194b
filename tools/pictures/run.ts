/** `npm run pictures`: draws what README and docs show, into docs/pictures/. */
import { mkdirSync, writeFileSync } from "node:fs";
import { drawnPictures } from "./drawn.ts";
import { renderPicture } from "./svg.ts";

const FOLDER = new URL("../../docs/pictures/", import.meta.url);

mkdirSync(FOLDER, { recursive: true });
for (const picture of drawnPictures()) {
  writeFileSync(new URL(picture.file, FOLDER), renderPicture(picture));
  process.stdout.write(`docs/pictures/${picture.file}\n`);
}
