/** The ring as HTML: time line, what comes next and why not yet, root keys, KV, gateways, commands. Pure. */
import { html } from "hono/html";
import type { Plan, RingState, Upcoming } from "../key-ring/index.ts";
import { describeAge, describeDocument, describeStep, describeUpcoming } from "../cli/ring/describe.ts";
import { describeTime } from "../words/time.ts";
import { describeGateway, nextOf } from "../cli/ring/status-text.ts";
import type { GatewayStatus } from "../cli/ring/status-text.ts";
import { toVisible } from "../words/text.ts";
import { actionsOf } from "./actions.ts";
import type { Action } from "./actions.ts";
import { renderFault } from "./html.ts";
import type { Html } from "./html.ts";
import type { RevocationsReading } from "./revocations.ts";
import { renderRevocations } from "./revocations-view.ts";
import { SPAN_WORDS, timeLineOf } from "./time-line.ts";
import type { Bar, TimeLine } from "./time-line.ts";

export interface RingReading {
  readonly state: RingState;
  readonly plan: Plan;
  readonly gateways: readonly GatewayStatus[];
  /** Undefined where single tokens cannot be taken back. */
  readonly revocations: RevocationsReading | undefined;
}

/** Why something waits, in words. */
const WHY_NOT_YET: Readonly<Record<Upcoming["what"], string>> = {
  activate: "the active key has its time to sign, and every verifier has to know the next key before it takes over",
  drop: "tokens of the key may be in use until then",
  disable: "gateways may hold a key set with this key until then",
  renew: "a key set is renewed after half of its life",
  settle: "clocks of two rotators may differ, so the new key set has to settle first",
  lower_timing: "gateways may obey the earlier, longer times until then",
  forget_timing: "gateways may obey the earlier, longer times until then",
};

export function renderRing({ state, plan, gateways, revocations }: RingReading): Html {
  const { observed, policy, now } = state;
  return html` <p class="lead">
      Ring <b>${toVisible(observed.ring)}</b> of ${toVisible(policy.issuer)}, ${policy.alg}. Read
      <time>${describeTime(now)}</time>.
    </p>
    ${renderProblems(plan)}
    <section aria-labelledby="time-line">
      <h2 id="time-line">Time line</h2>
      ${state.generations.length === 0 ? html`<p>The ring has no generation.</p>` : renderTimeLine(timeLineOf(state, plan.upcoming))}
    </section>
    <section aria-labelledby="next">
      <h2 id="next">What comes next</h2>
      ${
        plan.due.length === 0
          ? ""
          : html`<p>Due now:</p>
              <ul>
                ${plan.due.map((step) => html`<li>${toVisible(describeStep(step))}</li>`)}
              </ul>`
      }
      ${
        plan.upcoming.length === 0
          ? html`<p>Nothing is planned.</p>`
          : html`<ul>
              ${plan.upcoming.map((one) => html`<li>${describeUpcoming(one, now)}: ${WHY_NOT_YET[one.what]}.</li>`)}
            </ul>`
      }
    </section>
    <section aria-labelledby="keys">
      <h2 id="keys">Keys</h2>
      ${renderKeys(state, plan)}
    </section>
    <section aria-labelledby="served">
      <h2 id="served">What is served</h2>
      <dl>
        <dt>KV holds</dt>
        <dd>${toVisible(describeDocument(observed.document, now))}</dd>
        ${gateways.map(
          (gateway) =>
            html`<dt>${toVisible(new URL(gateway.url).origin)}</dt>
              <dd>${toVisible(describeGateway(gateway))}</dd>`,
        )}
      </dl>
      ${gateways.length === 0 ? html`<p>No gateway was given: add <code>--gateway &lt;url&gt;</code> to the command.</p>` : ""}
    </section>
    ${
      revocations === undefined
        ? ""
        : html`<section aria-labelledby="revocations">
            <h2 id="revocations">Tokens taken back</h2>
            ${renderRevocations(revocations, state, gateways)}
          </section>`
    }
    <section aria-labelledby="actions">
      <h2 id="actions">What you can do</h2>
      <p>This page only reads. Copy a command to a terminal with the rotator’s permissions.</p>
      ${actionsOf(state, plan, {
        gateways: gateways.map(({ url }) => new URL(url).origin),
        canTakeBack: revocations?.table !== undefined,
      }).map(renderAction)}
    </section>`;
}

function renderProblems({ problems }: Plan): Html {
  return html`${problems.map(({ code, message }) => renderFault(code, message))}`;
}

function renderKeys({ observed, generations, now }: RingState, plan: Plan): Html {
  const roots = [observed.root, ...observed.otherRoots].filter((root) => root !== undefined);
  return html`<div class="scroll" role="region" aria-label="Keys" tabindex="0">
    <table>
      <thead>
        <tr>
          <th>key</th>
          <th>state</th>
          <th>alg</th>
          <th>kid</th>
          <th>KMS key</th>
          <th>age</th>
          <th>what comes next</th>
        </tr>
      </thead>
      <tbody>
        ${roots.map(
          (root) =>
            html`<tr>
              <th scope="row">root${root.number === undefined ? "" : ` ${root.number}`}</th>
              <td>${root === observed.root ? "signs key sets" : "other root key"}</td>
              <td>${root.alg ?? "-"}</td>
              <td><code>${toVisible(root.publicKey?.kid ?? root.tags.kid ?? "-")}</code></td>
              <td><code>${toVisible(root.keyId)}</code> ${toVisible(root.keyState)}</td>
              <td>${describeAge(root, now)}</td>
              <td></td>
            </tr>`,
        )}
        ${generations.map(
          (generation) =>
            html`<tr>
              <th scope="row">generation ${generation.number}</th>
              <td>${generation.phase}</td>
              <td>${generation.alg ?? "-"}</td>
              <td><code>${toVisible(generation.kid ?? "-")}</code></td>
              <td><code>${toVisible(generation.keyId)}</code> ${toVisible(generation.keyState)}</td>
              <td>${describeAge(generation, now)}</td>
              <td>${nextOf(generation, plan.upcoming, now)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** As SVG: a strict Content-Security-Policy refuses style attributes, and attributes of SVG are none. */
function renderTimeLine(line: TimeLine): Html {
  const place = (time: number): string => `${((100 * (time - line.from)) / (line.until - line.from)).toFixed(3)}%`;
  const kinds = new Set(line.bars.flatMap(({ spans }) => spans.map(({ kind }) => kind)));
  return html`<ol class="bars">
      ${line.bars.map(
        (bar) =>
          html`<li>
            <span>Generation ${bar.generation}</span>
            <svg role="img" aria-label="${describeBar(bar, line.now)}" width="100%" height="22">
              ${bar.spans.map(
                ({ kind, from, until }) =>
                  html`<rect
                    class="${kind}"
                    x="${place(from)}"
                    width="${place(line.from + until - from)}"
                    y="2"
                    height="18"
                    ><title>${SPAN_WORDS[kind]}, ${describeTime(from)} to ${describeTime(until)}</title></rect
                  >`,
              )}
              <line class="now" x1="${place(line.now)}" x2="${place(line.now)}" y1="0" y2="22" />
            </svg>
          </li>`,
      )}
    </ol>
    <p class="axis"><span>${describeTime(line.from)}</span><span>${describeTime(line.until)}</span></p>
    <ul class="legend">
      <li><i class="now"></i>now, ${describeTime(line.now)}</li>
      ${[...kinds].map((kind) => html`<li><i class="${kind}"></i>${SPAN_WORDS[kind]}</li>`)}
    </ul>`;
}

/** The bar for a person who hears it. */
function describeBar({ generation, spans }: Bar, now: number): string {
  const current = spans.find(({ from, until }) => from <= now && now < until) ?? spans.at(-1);
  const parts = spans.map(
    ({ kind, from, until }) => `${SPAN_WORDS[kind]} ${describeTime(from)} to ${describeTime(until)}`,
  );
  const today = current === undefined ? "nothing is known of it" : `now ${SPAN_WORDS[current.kind]}`;
  return `Generation ${generation}, ${today}. ${parts.join("; ")}.`;
}

function renderAction({ title, command, effect, refusal }: Action): Html {
  const text = toVisible(command);
  return html`<div class="action">
    <h3>${title}</h3>
    <p>${refusal === undefined ? toVisible(effect) : `Not now: ${toVisible(refusal)}`}</p>
    <p class="command">
      <code>${text}</code><button type="button" data-copy="${text}" aria-label="Copy: ${title}">Copy</button>
    </p>
  </div>`;
}
