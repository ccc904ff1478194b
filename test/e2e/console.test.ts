/**
 * `sealgate console` in a real browser: the ring as a person sees it, in light and dark and on a narrow screen, by keyboard, and what
 * axe-core finds.
 */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { launchChromium, NO_CHROMIUM } from "../support/browser.ts";
import { keepPictures, openConsole, seriousFindings } from "../support/console-page.ts";

let browser: Browser | undefined;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

/** Of the page. */
const REFRESH_MS = 5000;

test("the ring is on the page, stays current, and everything on it comes from the console", async (context) => {
  if (browser === undefined) return context.skip(NO_CHROMIUM);
  const { world, server, page, requests, complaints } = await openConsole(browser);
  await page.getByRole("img", { name: /^Generation 1, now signs/ }).waitFor();
  await page.getByRole("heading", { name: "What comes next" }).waitFor();
  expect(
    await page
      .locator("rect.signs")
      .first()
      .evaluate((rect) => rect.getBoundingClientRect().width > 50),
  ).toBe(true);
  world.pass(260);
  await world.run();
  world.pass(4000);
  await page.clock.fastForward(REFRESH_MS);
  await page.getByRole("img", { name: /^Generation 2, now safe to sign/ }).waitFor();
  await world.run({ request: { kind: "rotate", from: 1 } });
  await page.clock.fastForward(REFRESH_MS);
  await page.getByRole("img", { name: /^Generation 1, now retiring/ }).waitFor();
  expect(new Set(requests.map((url) => new URL(url).origin))).toEqual(new Set([new URL(server.url).origin]));
  expect(complaints).toEqual([]);
});

test("axe-core finds nothing serious in either theme, also on a narrow screen", async (context) => {
  if (browser === undefined) return context.skip(NO_CHROMIUM);
  const { page } = await openConsole(browser, { browser: { viewport: { width: 360, height: 740 } } });
  expect(await seriousFindings(page)).toEqual([]);
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
  await keepPictures(page, "ring-narrow");
  await page.setViewportSize({ width: 1600, height: 900 });
  expect(await seriousFindings(page)).toEqual([]);
  await keepPictures(page, "ring");
});

test("a command is copied by keyboard alone", async (context) => {
  if (browser === undefined) return context.skip(NO_CHROMIUM);
  const { page } = await openConsole(browser, { browser: { permissions: ["clipboard-read", "clipboard-write"] } });
  await page.getByRole("button", { name: "Copy: Let the pending key sign" }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("Copied.").waitFor();
  expect(await page.evaluate("navigator.clipboard.readText()")).toBe("sealgate ring rotate --wait");
});

test("another browser and another web page get nothing", async (context) => {
  if (browser === undefined) return context.skip(NO_CHROMIUM);
  const { server } = await openConsole(browser);
  const stranger = await browser.newContext();
  onTestFinished(() => stranger.close());
  const page = await stranger.newPage();
  expect((await page.goto(server.url))?.status()).toBe(403);
  expect(await page.content()).toContain("works once");
});
