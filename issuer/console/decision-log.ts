/**
 * The latest decisions, and the streams by which pages follow them. A page that reads slowly is not waited for: it hears how many it
 * has missed. Memory is bounded by the number that is kept.
 */
import { HEALTH_PATH } from "../cli/ring/gateway-health.ts";
import { MAX_DECISIONS } from "../words/decision.ts";
import type { Decision } from "../words/decision.ts";

export interface DecisionLog {
  /** Answers about health are left out: the console itself asks for one every 5 s. */
  add(decision: Decision): void;
  /** Nothing more will come. */
  end(): void;
  /**
   * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), of which each holds all decisions that have
   * come since the one before: `{"decisions":[…],"missed":0,"isOver":false}`.
   * @param after the id of the last event that the page has: 0 for none
   * @param signal ends the stream
   */
  follow(after: number, signal: AbortSignal): ReadableStream<Uint8Array>;
}

export function createDecisionLog(kept: number = MAX_DECISIONS): DecisionLog {
  const decisions: Decision[] = [];
  /** Of the last decision. */
  let lastId = 0;
  let isOver = false;
  const followers = new Set<() => void>();

  function tell(): void {
    for (const wake of followers) wake();
  }

  function eventAfter(id: number): string {
    const count = Math.min(lastId - id, decisions.length);
    const data = { decisions: decisions.slice(decisions.length - count), missed: lastId - id - count, isOver };
    return `id: ${lastId}\ndata: ${JSON.stringify(data)}\n\n`;
  }

  return {
    add(decision) {
      if (decision.decision === "answered" && decision.route === HEALTH_PATH) return;
      decisions.push(decision);
      if (decisions.length > kept) decisions.shift();
      lastId += 1;
      tell();
    },
    end() {
      isOver = true;
      tell();
    },
    follow(after, signal) {
      // An id that was never given says nothing.
      let sent = after <= lastId ? after : 0;
      // The first event comes at once: it tells the page that it is connected.
      let hasNews = true;
      let resume = (): void => undefined;
      const wake = (): void => {
        hasNews = true;
        resume();
      };
      const leave = (): void => {
        followers.delete(wake);
        signal.removeEventListener("abort", wake);
      };
      followers.add(wake);
      signal.addEventListener("abort", wake);
      const encoder = new TextEncoder();
      return new ReadableStream({
        async pull(controller) {
          if (!hasNews && !signal.aborted) await new Promise<void>((resolve) => (resume = resolve));
          if (signal.aborted) {
            leave();
            controller.close();
            return;
          }
          hasNews = false;
          controller.enqueue(encoder.encode(eventAfter(sent)));
          sent = lastId;
        },
        cancel: leave,
      });
    },
  };
}
