/**
 * The form of the token under the glass: what is typed is examined in the page, shown, and neither sent nor kept anywhere. With a
 * gateway's policy, the page says what the gateway would answer as well.
 */
import { epochSecondsFromMs, parseAudience, parseIssuerUrl } from "../../../shared/identifiers.ts";
import { err, ok } from "../../../shared/result.ts";
import type { Result } from "../../../shared/result.ts";
import { askGateway } from "./edge/gateway.ts";
import type { EdgeAnswer } from "./edge/gateway.ts";
import { algOf, examine } from "./glass.ts";
import type { Examination, Member } from "./glass.ts";
import { toVisible } from "../../words/text.ts";
import { readRingFacts } from "./ring-facts.ts";
import { trustPasted, trustRing } from "./trust.ts";

/** @param everyMs how often times are compared with the clock again */
export function followGlass(page: Document, everyMs: number = 1000): void {
  const form = page.querySelector("#glass");
  const [verdict, details] = [form?.querySelector("#verdict"), form?.querySelector("#examined")];
  const answer = form?.querySelector("#answer");
  if (!form || !verdict || !details || !answer) return;
  let latest = 0;
  let shown = "";

  async function look(): Promise<void> {
    const number = (latest += 1);
    const { examination: found, answered } = await examined(form);
    // What was typed meanwhile is examined by a later run.
    if (number !== latest) return;
    const text = found === undefined ? "" : found.ok ? found.value.verdict : found.error;
    if (verdict && verdict.textContent !== text) verdict.textContent = text;
    const now = JSON.stringify([found, answered]);
    if (now === shown) return;
    shown = now;
    answer?.replaceChildren(...(answered === undefined ? [] : renderAnswer(page, answered)));
    verdict?.setAttribute("class", found === undefined || !found.ok ? "" : found.value.isValid ? "good" : "bad");
    details?.replaceChildren(...(found?.ok === true ? render(page, found.value) : []));
  }

  form.addEventListener("input", () => void look());
  setInterval(() => {
    if (page.visibilityState === "visible" && textOf(form, "#token") !== "") void look();
  }, everyMs);
}

interface Examined {
  /** Undefined while no token is there; a sentence when something else is missing. */
  readonly examination: Result<Examination, string> | undefined;
  /** Undefined when no gateway can be asked. */
  readonly answered: EdgeAnswer | undefined;
}

async function examined(form: Element | null): Promise<Examined> {
  const only = (examination: Examined["examination"]): Examined => ({ examination, answered: undefined });
  const token = textOf(form, "#token").replace(/^Bearer\s+/i, "");
  if (token === "") return only(undefined);
  const issuer = parseIssuerUrl(textOf(form, "#issuer"));
  if (!issuer.ok) return only(err("Type the issuer that you expect: an https URL."));
  const audience = parseAudience(textOf(form, "#audience"));
  if (audience === undefined)
    return only(err("Type the audience that you expect: what tokens for your API have as aud."));
  const now = epochSecondsFromMs(Date.now());
  const expected = { issuer: issuer.value, audience };
  const pasted = textOf(form, "#pasted");
  if (pasted !== "") {
    const trust = await trustPasted(pasted, algOf(token));
    return only(trust.ok ? ok(await examine(token, expected, trust.value, now)) : trust);
  }
  const facts = readRingFacts(await ringKeys());
  if (!facts.ok) return only(facts);
  const trust = await trustRing(facts.value, now);
  if (!trust.ok) return only(trust);
  const examination = ok(await examine(token, expected, trust.value, now));
  if (facts.value.routes === undefined) return only(examination);
  const [method, path] = [textOf(form, "#method"), textOf(form, "#path")];
  const answered = await askGateway({ facts: facts.value, audience, method, path, token }, Date.now);
  return { examination, answered };
}

/** Asks for the keys at most every 5 s: the request says nothing of the token. */
let held: { readonly atMs: number; readonly keys: Promise<unknown> } | undefined;

function ringKeys(): Promise<unknown> {
  if (held === undefined || Math.abs(Date.now() - held.atMs) > 5000) held = { atMs: Date.now(), keys: askForKeys() };
  return held.keys;
}

async function askForKeys(): Promise<unknown> {
  try {
    const response = await fetch("/keys");
    return response.ok ? await response.json() : undefined;
  } catch {
    return undefined;
  }
}

function textOf(form: Element | null, selector: string): string {
  const field = form?.querySelector<HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>(selector);
  return field?.value.trim() ?? "";
}

const MARKS = { passed: "✓", failed: "✗", "not made": "–" } as const;

function render(page: Document, { checks, header, claims }: Examination): readonly Element[] {
  const list = page.createElement("ol");
  list.className = "checks";
  for (const { title, result } of checks) {
    const item = page.createElement("li");
    item.className = result.replace(" ", "-");
    item.textContent = `${MARKS[result]} ${title}: ${result}`;
    list.append(item);
  }
  return [list, ...renderMembers(page, "Header", header), ...renderMembers(page, "Claims", claims)];
}

function renderAnswer(page: Document, { verdict, isForwarded, rule, headers }: EdgeAnswer): readonly Element[] {
  const [title, said] = [page.createElement("h3"), page.createElement("p")];
  title.textContent = "What a gateway answers";
  said.className = isForwarded ? "good" : "bad";
  said.textContent = `${isForwarded ? MARKS.passed : MARKS.failed} ${verdict}`;
  const members = headers.map(([name, value]) => ({ name, value: toVisible(value), note: "" }));
  const which = { name: "Rule", value: rule === "" ? "none" : rule, note: "" };
  return [
    title,
    said,
    ...renderMembers(page, isForwarded ? "What the origin gets" : "What the client gets", [which, ...members]),
  ];
}

/** By textContent alone: what a token says is shown as text, also when it looks like markup. */
function renderMembers(page: Document, title: string, members: readonly Member[]): readonly Element[] {
  const heading = page.createElement("h3");
  heading.textContent = title;
  const list = page.createElement("dl");
  for (const { name, value, note } of members) {
    const [term, detail] = [page.createElement("dt"), page.createElement("dd")];
    term.textContent = name;
    detail.textContent = note === "" ? value : `${value} (${note})`;
    list.append(term, detail);
  }
  return members.length === 0 ? [] : [heading, list];
}
