/** The table of decisions in the page: filter, counts, pause, bounds, and sentences for a screen reader. Chromium runs it in test/e2e. */
import { parseHTML } from "linkedom";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { followDecisions } from "../../../../../issuer/console/page/decisions.ts";
import { toDecision } from "../../../../../issuer/words/decision.ts";
import type { Decision } from "../../../../../issuer/words/decision.ts";
import { given } from "../../../../support/values.ts";

const PAGE = `<html><body><p id="decisions-state"></p><input id="decisions-filter"><button id="decisions-pause" aria-pressed="false"></button>
<ul id="decisions-counts"></ul><table><tbody id="decisions-rows"></tbody></table></body></html>`;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function decision(code: string, status = 401): Decision {
  const event = {
    event: "request",
    decision: status < 400 ? "forwarded" : "refused",
    status,
    method: "GET",
    route: "/api/*",
  };
  return given(toDecision({ ...event, ...(status < 400 ? {} : { refusal: { code } }) }, 0));
}

interface Opened {
  readonly send: (data: unknown) => void;
  readonly fail: () => void;
  readonly rows: () => readonly string[];
  readonly counts: () => readonly string[];
  readonly state: () => string;
  readonly filter: (text: string) => void;
  readonly press: (label: string) => void;
}

function open(): Opened {
  const { document, Event } = parseHTML(PAGE);
  const source = new EventTarget();
  const times = { drawEveryMs: 10, sayEveryMs: 1000 };
  followDecisions(document, () => ({ addEventListener: source.addEventListener.bind(source) as never }), times);
  const all = (selector: string) => [...document.querySelectorAll(selector)];
  const one = (selector: string) => given(all(selector)[0]);
  return {
    send(data) {
      source.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(data) }));
      vi.advanceTimersByTime(10);
    },
    fail: () => void source.dispatchEvent(new globalThis.Event("error")),
    rows: () => all("tbody tr:not([hidden])").map(({ textContent }) => textContent ?? ""),
    counts: () => all("#decisions-counts button").map(({ textContent }) => textContent ?? ""),
    state: () => one("#decisions-state").textContent ?? "",
    filter(text) {
      Object.assign(one("#decisions-filter"), { value: text });
      one("#decisions-filter").dispatchEvent(new Event("input"));
    },
    press(label) {
      const button =
        label === "Pause" ? one("#decisions-pause") : all("button").find((one) => one.textContent === label);
      given(button).dispatchEvent(new Event("click"));
    },
  };
}

test("newest first, counted by code, and filtered by every word or by a press on a count", () => {
  const page = open();
  expect(page.state()).toBe("No decision yet.");
  page.send({ decisions: [decision("token_expired"), decision("", 200), decision("token_expired")], missed: 0 });
  page.send({ decisions: [decision("signature_invalid")], missed: 0 });
  expect(page.rows()[0]).toContain("The signature does not fit the token");
  expect(page.rows()).toHaveLength(4);
  expect(page.counts()).toEqual(["forwarded 1", "signature_invalid 1", "token_expired 2"]);
  expect(page.state()).toBe("3 decisions, 2 refused or failed.");
  page.filter("REFUSED expired");
  expect(page.rows()).toHaveLength(2);
  page.filter("");
  page.press("signature_invalid 1");
  expect(page.rows()).toHaveLength(1);
  page.press("signature_invalid 1");
  expect(page.rows()).toHaveLength(4);
});

test("a screen reader hears one sentence in a while, and at once that the connection is lost", () => {
  const page = open();
  page.send({ decisions: [decision("token_expired")], missed: 0 });
  const first = page.state();
  page.send({ decisions: [decision("token_expired")], missed: 3 });
  expect(page.state()).toBe(first);
  vi.advanceTimersByTime(1000);
  expect(page.state()).toBe("2 decisions, 2 refused or failed, 3 others not kept.");
  page.fail();
  expect(page.state()).toContain("no connection to the console");
  page.send({ decisions: [], missed: 0, isOver: true });
  expect(page.state()).toContain("the gateway's log has ended");
});

test("a pause holds rows back, and both what is shown and what waits is bounded", () => {
  const page = open();
  const many = Array.from({ length: 400 }, () => decision("token_expired"));
  page.send({ decisions: many, missed: 0 });
  page.press("Pause");
  page.send({ decisions: many, missed: 0 });
  page.send({ decisions: many, missed: 0 });
  expect(page.rows()).toHaveLength(400);
  expect(page.state()).toContain("paused");
  page.press("Pause");
  expect(page.rows()).toHaveLength(500);
  expect(page.state()).toBe("500 decisions, 500 refused or failed, 300 others not kept.");
  expect(page.counts()).toEqual(["token_expired 500"]);
});

test("what is no decision is passed over", () => {
  const page = open();
  for (const data of [7, {}, { decisions: 7 }, { decisions: [{}, null, decision("token_expired")] }]) page.send(data);
  expect(page.rows()).toHaveLength(1);
});
