/** The page around the console's views. Everything comes from the console itself: nothing is loaded from elsewhere. */
import { html } from "hono/html";
import type { Html } from "./html.ts";

/** What the token's form begins with; a person can type something else. */
export interface Expected {
  readonly issuer: string;
  readonly audience: string;
}

/** What the console was given besides the ring. */
export interface Given {
  readonly expected: Expected;
  /** A gateway's log. */
  readonly hasDecisions: boolean;
  /** A gateway's policy. */
  readonly hasRoutes: boolean;
}

/** At once, without the ring, which the page asks for: KMS and KV may be slow to answer. */
export function renderPage({ expected, hasDecisions, hasRoutes }: Given): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>sealgate console</title>
        <link rel="stylesheet" href="/page.css" />
        <script type="module" src="/page.js"></script>
      </head>
      <body>
        <a class="skip" href="#ring">Skip to the ring</a>
        <header>
          <h1>sealgate console</h1>
          <nav aria-label="Sections">
            <a href="#ring">Ring</a> <a href="#decisions">Decisions</a> <a href="#glass">Token</a>
          </nav>
          <p id="state" role="status"></p>
        </header>
        <main>
          <div id="ring" tabindex="-1"><p>KMS and KV are being read.</p></div>
          <section id="decisions" aria-labelledby="decisions-title">
            <h2 id="decisions-title">Decisions, live</h2>
            ${hasDecisions ? renderDecisions() : NO_DECISIONS}
          </section>
          ${renderGlass(expected, hasRoutes)}
        </main>
      </body>
    </html>`;
}

const NO_DECISIONS: Html = html`<p>
  No gateway’s log is at hand. Pipe it in:
  <code>npx wrangler tail --env production --format json | sealgate console --decisions -</code>
</p>`;

/** Rows, counts and sentences come by the page's module. */
function renderDecisions(): Html {
  const columns = ["time (UTC)", "decision", "status", "route", "code", "kid", "why"];
  return html`<p id="decisions-state" role="status"></p>
    <div class="tools">
      <label for="decisions-filter">Filter</label>
      <input
        id="decisions-filter"
        type="search"
        placeholder="refused /api signature"
        autocomplete="off"
        spellcheck="false"
      />
      <button type="button" id="decisions-pause" aria-pressed="false">Pause</button>
    </div>
    <ul id="decisions-counts" aria-label="Counts by code; a button shows that code only"></ul>
    <div class="scroll" role="region" aria-label="Decisions, newest first" tabindex="0">
      <table>
        <thead>
          <tr>
            ${columns.map((name) => html`<th scope="col">${name}</th>`)}
          </tr>
        </thead>
        <tbody id="decisions-rows"></tbody>
      </table>
    </div>`;
}

function renderGlass({ issuer, audience }: Expected, hasRoutes: boolean): Html {
  return html`<section id="glass" aria-labelledby="glass-title">
    <h2 id="glass-title">Token under the glass</h2>
    <p>
      The verifier that gateways run checks the token here, in this page. The token is not sent anywhere, and not
      stored.
      ${hasRoutes ? "" : html`With <code>--routes &lt;file&gt;</code> the page also says what a gateway would answer.`}
    </p>
    <label for="token">Token</label>
    <textarea id="token" rows="5" autocomplete="off" autocapitalize="off" spellcheck="false"></textarea>
    <label for="issuer">Expected issuer</label>
    <input id="issuer" value="${issuer}" autocomplete="off" spellcheck="false" />
    <label for="audience">Expected audience</label>
    <input id="audience" value="${audience}" autocomplete="off" spellcheck="false" />
    <label for="pasted"
      >Other keys than the ring’s: a JWK Set, or a PEM of a public key (60 s of leeway, a day of lifetime at
      most)</label
    >
    <textarea id="pasted" rows="3" autocomplete="off" autocapitalize="off" spellcheck="false"></textarea>
    ${hasRoutes ? renderRequest() : ""}
    <p id="verdict" role="status"></p>
    <div id="answer" role="status"></div>
    <div id="examined"></div>
  </section>`;
}

/** Methods that a browser lets a page write down. */
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

function renderRequest(): Html {
  return html`<fieldset>
    <legend>The request that brings it</legend>
    <div class="tools">
      <label for="method">Method</label>
      <select id="method">
        ${METHODS.map((method) => html`<option>${method}</option>`)}
      </select>
      <label for="path">Path</label>
      <input id="path" value="/api/orders" autocomplete="off" spellcheck="false" />
    </div>
  </fieldset>`;
}
