/** Taking back a token, seen in a real browser: it is written, and then it is in the list. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchChromium, NO_CHROMIUM } from "../support/browser.ts";
import { keepPictures, openConsole, seriousFindings } from "../support/console-page.ts";
import { startRevocationWorld } from "../support/revocation-world.ts";

let browser: Browser | undefined;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

test("a token that is taken back is shown as soon as it is written, and then as listed", async (context) => {
  if (browser === undefined) return context.skip(NO_CHROMIUM);
  const revocationWorld = await startRevocationWorld();
  const { ring, store, publisher, revocations } = revocationWorld;
  await revocationWorld.run();
  await revocations.revokeToken({ jti: "stolen", expiresAt: ring.now() + 300 });
  const { page, complaints } = await openConsole(browser, {
    world: ring,
    revocations: { store, publisher },
    browser: { viewport: { width: 360, height: 740 } },
  });
  const view = page.locator("section[aria-labelledby=revocations]");
  const row = view.getByRole("row", { name: "one token (jti)" });
  await row.getByText("not yet").waitFor();
  ring.pass(60);
  await revocationWorld.run();
  await page.clock.fastForward(5000);
  await row.getByText("yes").waitFor();
  expect(await view.textContent()).toMatch(/1 token, 0 sessions, 0 subjects/);
  expect(await seriousFindings(page)).toEqual([]);
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
  await page.setViewportSize({ width: 1200, height: 900 });
  await keepPictures(page, "revocations");
  expect(complaints).toEqual([]);
});
