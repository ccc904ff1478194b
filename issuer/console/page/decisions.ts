/** The gateway's decisions as they come: rows, newest first, with a filter and counts. All texts become text, never markup. */
import { isJsonObject } from "../../../shared/json.ts";
import { isDecision, MAX_DECISIONS } from "../../words/decision.ts";
import type { Decision } from "../../words/decision.ts";
import { toVisible } from "../../words/text.ts";
import { sentenceOf } from "./edge/sentences.ts";

/** Between two changes of the table: a gateway may decide faster than a browser draws. */
const DRAW_EVERY_MS = 250;

/** Between two sentences for a screen reader, which reads each one to its end. */
const SAY_EVERY_MS = 10_000;

interface Row {
  readonly decision: Decision;
  readonly element: Element;
  /** In lower case. */
  readonly text: string;
}

/** Where messages come from: an EventSource, or what a test has instead. */
export type Source = Pick<EventSource, "addEventListener">;

export interface DecisionTimes {
  readonly drawEveryMs: number;
  readonly sayEveryMs: number;
}

/** Does nothing on a page without a source of decisions. */
export function followDecisions(
  page: Document,
  open: () => Source,
  { drawEveryMs, sayEveryMs }: DecisionTimes = { drawEveryMs: DRAW_EVERY_MS, sayEveryMs: SAY_EVERY_MS },
): void {
  const body = page.querySelector("#decisions-rows");
  const counts = page.querySelector("#decisions-counts");
  const state = page.querySelector("#decisions-state");
  const filter = page.querySelector<HTMLInputElement>("#decisions-filter");
  const pause = page.querySelector("#decisions-pause");
  if (!body || !counts || !state || !filter || !pause) return;

  let rows: readonly Row[] = [];
  let waiting: readonly Decision[] = [];
  let missed = 0;
  let connection: "open" | "lost" | "over" = "open";
  const isPaused = (): boolean => pause.getAttribute("aria-pressed") === "true";

  function draw(): void {
    if (isPaused() || waiting.length === 0) return;
    const fresh = waiting.map((decision) => rowOf(page, decision));
    waiting = [];
    const kept = [...rows, ...fresh].slice(-MAX_DECISIONS);
    for (const { element } of [...rows, ...fresh].slice(0, -MAX_DECISIONS)) element.remove();
    for (const row of fresh.slice(-MAX_DECISIONS)) body?.prepend(row.element);
    const wasEmpty = rows.length === 0;
    rows = kept;
    sieve();
    if (wasEmpty) say();
  }

  function sieve(): void {
    const words = (filter?.value ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    for (const { element, text } of rows)
      element.toggleAttribute("hidden", !words.every((word) => text.includes(word)));
    drawCounts();
  }

  function drawCounts(): void {
    const known = Map.groupBy(rows, ({ decision }) => codeOf(decision));
    const codes = [...known.keys()].toSorted();
    const shown = [...(counts?.querySelectorAll("button") ?? [])];
    for (const button of shown) if (!known.has(button.value)) button.parentElement?.remove();
    for (const [index, code] of codes.entries()) {
      const button = shown.find(({ value }) => value === code) ?? addCount(code, index);
      const text = `${toVisible(code)} ${String(known.get(code)?.length ?? 0)}`;
      if (button.textContent !== text) button.textContent = text;
      button.setAttribute("aria-pressed", String(filter?.value === code));
    }
  }

  function addCount(code: string, index: number): HTMLButtonElement {
    const [item, button] = [page.createElement("li"), page.createElement("button")];
    [button.type, button.value] = ["button", code];
    button.addEventListener("click", () => {
      if (filter) filter.value = filter.value === code ? "" : code;
      sieve();
    });
    item.append(button);
    counts?.insertBefore(item, counts.children[index] ?? null);
    return button;
  }

  function say(): void {
    const text = describe();
    if (state && state.textContent !== text) state.textContent = text;
  }

  function describe(): string {
    const refused = rows.filter(({ decision: { status } }) => status >= 400).length;
    const all = rows.length === 0 ? "No decision yet" : `${rows.length} decisions, ${refused} refused or failed`;
    const more = isPaused() ? `, paused, ${waiting.length} more since` : "";
    const lost = missed === 0 ? "" : `, ${missed} others not kept`;
    const end = { open: "", lost: ", no connection to the console", over: ", and the gateway's log has ended" };
    return `${all}${more}${lost}${end[connection]}.`;
  }

  const source = open();
  source.addEventListener("message", (message) => {
    const { decisions, missed: more, isOver } = read(message.data);
    const all = [...waiting, ...decisions];
    waiting = all.slice(-MAX_DECISIONS);
    missed += more + all.length - waiting.length;
    const next = isOver ? "over" : "open";
    if (connection === next) return;
    connection = next;
    say();
  });
  source.addEventListener("error", () => {
    connection = "lost";
    say();
  });
  pause.addEventListener("click", () => {
    pause.setAttribute("aria-pressed", String(!isPaused()));
    draw();
    say();
  });
  filter.addEventListener("input", sieve);
  setInterval(draw, drawEveryMs);
  setInterval(say, sayEveryMs);
  say();
}

/** What a decision is counted by. */
function codeOf({ reason, code, decision }: Decision): string {
  return reason || code || decision;
}

interface News {
  readonly decisions: readonly Decision[];
  readonly missed: number;
  readonly isOver: boolean;
}

function read(data: unknown): News {
  const value: unknown = typeof data === "string" ? JSON.parse(data) : undefined;
  if (!isJsonObject(value) || !Array.isArray(value["decisions"])) return { decisions: [], missed: 0, isOver: false };
  const { decisions, missed, isOver } = value;
  return {
    decisions: Array.isArray(decisions) ? decisions.filter(isDecision) : [],
    missed: typeof missed === "number" ? missed : 0,
    isOver: isOver === true,
  };
}

const MARKS: Readonly<Record<string, string>> = { forwarded: "✓", answered: "✓", refused: "✗", failed: "!" };

function rowOf(page: Document, decision: Decision): Row {
  const { atMs, status, method, route, kid, isReportOnly, evidence } = decision;
  const element = page.createElement("tr");
  element.className = status >= 400 ? "refused" : "admitted";
  const code = codeOf(decision);
  const reported = isReportOnly ? "The rule only reports, so it was forwarded. " : "";
  const cells = [
    new Date(atMs).toISOString().slice(11, 19),
    `${MARKS[decision.decision] ?? ""} ${decision.decision}`.trim(),
    String(status),
    `${method} ${route || "(no rule)"}`,
    code === decision.decision ? "" : code,
    kid,
    `${reported}${sentenceOf(decision.reason || decision.code)} ${evidence}`.trim(),
  ];
  for (const text of cells) {
    const cell = page.createElement("td");
    cell.textContent = toVisible(text);
    // There is no room for all of it: its beginning tells keys apart.
    if (text === kid && kid !== "") cell.setAttribute("title", toVisible(kid));
    element.append(cell);
  }
  return { decision, element, text: `${cells.join(" ")} ${decision.code} ${decision.requestId}`.toLowerCase() };
}
