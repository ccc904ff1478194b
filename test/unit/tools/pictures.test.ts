/**
 * The pictures of README and docs: each file shows what the sources draw and what the console shows today, can be read without
 * being seen, and stays small. No browser is needed.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { drawnPictures } from "../../../tools/pictures/drawn.ts";
import { compactPng, readNote } from "../../../tools/pictures/png.ts";
import { describeScreens } from "../../../tools/pictures/screens.ts";
import { HASH_MARK, hashOf, renderPicture, text } from "../../../tools/pictures/svg.ts";
import { drawTerminal } from "../../../tools/pictures/terminal.ts";

const FOLDER = new URL("../../../docs/pictures/", import.meta.url);
const RENEW = "This picture is stale: run npm run pictures, look at it, and commit it.";
const RENEW_BY_BROWSER = `${RENEW} It is taken in a Chromium: CHROMIUM_PATH names one.`;

const { notes, terminal } = await describeScreens();
const drawn = [...drawnPictures(), terminal];

describe.each(drawn.map((picture) => [picture.file, picture] as const))("docs/pictures/%s", (file, picture) => {
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
    expect(stored).not.toMatch(/<script|<image|<foreignObject|\s(?:xlink:)?href=|\ssrc=|url\(|@import|\son\w+=/i);
  });
});

describe.each([...notes])("docs/pictures/%s", (file, note) => {
  const url = new URL(file, FOLDER);
  const stored = existsSync(url) ? readFileSync(url) : undefined;

  test("was taken of what the console shows today", () => {
    expect(stored && readNote(stored), RENEW_BY_BROWSER).toBe(note);
  });

  test("has at most 120 kB and 1200 pixels of width", () => {
    expect(stored?.length).toBeLessThanOrEqual(120_000);
    expect(stored?.readUInt32BE(16)).toBeLessThanOrEqual(1200);
  });
});

test("docs/pictures has no other file", () => {
  const made = [...drawn.map(({ file }) => file), ...notes.keys()];
  expect(readdirSync(FOLDER).toSorted()).toEqual(made.toSorted());
});

test("text is text, also where it looks like markup", () => {
  expect(text(1, 2, `<script>"&`)).toBe('<text class="f-text" x="1" y="2">&lt;script&gt;&quot;&amp;</text>');
});

test("a terminal's lines keep their colours and their columns, and end at its edge", () => {
  const output = `  \u001b[32mSS\u001b[39m|<\n${"x".repeat(200)}\n`;
  const { body } = drawTerminal({ file: "", title: "", description: "", command: "ls", output });
  expect(body).toContain(
    '<tspan class="f-text">  </tspan><tspan class="f-signs">SS</tspan><tspan class="f-text">|&lt;',
  );
  expect(body).toContain(`<tspan class="f-text">${"x".repeat(115)}…</tspan>`);
});

test("a PNG keeps its note when it is made smaller, and anything else is no PNG", () => {
  const png = readFileSync(new URL("console-light.png", FOLDER));
  expect(readNote(png)).toMatch(new RegExp(`^${HASH_MARK}[0-9a-f]{64}$`));
  expect(() => readNote(Buffer.from("GIF89a"))).toThrow("not a PNG");
  expect(() => compactPng(png, "")).toThrow("not one of Chromium's");
});
