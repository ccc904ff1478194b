/** The page around the console's views, and its styles. Everything comes from the console itself: nothing is loaded from elsewhere. */
import { html } from "hono/html";
import type { Html } from "./ring-view.ts";

/** What the token's form begins with; a person can type something else. */
export interface Expected {
  readonly issuer: string;
  readonly audience: string;
}

export function renderPage(ring: Html, { issuer, audience }: Expected): Html {
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
          <p id="state" role="status"></p>
        </header>
        <main>
          <div id="ring" tabindex="-1">${ring}</div>
          <section id="glass" aria-labelledby="glass-title">
            <h2 id="glass-title">Token under the glass</h2>
            <p>
              The verifier that gateways run checks the token here, in this page. The token is not sent anywhere, and
              not stored. Single tokens that were taken back are not looked up.
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
            <p id="verdict" role="status"></p>
            <div id="examined"></div>
          </section>
        </main>
      </body>
    </html>`;
}

export const STYLES: string = `
:root { color-scheme: light dark; --text: #1b1f24; --soft: #4b5563; --back: #fff; --panel: #f4f6f8; --line: #c5ccd6;
  --focus: #0b57d0; --bad: #a3141b; --good: #126b34; --created: #8a94a3; --published: #b7791f; --safe: #2b8a8a; --signs: #1f7a3d; --retiring: #6b5bd2; --gone: #b0b6bf; }
@media (prefers-color-scheme: dark) { :root { --text: #e8eaed; --soft: #b4bcc8; --back: #14171b; --panel: #1e2329; --line: #3d4651;
  --focus: #8ab4f8; --bad: #ff9b9b; --good: #7bd88f; --created: #6f7a89; --published: #d9a441; --safe: #4fb3b3; --signs: #46b46a; --retiring: #9d90f0; --gone: #4a515b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.15rem; margin: 1.5rem 0 .5rem; } h3 { font-size: 1rem; margin: 0; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; justify-content: space-between; border-bottom: 1px solid var(--line); }
.lead, #state, .axis { color: var(--soft); }
.skip { position: absolute; left: -99rem; } .skip:focus { position: static; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
a { color: var(--focus); }
code, textarea { font-family: ui-monospace, monospace; font-size: .9em; }
.problem { border-left: 4px solid var(--bad); background: var(--panel); padding: .5rem .75rem; }
.bars { list-style: none; margin: 0; padding: 0; } .bars li { display: grid; grid-template-columns: 8rem 1fr; gap: .5rem; align-items: center; }
.axis { display: flex; flex-wrap: wrap; justify-content: space-between; margin: .25rem 0; font-size: .85rem; } @media (min-width: 40rem) { .axis { padding-left: 8.5rem; } }
@media (max-width: 40rem) { .bars li { grid-template-columns: 1fr; gap: 0; } }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; padding: 0; font-size: .9rem; }
.legend i { display: inline-block; width: .9rem; height: .9rem; margin-right: .35rem; vertical-align: -.1rem; } .legend i.now { width: 3px; background: var(--text); }
svg .now { stroke: var(--text); stroke-width: 3; }
${["created", "published", "safe", "signs", "retiring", "gone"].map((kind) => `rect.${kind} { fill: var(--${kind}); } i.${kind} { background: var(--${kind}); }`).join("\n")}
.scroll { overflow-x: auto; } td:last-child { min-width: 14rem; } table { border-collapse: collapse; } th, td { text-align: left; vertical-align: top; padding: .3rem .6rem; border-bottom: 1px solid var(--line); overflow-wrap: normal; }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .25rem 1rem; } dt { font-weight: 600; } dd { margin: 0; } @media (max-width: 40rem) { dl { grid-template-columns: 1fr; } }
.action { background: var(--panel); border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .8rem; margin: .5rem 0; } .action p { margin: .25rem 0; }
.command { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
label { display: block; margin-top: .5rem; font-weight: 600; } input, textarea { width: 100%; padding: .35rem .5rem; color: var(--text); background: var(--back); border: 1px solid var(--soft); border-radius: .3rem; } input { font: inherit; }
#verdict { font-weight: 600; } .good, .passed { color: var(--good); } .bad, .failed { color: var(--bad); } .not-made { color: var(--soft); } .checks { list-style: none; padding: 0; }
button { font: inherit; color: var(--text); background: var(--back); border: 1px solid var(--soft); border-radius: .3rem; padding: .15rem .7rem; cursor: pointer; }
`;
