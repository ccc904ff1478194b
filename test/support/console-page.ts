/** `sealgate console` on a ring in the embedded KMS, opened in a real browser; and what axe-core and a camera make of it. */
import axe from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { onTestFinished } from "vitest";
import { startConsole } from "../../issuer/console/command.ts";
import type { StartConsoleOptions } from "../../issuer/console/command.ts";
import type { HttpServer } from "../../issuer/http/server.ts";
import { createRingMemory } from "../../issuer/key-ring/index.ts";
import type { RingPorts } from "../../issuer/key-ring/index.ts";
import { startRingWorld } from "./ring-world.ts";
import type { RingWorld } from "./ring-world.ts";

export const CONSOLE_AUDIENCE = "https://api.example.com";

export interface OpenedConsole {
  readonly world: RingWorld;
  readonly server: HttpServer;
  readonly page: Page;
  readonly context: BrowserContext;
  /** Every request of the page. */
  readonly requests: readonly string[];
  /** What the browser complained about: a refused style, an error in a script. */
  readonly complaints: readonly string[];
}

export interface OpenOptions extends Partial<Pick<StartConsoleOptions, "decisions" | "gateways" | "routes">> {
  readonly browser?: Parameters<Browser["newContext"]>[0];
  /** A ring that has been begun; a new one if left out. */
  readonly world?: RingWorld;
  /** Where its taken-back tokens are. */
  readonly revocations?: RingPorts["revocations"];
}

/** Closed with the test. The page's clock is the ring's, and stands until it is moved. */
export async function openConsole(browser: Browser, options: OpenOptions = {}): Promise<OpenedConsole> {
  const world = options.world ?? (await newRing());
  const interrupted = new AbortController();
  const server = await startConsole({
    context: {
      policy: world.policy,
      ports: { ...world.ports, revocations: options.revocations },
      options: { policy: world.policy, memory: createRingMemory(), actor: "test" },
    },
    gateways: options.gateways ?? [],
    audience: CONSOLE_AUDIENCE,
    routes: options.routes,
    decisions: options.decisions,
    port: 0,
    interrupted: interrupted.signal,
  });
  const context = await browser.newContext(options.browser);
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

async function newRing(): Promise<RingWorld> {
  const world = await startRingWorld();
  await world.run({ request: { kind: "init" } });
  return world;
}

/** @returns rule and elements of what axe-core calls serious or critical, in the light and in the dark */
export async function seriousFindings(page: Page): Promise<readonly unknown[]> {
  // By the debugger's way in, which the page's policy does not bind.
  const source = `${axe.source}; axe.run().then(({ violations }) => violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)]))`;
  const found: unknown[] = [];
  for (const colorScheme of THEMES) {
    await page.emulateMedia({ colorScheme });
    found.push(await page.evaluate(source));
  }
  return found.flat();
}

/** For a person who looks at the run afterwards: `reports/` is not kept in the repository. */
export async function keepPictures(page: Page, name: string): Promise<void> {
  for (const colorScheme of THEMES) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `reports/console/${name}-${colorScheme}.png`, fullPage: true });
  }
}

const THEMES = ["light", "dark"] as const;
