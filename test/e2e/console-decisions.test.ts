/** A gateway's decisions in a real browser: they come by themselves, are filtered and paused, and stay text whatever they say. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDecisionLog } from "../../issuer/console/decision-log.ts";
import type { DecisionLog } from "../../issuer/console/decision-log.ts";
import { toDecision } from "../../issuer/words/decision.ts";
import { launchChromium, NO_CHROMIUM } from "../support/browser.ts";
import { keepPictures, openConsole, seriousFindings } from "../support/console-page.ts";
import { given } from "../support/values.ts";

let browser: Browser | undefined;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

const PATIENT = { timeout: 60_000 };

const HOSTILE = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>\u202e`;

const FORGED = {
  event: "request",
  decision: "refused",
  status: 401,
  method: "GET",
  route: "/api/*",
  code: "invalid_token",
};

function say(log: DecisionLog, event: object): void {
  log.add(given(toDecision({ ...FORGED, ...event }, 1_795_827_899_000)));
}

test("decisions come as they are made, say why, and can be filtered and paused by keyboard", async (context) => {
  if (browser === undefined) return context.skip(NO_CHROMIUM);
  const decisions = createDecisionLog();
  const { page, complaints } = await openConsole(browser, {
    decisions,
    browser: { viewport: { width: 360, height: 740 } },
  });
  const rows = page.locator("#decisions-rows tr:not([hidden])");
  const drawn = (): Promise<void> => page.clock.runFor(300);
  await page.getByText("No decision yet.").waitFor();
  say(decisions, { refusal: { code: "signature_invalid" } });
  say(decisions, { decision: "forwarded", status: 200, code: undefined, kid: "key-1" });
  say(decisions, { status: 403, code: "insufficient_scope", refusal: { code: "scope_missing", scope: ["admin"] } });
  await expect.poll(async () => (await drawn(), rows.count()), PATIENT).toBe(3);
  expect(await rows.first().textContent()).toContain(`lacks a scope that the rule requires. {"scope":["admin"]}`);
  await page.getByText("it was changed, or forged without the private key").waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
  await page.setViewportSize({ width: 1200, height: 900 });
  await keepPictures(page, "decisions");
  await page.getByRole("button", { name: "signature_invalid 1" }).press("Enter");
  expect(await rows.count()).toBe(1);
  await page.getByRole("button", { name: "signature_invalid 1" }).press("Enter");
  await page.getByLabel("Filter").fill("403 scope");
  expect(await rows.count()).toBe(1);
  await page.getByLabel("Filter").fill("");
  await page.getByRole("button", { name: "Pause" }).press("Space");
  say(decisions, { refusal: { code: "token_expired" } });
  await expect
    .poll(async () => (await page.clock.runFor(11_000), page.textContent("#decisions-state")), PATIENT)
    .toContain("paused, 1 more since");
  expect(await rows.count()).toBe(3);
  await page.getByRole("button", { name: "Pause" }).press("Space");
  expect(await rows.count()).toBe(4);
  expect(complaints).toEqual([]);
});

test("what a stranger has brought into a log stays text, and of many decisions the latest are kept", async (context) => {
  if (browser === undefined) return context.skip(NO_CHROMIUM);
  const decisions = createDecisionLog();
  const { page, complaints } = await openConsole(browser, { decisions });
  for (let index = 0; index < 600; index += 1)
    say(decisions, { requestId: `r${index}`, refusal: { code: "token_expired" } });
  say(decisions, { route: HOSTILE, kid: HOSTILE, refusal: { code: HOSTILE, iss: HOSTILE } });
  const rows = page.locator("#decisions-rows tr");
  await expect
    .poll(async () => (await page.clock.runFor(300), rows.first().textContent()), PATIENT)
    .toContain("<script>");
  expect(await rows.count()).toBe(500);
  const shown = (await page.textContent("#decisions")) ?? "";
  expect(shown).toContain("\\u202e");
  expect(shown).not.toContain("\u202e");
  expect(await page.locator("#decisions img, #decisions script").count()).toBe(0);
  expect(await page.title()).toBe("sealgate console");
  expect(complaints).toEqual([]);
});
