/**
 * The console over HTTP: a page, its styles and script, and the ring as HTML for the page to show again. It reads only. Who may
 * read is decided in guard.ts, before any route.
 */
import { Hono } from "hono";
import type { Context } from "hono";
import { parseWholeNumber } from "../../shared/whole-number.ts";
import { explain, SealgateError } from "../errors.ts";
import { rootAnchorsOf } from "../key-ring/index.ts";
import type { DecisionLog } from "./decision-log.ts";
import { isRefused } from "./guard.ts";
import type { Guard } from "./guard.ts";
import { renderFault } from "./html.ts";
import type { Html } from "./html.ts";
import { renderPage } from "./page.ts";
import type { Expected } from "./page.ts";
import { renderRing } from "./ring-view.ts";
import type { RingReading } from "./ring-view.ts";
import { STYLES } from "./styles.ts";

export interface ConsoleOptions {
  readonly guard: Guard;
  /** Reads the ring and the gateways; a SealgateError that it throws is shown. */
  readonly read: () => Promise<RingReading>;
  /** What the form for a token begins with. */
  readonly expected: Expected;
  /** A gateway's policy as JSON has it, unchecked; undefined when it is not at hand. */
  readonly routes: unknown;
  /** The page's module, as JavaScript. */
  readonly script: string;
  /** Undefined when no gateway's log is at hand. */
  readonly decisions: DecisionLog | undefined;
  /** Ends the streams of decisions. */
  readonly closing: AbortSignal;
}

/** Nothing from elsewhere, nothing to elsewhere, no inline script or style, in no frame. */
const HEADERS: Readonly<Record<string, string>> = {
  "Cache-Control": "no-store",
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

export function createConsoleApp(options: ConsoleOptions): Hono {
  const { guard, read, script, expected, routes, decisions, closing } = options;
  const given = { expected, hasDecisions: decisions !== undefined, hasRoutes: routes !== undefined };
  const app = new Hono();
  app.use(async (context, next) => {
    const answer = guard.admit(context.req.raw);
    if (isRefused(answer)) {
      context.res = context.text(
        `${answer.message}\n`,
        answer.status,
        answer.status === 405 ? { Allow: "GET, HEAD" } : {},
      );
    } else {
      await next();
      if (answer.setCookie !== undefined) context.header("Set-Cookie", answer.setCookie);
    }
    for (const [name, value] of Object.entries(HEADERS)) context.header(name, value);
  });
  app.get("/", (context) => context.html(renderPage(given)));
  app.get("/ring", async (context) => context.html(ringOf(read)));
  app.get("/keys", async (context) => context.json({ ...(await keysOf(read)), routes }));
  app.get("/decisions", (context) => {
    if (decisions === undefined) return context.notFound();
    const after = parseWholeNumber(context.req.header("Last-Event-ID") ?? "", 0) ?? 0;
    return context.body(decisions.follow(after, closing), 200, { "Content-Type": "text/event-stream" });
  });
  app.get("/page.css", (context) => asText(context, STYLES, "text/css"));
  app.get("/page.js", (context) => asText(context, script, "text/javascript"));
  return app;
}

async function ringOf(read: ConsoleOptions["read"]): Promise<Awaited<Html>> {
  try {
    return await renderRing(await read());
  } catch (error) {
    if (!(error instanceof SealgateError)) throw error;
    return renderFault(error.code, explain(error));
  }
}

/** Public all of it: the signed documents as KV holds them, and the root keys by which the page verifies them. */
async function keysOf(read: ConsoleOptions["read"]): Promise<object> {
  try {
    const { state, revocations } = await read();
    const { observed, policy } = state;
    if (observed.document.kind === "unknown") return { code: observed.document.fault };
    const anchors = rootAnchorsOf(observed).map(({ jwk }) => jwk);
    return {
      ring: observed.ring,
      issuer: policy.issuer,
      keySet: observed.storedText,
      revocations: revocations?.text,
      anchors,
    };
  } catch (error) {
    if (!(error instanceof SealgateError)) throw error;
    return { code: error.code };
  }
}

function asText(context: Context, text: string, type: string): Response {
  return context.body(text, 200, { "Content-Type": `${type}; charset=utf-8` });
}
