/** The tokens that were taken back, as HTML: what the list says, what gateways ask of it, and each entry's end. Pure. */
import { html } from "hono/html";
import { prefixToText } from "../../shared/revocations/prefix.ts";
import type { RevocationKind } from "../../shared/revocations/prefix.ts";
import { entriesOf } from "../../shared/revocations/sections.ts";
import { describeHeld } from "../cli/ring/describe-list.ts";
import type { GatewayStatus } from "../cli/ring/status-text.ts";
import type { RingState } from "../key-ring/index.ts";
import { isListed } from "../key-ring/revocations/plan-list.ts";
import { listEntries } from "../revocations/entry.ts";
import { toVisible } from "../words/text.ts";
import { describeDistance, describeDuration, describeTime } from "../words/time.ts";
import { renderFault } from "./html.ts";
import type { Html } from "./html.ts";
import type { RevocationsReading } from "./revocations.ts";

/** More are counted, and not shown. */
const MAX_ROWS = 100;

interface Entry {
  readonly kind: RevocationKind;
  readonly prefix: string;
  /** Of a subject, epoch seconds. */
  readonly cut: number | undefined;
  /** Epoch seconds; undefined when only the list is known, which does not say it. */
  readonly endsAt: number | undefined;
  readonly isListed: boolean;
}

export function renderRevocations(
  { list, leastRev, table }: RevocationsReading,
  { now, timing }: RingState,
  gateways: readonly GatewayStatus[],
): Html {
  const entries = entriesKnown({ list, table }, timing.largest, now);
  const required =
    leastRev === undefined
      ? "a list that has not expired (the key set names no least rev yet)"
      : `a list of rev ${leastRev} or later, as the key set says, that has not expired`;
  return html`<dl>
      <dt>KV holds</dt>
      <dd>${describeList(list, now)}</dd>
      <dt>Gateways require</dt>
      <dd>${required}; with REVOCATIONS=required they answer 503 without one</dd>
      ${gateways.map(
        ({ url, revocations }) =>
          html`<dt>${toVisible(new URL(url).origin)}</dt>
            <dd>${describeServed(revocations)}</dd>`,
      )}
    </dl>
    ${table?.kind === "failed" ? renderFault(table.code, table.message) : ""}
    ${table === undefined ? html`<p>No table was given (SEALGATE_REVOCATION_TABLE): the list alone is shown, which does not say when entries end.</p>` : ""}
    ${entries.length === 0 ? html`<p>No token is taken back.</p>` : renderEntries(entries, now)}`;
}

function describeList(list: RevocationsReading["list"], now: RingState["now"]): string {
  return list.kind === "failed" ? toVisible(`${list.code}: ${list.message}`) : describeHeld(list, now);
}

function describeServed(served: GatewayStatus["revocations"]): string {
  if (served === undefined) return "says nothing of a list: its feature revocations is off, or it cannot be reached";
  const { rev, ageSeconds, problem } = served;
  const why = problem === undefined ? "" : ` (${problem})`;
  if (rev === undefined) return `has no list that it may use${why}`;
  return `refuses by rev ${rev}${ageSeconds === undefined ? "" : `, ${describeDuration(ageSeconds)} old`}${why}`;
}

function entriesKnown(
  { list, table }: Pick<RevocationsReading, "list" | "table">,
  timing: RingState["timing"]["largest"],
  now: RingState["now"],
): readonly Entry[] {
  const sections = list.kind === "read" ? list.list.sections : undefined;
  if (table?.kind !== "read") {
    const listed = sections === undefined ? [] : [...entriesOf(sections)];
    return listed.map(({ kind, prefix, cut }) => ({
      kind,
      prefix: prefixToText(prefix),
      cut,
      endsAt: undefined,
      isListed: true,
    }));
  }
  return listEntries(table.entries, timing, now)
    .map((entry) => ({
      kind: entry.kind,
      prefix: prefixToText(entry.prefix),
      cut: entry.kind === "sub" ? entry.cut : undefined,
      endsAt: entry.endsAt,
      isListed: sections !== undefined && isListed(sections, entry),
    }))
    .toSorted((a, b) => b.endsAt - a.endsAt);
}

const REFUSES: Readonly<Record<RevocationKind, string>> = {
  jti: "one token (jti)",
  sid: "all tokens of a session (sid)",
  sub: "tokens of a subject (sub)",
};

function renderEntries(entries: readonly Entry[], now: number): Html {
  const left = entries.length - MAX_ROWS;
  return html`<div class="scroll" role="region" aria-label="Tokens taken back" tabindex="0">
      <table>
        <thead>
          <tr>
            <th scope="col">refused</th>
            <th scope="col">beginning of the value’s hash</th>
            <th scope="col">in the list</th>
            <th scope="col">ends</th>
          </tr>
        </thead>
        <tbody>
          ${entries.slice(0, MAX_ROWS).map(
            ({ kind, prefix, cut, endsAt, isListed }) =>
              html`<tr>
                <th scope="row">${REFUSES[kind]}${cut === undefined ? "" : ` issued before ${describeTime(cut)}`}</th>
                <td><code>${prefix}</code></td>
                <td>${isListed ? "yes" : "not yet"}</td>
                <td>
                  ${endsAt === undefined ? "not said by the list" : `${describeTime(endsAt)} (${describeDistance(endsAt - now)})`}
                </td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    <p>
      Neither the list nor the table holds a value: paste a token below to see whether it is taken back.
      ${left > 0 ? `${left} more are not shown.` : ""}
    </p>`;
}
