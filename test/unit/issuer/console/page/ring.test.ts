/** The ring's view in the page: it is asked for again while the page is visible, and a command is copied. */
import { parseHTML } from "linkedom";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { followRing } from "../../../../../issuer/console/page/ring.ts";

const PAGE = `<html><body><p id="state"></p><div id="ring"><button data-copy="sealgate ring rotate" aria-label="Copy">Copy</button></div></body></html>`;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

interface Opened {
  readonly text: (selector: string) => string | null | undefined;
  readonly click: () => Promise<void>;
  readonly pass: () => Promise<unknown>;
}

function open(answer: () => Promise<Response>, writeText: (text: string) => Promise<void>): Opened {
  const { document, Element, Event } = parseHTML(PAGE);
  Object.defineProperty(document, "visibilityState", { value: "visible" });
  Object.defineProperty(document, "getSelection", { value: () => ({ isCollapsed: true }) });
  vi.stubGlobal("Element", Element);
  vi.stubGlobal("fetch", answer);
  vi.stubGlobal("navigator", { clipboard: { writeText } });
  followRing(document);
  const pass = (): Promise<unknown> => vi.advanceTimersByTimeAsync(5000);
  return {
    text: (selector) => document.querySelector(selector)?.textContent,
    click: async () => {
      document.querySelector("button")?.dispatchEvent(new Event("click", { bubbles: true }));
      await vi.advanceTimersByTimeAsync(0);
    },
    pass,
  };
}

const NO_COPY = (): Promise<void> => Promise.reject(new Error("not asked for"));

test("shows at once what the console says, says when it is silent, and goes on when it is back", async () => {
  const answers = [
    () => Promise.resolve(new Response("<p>rev 1</p>")),
    () => Promise.reject(new TypeError("no connection")),
    () => Promise.resolve(new Response("<p>rev 2</p>")),
    () => Promise.resolve(new Response("refused", { status: 403 })),
  ];
  const page = open(() => answers.shift()?.() ?? Promise.reject(new Error("asked too often")), NO_COPY);
  await vi.advanceTimersByTimeAsync(0);
  expect(page.text("#ring")).toBe("rev 1");
  await page.pass();
  expect(page.text("#ring")).toBe("rev 1");
  expect(page.text("#state")).toContain("does not answer");
  await page.pass();
  expect(page.text("#ring")).toBe("rev 2");
  expect(page.text("#state")).toBe("");
  await page.pass();
  expect(page.text("#ring")).toBe("rev 2");
});

test("copies a command, and says whether that worked", async () => {
  const copied: string[] = [];
  const page = open(NO_COPY as never, async (text) => void copied.push(text));
  await page.click();
  expect(copied).toEqual(["sealgate ring rotate"]);
  expect(page.text("#state")).toBe("Copied.");
  const refused = open(NO_COPY as never, NO_COPY);
  await refused.click();
  expect(refused.text("#state")).toContain("mark the command");
});
