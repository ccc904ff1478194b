/** The page's styles, by hand: light and dark, from 360 pixels on. */

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
label { display: block; margin-top: .5rem; font-weight: 600; } input, textarea, select { width: 100%; padding: .35rem .5rem; color: var(--text); background: var(--back); border: 1px solid var(--soft); border-radius: .3rem; } input { font: inherit; }
#verdict { font-weight: 600; } .good, .passed { color: var(--good); } .bad, .failed { color: var(--bad); } .not-made { color: var(--soft); } .checks { list-style: none; padding: 0; }
fieldset { margin: .5rem 0; border: 1px solid var(--line); border-radius: .3rem; } .tools select { width: auto; font: inherit; } #answer > p { font-weight: 600; }
.tools { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; } .tools label { margin: 0; } .tools input { flex: 1 1 10rem; width: auto; }
[aria-pressed="true"] { background: var(--text); color: var(--back); }
#decisions-counts { display: flex; flex-wrap: wrap; gap: .35rem; list-style: none; padding: 0; } #decisions .scroll { max-height: 28rem; overflow: auto; } #decisions td { font-size: .9rem; } #decisions td:nth-child(-n + 3) { white-space: nowrap; }
#decisions td:nth-child(6) { font-family: ui-monospace, monospace; max-width: 9rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; } #decisions td:nth-child(4) { min-width: 8rem; } tr.refused td:nth-child(-n + 3) { color: var(--bad); font-weight: 600; } tr.admitted td:nth-child(-n + 3) { color: var(--good); }
[hidden] { display: none; } nav { display: flex; gap: .75rem; }
button { font: inherit; color: var(--text); background: var(--back); border: 1px solid var(--soft); border-radius: .3rem; padding: .15rem .7rem; cursor: pointer; }
`;
