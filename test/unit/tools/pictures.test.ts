/** The pictures of README and docs: each file is what the sources draw today, can be read without being seen, and stays small. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { drawnPictures } from "../../../tools/pictures/drawn.ts";
import { HASH_MARK, hashOf, renderPicture, text } from "../../../tools/pictures/svg.ts";

const FOLDER = new URL("../../../docs/pictures/", import.meta.url);
const pictures = drawnPictures();

const RENEW = "This picture is stale: run npm run pictures, look at it, and commit it.";

describe.each(pictures.map((picture) => [picture.file, picture] as const))("docs/pictures/%s", (file, picture) => {
  const url = new URL(file, FOLDER);
  const stored = existsSync(url) ? readFileSync(url, "utf8") : "";

  test("is what npm run pictures draws", () => {
    expect(stored, RENEW).toBe(renderPicture(picture));
  });

  test("carries the hash of all that it shows", () => {
    const [, hash, shown = ""] = new RegExp(`^<!--[^>]*${HASH_MARK}([0-9a-f]{64}) -->\n([^]*)$`).exec(stored) ?? [];
    expect(hash).toBe(hashOf(shown));
  });

  test("has a title and a description, at most 20 kB, and nothing that acts or comes from elsewhere", () => {
    expect(stored).toMatch(/<title id="title">[^<]{10,}<\/title>\n<desc id="desc">[^<]{100,}<\/desc>/);
    expect(stored.length).toBeLessThan(20_000);
    expect(stored.replace('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(
      /<script|<image|<foreignObject|href|url\(|https?:|\son\w+=/i,
    );
  });
});

test("docs/pictures has no other file", () => {
  expect(readdirSync(FOLDER).toSorted()).toEqual(pictures.map(({ file }) => file).toSorted());
});

test("text is text, also where it looks like markup", () => {
  expect(text(1, 2, `<script>"&`)).toBe('<text class="f-text" x="1" y="2">&lt;script&gt;&quot;&amp;</text>');
});
