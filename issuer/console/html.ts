/** Pieces of HTML that several views share. Pure. */
import { html } from "hono/html";
import { toVisible } from "../words/text.ts";

/** A piece of HTML, in which every text was escaped. */
export type Html = ReturnType<typeof html>;

/** What is shown when something could not be read, or is wrong. */
export function renderFault(code: string, message: string): Html {
  return html`<p class="problem" role="alert"><b>${toVisible(code)}</b>: ${toVisible(message)}</p>`;
}
