/** The form of the token under the glass: what is typed is examined in the page, shown, and neither sent nor kept anywhere. */
import { epochSecondsFromMs, parseAudience, parseIssuerUrl } from "../../../shared/identifiers.ts";
import { err } from "../../../shared/result.ts";
import type { Result } from "../../../shared/result.ts";
import { algOf, examine } from "./glass.ts";
import type { Examination, Member } from "./glass.ts";
import { trustPasted, trustRing } from "./trust.ts";

/** @param everyMs how often times are compared with the clock again */
export function followGlass(page: Document, everyMs: number = 1000): void {
  const form = page.querySelector("#glass");
  const [verdict, details] = [form?.querySelector("#verdict"), form?.querySelector("#examined")];
  if (!form || !verdict || !details) return;
  let latest = 0;
  let shown = "";

  async function look(): Promise<void> {
    const number = (latest += 1);
    const found = await examined(form);
    // What was typed meanwhile is examined by a later run.
    if (number !== latest) return;
    const text = found === undefined ? "" : found.ok ? found.value.verdict : found.error;
    if (verdict && verdict.textContent !== text) verdict.textContent = text;
    const now = JSON.stringify(found);
    if (now === shown) return;
    shown = now;
    verdict?.setAttribute("class", found === undefined || !found.ok ? "" : found.value.isValid ? "good" : "bad");
    details?.replaceChildren(...(found?.ok === true ? render(page, found.value) : []));
  }

  form.addEventListener("input", () => void look());
  setInterval(() => {
    if (page.visibilityState === "visible" && textOf(form, "#token") !== "") void look();
  }, everyMs);
}

/** @returns undefined while no token is there; a sentence when something else is missing */
async function examined(form: Element | null): Promise<Result<Examination, string> | undefined> {
  const token = textOf(form, "#token").replace(/^Bearer\s+/i, "");
  if (token === "") return undefined;
  const issuer = parseIssuerUrl(textOf(form, "#issuer"));
  if (!issuer.ok) return err("Type the issuer that you expect: an https URL.");
  const audience = parseAudience(textOf(form, "#audience"));
  if (audience === undefined) return err("Type the audience that you expect: what tokens for your API have as aud.");
  const now = epochSecondsFromMs(Date.now());
  const pasted = textOf(form, "#pasted");
  const trust = pasted === "" ? await trustRing(await ringKeys(), now) : await trustPasted(pasted, algOf(token));
  if (!trust.ok) return trust;
  return { ok: true, value: await examine(token, { issuer: issuer.value, audience }, trust.value, now) };
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
  const field = form?.querySelector<HTMLInputElement | HTMLTextAreaElement>(selector);
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
