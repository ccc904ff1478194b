/** The console's pictures: what each shows, its hash, and how it is taken. The hash needs no browser, so that a test can ask for it. */
import { createHash } from "node:crypto";
import { styleText } from "node:util";
import { parseHTML } from "linkedom";
import type { Browser, Page } from "playwright-core";
import { askFor, readRing } from "../../issuer/cli/ring/status.ts";
import { renderStatus } from "../../issuer/cli/ring/status-text.ts";
import { renderTimeLine } from "../../issuer/cli/ring/time-line-text.ts";
import type { Paint } from "../../issuer/cli/ring/time-line-text.ts";
import { askGateway } from "../../issuer/console/page/edge/gateway.ts";
import type { EdgeAnswer } from "../../issuer/console/page/edge/gateway.ts";
import { sentenceOf } from "../../issuer/console/page/edge/sentences.ts";
import { examine } from "../../issuer/console/page/glass.ts";
import type { Examination } from "../../issuer/console/page/glass.ts";
import { readRingFacts } from "../../issuer/console/page/ring-facts.ts";
import { trustRing } from "../../issuer/console/page/trust.ts";
import { STYLES } from "../../issuer/console/styles.ts";
import { timeLineOf } from "../../issuer/console/time-line.ts";
import { createRingMemory } from "../../issuer/key-ring/index.ts";
import { observeListStatus } from "../../issuer/key-ring/revocations/list-status.ts";
import { audienceOf, given, valueOf } from "../../test/support/values.ts";
import { compactPng } from "./png.ts";
import { AUDIENCE, startScene } from "./scene.ts";
import type { Scene, Stage } from "./scene.ts";
import { HASH_MARK, hashOf } from "./svg.ts";
import type { Picture } from "./svg.ts";
import { drawTerminal } from "./terminal.ts";

export interface Screen {
  /** In docs/pictures/. */
  readonly file: string;
  readonly stage: Stage;
  readonly colorScheme: "light" | "dark";
  /** The elements that it shows, by CSS selector, from the first to the last. */
  readonly parts: readonly string[];
  /** A changed token is in the form. */
  readonly hasToken?: boolean;
}

const RING = ["header", ".lead", "section[aria-labelledby=time-line]", "section[aria-labelledby=next]"];
const TIME_LINE = ["section[aria-labelledby=time-line]"];

/** In the order of their stages. */
export const SCREENS: readonly Screen[] = [
  { file: "rotation-1-listed.png", stage: "listed", colorScheme: "light", parts: TIME_LINE },
  { file: "rotation-2-safe.png", stage: "safe", colorScheme: "light", parts: TIME_LINE },
  { file: "rotation-3-rotated.png", stage: "rotated", colorScheme: "light", parts: TIME_LINE },
  { file: "console-light.png", stage: "rotated", colorScheme: "light", parts: RING },
  { file: "console-dark.png", stage: "rotated", colorScheme: "dark", parts: RING },
  { file: "console-decisions.png", stage: "rotated", colorScheme: "light", parts: ["#decisions"] },
  { file: "console-token.png", stage: "rotated", colorScheme: "light", parts: ["#glass"], hasToken: true },
  { file: "rotation-4-gone.png", stage: "gone", colorScheme: "light", parts: TIME_LINE },
];

/** What can be said of the console's pictures without a browser. */
export interface Described {
  /** By file, what it carries. */
  readonly notes: ReadonlyMap<string, string>;
  /** `ring status` of the same ring. */
  readonly terminal: Picture;
}

export async function describeScreens(): Promise<Described> {
  const notes = new Map<string, string>();
  let terminal: Picture | undefined;
  const scene = await startScene();
  try {
    const cookie = (await fetch(scene.url)).headers.get("set-cookie")?.split(";")[0] ?? "";
    const read = async (path: string): Promise<string> =>
      (await fetch(new URL(path, scene.url), { headers: { cookie } })).text();
    await walk(scene, async (screen) => {
      notes.set(screen.file, await noteOf(screen, scene, read));
      if (screen.stage === "rotated") terminal ??= await drawStatus(scene);
    });
  } finally {
    await scene.close();
  }
  return { notes, terminal: given(terminal) };
}

/** @returns by file, its bytes, with the notes that {@link describeScreens} gives */
export async function takeScreens(browser: Browser, notes: Described["notes"]): Promise<ReadonlyMap<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const scene = await startScene();
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
  try {
    const page = await context.newPage();
    await page.goto(scene.url);
    await walk(scene, async (screen) => {
      files.set(screen.file, compactPng(await shoot(page, screen, scene), given(notes.get(screen.file))));
    });
  } finally {
    await context.close();
    await scene.close();
  }
  return files;
}

async function walk(scene: Scene, visit: (screen: Screen) => Promise<void>): Promise<void> {
  let stage: Stage | undefined;
  for (const screen of SCREENS) {
    if (screen.stage !== stage) await scene.passTo(screen.stage);
    stage = screen.stage;
    await visit(screen);
  }
}

async function shoot(page: Page, screen: Screen, scene: Scene): Promise<Buffer> {
  await page.emulateMedia({ colorScheme: screen.colorScheme });
  await page.clock.setFixedTime(scene.ring.clock.epochMs());
  await page.goto(new URL("/", scene.url).href);
  await page.locator(".lead").waitFor();
  if (screen.parts.includes("#decisions"))
    await page
      .locator("#decisions-rows tr")
      .nth(scene.decided.length - 1)
      .waitFor();
  if (screen.hasToken === true) {
    await page.getByLabel("Token", { exact: true }).fill(await scene.changedToken());
    await page.locator("#verdict.bad").waitFor();
    await page.getByLabel("Token", { exact: true }).blur();
  }
  await page.evaluate("scrollTo(0, 0)");
  return page.screenshot({ fullPage: true, clip: await placeOf(page, screen.parts) });
}

/** Around all parts. */
async function placeOf(page: Page, parts: readonly string[]): Promise<Rectangle> {
  const boxes = await Promise.all(parts.map((part) => page.locator(part).boundingBox()));
  const found = boxes.filter((box) => box !== null);
  if (found.length < parts.length) throw new Error(`The console's page has no ${parts.join(" or no ")}.`);
  const [x, y] = [Math.min(...found.map((box) => box.x)), Math.min(...found.map((box) => box.y))];
  const right = Math.max(...found.map((box) => box.x + box.width));
  const bottom = Math.max(...found.map((box) => box.y + box.height));
  const top = Math.max(0, y - SPACE);
  return { x: x - SPACE, y: top, width: right - x + 2 * SPACE, height: bottom - top + SPACE };
}

type Rectangle = NonNullable<Awaited<ReturnType<ReturnType<Page["locator"]>["boundingBox"]>>>;

const SPACE = 16;

/** Everything that is shown: the page's HTML as the console sends it, its styles, and what the page's own code adds. */
async function noteOf(screen: Screen, scene: Scene, read: (path: string) => Promise<string>): Promise<string> {
  const { document } = parseHTML(await read("/"));
  // The page asks for the ring when it is there.
  given(document.querySelector("#ring") ?? undefined).innerHTML = await read("/ring");
  const html = screen.parts.map((part) => {
    const element = document.querySelector(part);
    if (element === null) throw new Error(`The console's page has no ${part}.`);
    return element.outerHTML;
  });
  const decisions = screen.parts.includes("#decisions")
    ? scene.decided.map((decision) => [decision, sentenceOf(decision.reason)])
    : [];
  const examined = screen.hasToken === true ? await examineIn(scene, await read("/keys")) : undefined;
  return HASH_MARK + hashOf(withFixedNames(JSON.stringify([screen, STYLES, html, decisions, examined])));
}

/** What the page says of the changed token, and what it says that a gateway would answer. */
async function examineIn(scene: Scene, keys: string): Promise<readonly [Examination, EdgeAnswer]> {
  const { ring } = scene;
  const [token, facts] = [await scene.changedToken(), valueOf(readRingFacts(JSON.parse(keys)))];
  const trust = valueOf(await trustRing(facts, ring.now()));
  const expected = { issuer: ring.policy.issuer, audience: audienceOf(AUDIENCE) };
  const question = { facts, audience: AUDIENCE, method: "GET", path: "/api/orders", token };
  return [await examine(token, expected, trust, ring.now()), await askGateway(question, () => ring.clock.epochMs())];
}

async function drawStatus({ ring, gateway }: Scene): Promise<Picture> {
  const options = { policy: ring.policy, memory: createRingMemory(), actor: "pictures" };
  const { state, plan } = await readRing({ policy: ring.policy, ports: ring.ports, options });
  const list = await observeListStatus(ring.ports, { ...state, timing: state.timing.largest });
  const answer = await askFor(gateway, state, { interrupted: new AbortController().signal }, ring.now);
  const paint: Paint = (style, words) => styleText(style, words, { validateStream: false });
  const status =
    renderStatus({ state, plan, list, gateway: answer }) + renderTimeLine(timeLineOf(state, plan.upcoming), paint);
  return drawTerminal({
    file: "ring-status.svg",
    title: "sealgate ring status",
    description:
      "A table of three generations: the first is retiring, the second is active, the third is pending. Below it what comes next with its " +
      "times, what KV holds, what the ring costs, what the gateway serves, and a time line with a bar of letters for each generation.",
    command: `sealgate ring status --gateway ${AUDIENCE}`,
    output: withFixedNames(status),
  });
}

/** Keys, and what is named by them or at random, are others in each run: they get names by the order in which they come. */
function withFixedNames(shown: string): string {
  const names = new Map<string, string>();
  const nameOf = (found: string, shape: (hash: Buffer) => string): string => {
    const name = names.get(found) ?? shape(createHash("sha256").update(`name ${names.size}`).digest());
    names.set(found, name);
    return name;
  };
  return shown
    .replaceAll(/(?<![\w-])[\w-]{43}(?![\w-])/g, (kid) => nameOf(kid, (hash) => hash.toString("base64url")))
    .replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, (id) =>
      nameOf(id, (hash) => hash.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*/, "$1-$2-$3-$4-$5")),
    )
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:8787");
}
