/**
 * `sealgate console` in a real browser, on a ring in the embedded KMS: what a person sees, in light and dark and on a narrow screen,
 * by keyboard, and what axe-core finds. Chromium is found by CHROMIUM_PATH or CHROMIUM, or where Debian installs it.
 */
import { existsSync } from "node:fs";
import axe from "axe-core";
import { chromium } from "playwright-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { startConsole } from "../../issuer/console/command.ts";
import type { HttpServer } from "../../issuer/http/server.ts";
import { createRingMemory } from "../../issuer/key-ring/index.ts";
import { createIssuer } from "../../issuer/issuer.ts";
import { createRingSource } from "../../issuer/key-ring/sign/ring-source.ts";
import { makeKey, signToken, TEST_ISSUER } from "../support/key-sets.ts";
import { startRingWorld } from "../support/ring-world.ts";
import type { RingWorld } from "../support/ring-world.ts";

const FOUND = [process.env["CHROMIUM_PATH"], process.env["CHROMIUM"], "/usr/bin/chromium"].find(
  (path) => path !== undefined && existsSync(path),
);

let browser: Browser | undefined;
beforeAll(async () => {
  if (FOUND !== undefined) browser = await chromium.launch({ executablePath: FOUND, args: ["--no-sandbox"] });
});
afterAll(() => browser?.close());

interface Opened {
  readonly world: RingWorld;
  readonly server: HttpServer;
  readonly page: Page;
  readonly context: BrowserContext;
  /** Every request of the page. */
  readonly requests: readonly string[];
  /** What the browser complained about: a refused style, an error in a script. */
  readonly complaints: readonly string[];
}

async function open(browser: Browser, options: Parameters<Browser["newContext"]>[0] = {}): Promise<Opened> {
  const world = await startRingWorld();
  await world.run({ request: { kind: "init" } });
  const interrupted = new AbortController();
  const server = await startConsole({
    context: {
      policy: world.policy,
      ports: world.ports,
      options: { policy: world.policy, memory: createRingMemory(), actor: "test" },
    },
    gateways: [],
    audience: AUDIENCE,
    port: 0,
    interrupted: interrupted.signal,
  });
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const [requests, complaints]: [string[], string[]] = [[], []];
  page.on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  onTestFinished(async () => {
    interrupted.abort();
    await context.close();
    await server.close();
  });
  await page.clock.install({ time: world.clock.epochMs() });
  await page.goto(server.url);
  await page.waitForURL(new URL("/", server.url).href);
  return { world, server, page, context, requests, complaints };
}

/** @returns rule and elements of what axe-core calls serious or critical */
async function seriousFindings(page: Page): Promise<unknown> {
  // By the debugger's way in, which the page's policy does not bind.
  const source = `${axe.source}; axe.run().then(({ violations }) => violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]))`;
  return page.evaluate(source);
}

const AUDIENCE = "https://api.example.com";

/** Of the page. */
const REFRESH_MS = 5000;

const MISSING = "no Chromium: set CHROMIUM_PATH to one";

test("the ring is on the page, stays current, and everything on it comes from the console", async (context) => {
  if (browser === undefined) return context.skip(MISSING);
  const { world, server, page, requests, complaints } = await open(browser);
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

test.for(["light", "dark"] as const)(
  "axe-core finds nothing serious in %s, also on a narrow screen",
  async (colorScheme, context) => {
    if (browser === undefined) return context.skip(MISSING);
    const { page } = await open(browser, { colorScheme, viewport: { width: 360, height: 740 } });
    expect(await seriousFindings(page)).toEqual([]);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    await page.setViewportSize({ width: 1600, height: 900 });
    expect(await seriousFindings(page)).toEqual([]);
  },
);

test("a command is copied by keyboard alone", async (context) => {
  if (browser === undefined) return context.skip(MISSING);
  const { page } = await open(browser, { permissions: ["clipboard-read", "clipboard-write"] });
  await page.getByRole("button", { name: "Copy: Let the pending key sign" }).focus();
  await page.keyboard.press("Enter");
  await page.getByText("Copied.").waitFor();
  expect(await page.evaluate("navigator.clipboard.readText()")).toBe("sealgate ring rotate --wait");
});

test("another browser and another web page get nothing", async (context) => {
  if (browser === undefined) return context.skip(MISSING);
  const { server } = await open(browser);
  const stranger = await browser.newContext();
  onTestFinished(() => stranger.close());
  const page = await stranger.newPage();
  expect((await page.goto(server.url))?.status()).toBe(403);
  expect(await page.content()).toContain("works once");
});

test("a token is checked in the page by the real verifier, against the ring and other keys, and goes nowhere", async (context) => {
  if (browser === undefined) return context.skip(MISSING);
  const { world, page, requests, complaints } = await open(browser);
  const now = world.now();
  const source = createRingSource(world.policy, { kms: world.kms.kms, clock: world.now });
  const issuer = createIssuer({ issuer: TEST_ISSUER, ring: source, maxTokenTtlSeconds: 3600, clock: world.now });
  const { token } = await issuer.sign({ sub: "user-1" }, { audience: AUDIENCE, ttlSeconds: 300 });
  const verdict = page.locator("#verdict");
  await page.getByLabel("Token", { exact: true }).fill(token);
  await verdict.getByText("Valid: every check has passed.").waitFor();
  await page
    .getByText(/in 5 min|in 4 min/)
    .first()
    .waitFor();
  // The same claims, signed by another key under the kid of the ring's.
  const forger = await makeKey("ES256");
  const claims = { iss: TEST_ISSUER, aud: AUDIENCE, iat: now, exp: now + 300 };
  const kid = (await world.document()).keys[0]?.kid ?? "";
  await page.getByLabel("Token", { exact: true }).fill(await signToken(claims, forger, { kid }));
  await verdict.getByText("Refused, signature_invalid: The token's signature does not hold.").waitFor();
  await page.getByText("✗ Signature: failed").waitFor();
  expect(await seriousFindings(page)).toEqual([]);
  // Another issuer's keys, and claims that look like a page.
  const hostile = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>\u202e`;
  await page.getByLabel(/^Other keys/).fill(JSON.stringify({ keys: [{ ...forger.jwk, kid: forger.kid }] }));
  await page.getByLabel("Token", { exact: true }).fill(await signToken({ ...claims, [hostile]: hostile }, forger));
  await verdict.getByText("Valid").waitFor();
  expect(await page.locator("#examined").textContent()).toContain("<script>document.title='owned'</script>\\u202e");
  expect(await page.locator("#examined img, #examined script").count()).toBe(0);
  expect(await page.title()).toBe("sealgate console");
  expect(
    requests.map((url) => new URL(url).pathname).filter((path) => !/^\/(?:|keys|ring|page\.(?:js|css))$/.test(path)),
  ).toEqual([]);
  expect(requests.filter((url) => url.includes(token.slice(-20)))).toEqual([]);
  expect(await page.evaluate("localStorage.length + sessionStorage.length")).toBe(0);
  expect(complaints).toEqual([]);
});
