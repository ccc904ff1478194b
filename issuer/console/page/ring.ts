/** The ring's view stays current, and its commands can be copied. */

const REFRESH_MS = 5000;

/** Asks the console again while the page is visible. The console wrote the HTML and has escaped every text in it. */
export function followRing(page: Document, everyMs: number = REFRESH_MS): void {
  const ring = page.querySelector("#ring");
  const state = page.querySelector("#state");
  if (ring === null || state === null) return;
  page.addEventListener("click", ({ target }) => {
    const text = target instanceof Element ? target.closest("[data-copy]")?.getAttribute("data-copy") : undefined;
    if (typeof text === "string") void copy(text, state);
  });
  void refresh(page, ring, state);
  setInterval(() => {
    // What a reader has marked is not taken away.
    if (page.visibilityState === "visible" && page.getSelection()?.isCollapsed !== false)
      void refresh(page, ring, state);
  }, everyMs);
}

async function refresh(page: Document, ring: Element, state: Element): Promise<void> {
  try {
    const response = await fetch("/ring");
    if (!response.ok) throw new Error("refused");
    const focused = focusedIn(page, ring);
    ring.innerHTML = await response.text();
    if (focused !== undefined) [...ring.querySelectorAll<HTMLElement>("[tabindex], button")].find(focused)?.focus();
    if (state.textContent === SILENT) say(state, "");
  } catch {
    say(state, SILENT);
  }
}

const SILENT = "The console does not answer: was the command stopped?";

/** Finds what has the focus now in the HTML that comes next. */
function focusedIn(page: Document, ring: Element): ((element: Element) => boolean) | undefined {
  const { activeElement } = page;
  if (activeElement === null || activeElement === ring || !ring.contains(activeElement)) return undefined;
  const label = activeElement.getAttribute("aria-label");
  return (element) => element.getAttribute("aria-label") === label;
}

async function copy(text: string, state: Element): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(state, "Copied.");
  } catch {
    say(state, "The browser did not let the page copy: mark the command and copy it.");
  }
}

/** A live region: screen readers say it. */
function say(state: Element, text: string): void {
  if (state.textContent !== text) state.textContent = text;
}
