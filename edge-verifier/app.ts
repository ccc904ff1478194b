/**
 * The Hono app: which path is answered by what, in which order, and one event for each request. Decides nothing itself.
 */
import { HonoBase } from "hono/hono-base";
import type { Context } from "hono";
import type { Result as RouterResult, Router } from "hono/router";
import type { RingName } from "../shared/identifiers.ts";
import { handleRequest } from "./gateway.ts";
import type { GatewayParts } from "./gateway.ts";
import { dressAnswer } from "./http/answer.ts";
import type { WaitUntil } from "./keys/held-key-set.ts";
import type { KeyLadder } from "./keys/key-ladder.ts";
import { describeKeySet, describeRequest } from "./observe/event.ts";
import type { EventSink } from "./observe/event.ts";
import { requestIdOf } from "./observe/request-id.ts";
import { crashed, refused } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";
import { answerHealth, answerKeys, HEALTH_PATH, JWKS_PATH } from "./well-known.ts";

export interface AppParts extends GatewayParts {
  readonly ring: RingName;
  readonly ladder: KeyLadder;
  readonly sink: EventSink;
  /** Of the Worker's deployed version. */
  readonly version: string | undefined;
}

/** One handler for each path of the gateway's own, and one for all others: nothing here is a pattern. */
class ExactRouter<Handler> implements Router<Handler> {
  name = "ExactRouter";
  readonly #routes: { readonly path: string; readonly result: RouterResult<Handler> }[] = [];

  add(_method: string, path: string, handler: Handler): void {
    this.#routes.push({ path, result: [[[handler, {}]]] });
  }

  match(_method: string, path: string): RouterResult<Handler> {
    // Compared one by one: a Map has to read all of every path.
    for (const route of this.#routes) if (route.path === path || route.path === "/*") return route.result;
    return [[]];
  }
}

const READ_METHODS = ["GET", "HEAD"];

/** Where a request's id is kept from its arrival to its answer. */
interface AppEnv {
  Variables: { requestId: string };
}

export function createApp(parts: AppParts): HonoBase<AppEnv> {
  const { ring, ladder, clock, hooks, findRoute } = parts;
  const { endpoint } = hooks;
  // Hono decodes escapes in paths; here a path is the text that was received.
  const app = new HonoBase<AppEnv>({ router: new ExactRouter(), getPath: ({ url }) => rawPathOf(url) });
  const publish = (route: string, answer: (waitUntil: WaitUntil) => Outcome | Promise<Outcome>): void => {
    app.all(route, async (c) =>
      finish(
        c,
        parts,
        READ_METHODS.includes(c.req.raw.method)
          ? await answer(keepGoing(c))
          : refused({ code: "method_not_allowed", allow: READ_METHODS }, { route }),
      ),
    );
  };
  publish(JWKS_PATH, (waitUntil) => answerKeys(ladder, clock(), waitUntil));
  publish(HEALTH_PATH, (waitUntil) => answerHealth(ring, ladder, clock(), waitUntil));
  if (endpoint !== undefined) publish(endpoint.path, endpoint.answer);
  app.all("*", async (c) => {
    const request = c.req.raw;
    const preflight = hooks.preflight?.(request, findRoute);
    if (preflight !== undefined) return finish(c, parts, preflight);
    const requestId = requestIdOf(request);
    c.set("requestId", requestId);
    return finish(c, parts, await handleRequest(request, parts, { requestId, waitUntil: keepGoing(c) }));
  });
  app.onError((error, c) => finish(c, parts, crashed(error)));
  return app;
}

function keepGoing(c: Context): WaitUntil {
  return (work) => c.executionCtx.waitUntil(work);
}

/** Counts a refusal, writes the event, and completes the answer. */
function finish(c: Context<AppEnv>, parts: AppParts, found: Outcome): Response | Promise<Response> {
  const { limit } = parts.hooks;
  if (limit === undefined || found.event.decision !== "refused") return complete(c, parts, found);
  return limit(c.req.raw, found.event).then((limited) => complete(c, parts, limited ?? found));
}

function complete(c: Context<AppEnv>, { hooks, ladder, clock, sink, version }: AppParts, outcome: Outcome): Response {
  const request = c.req.raw;
  const requestId = c.get("requestId") ?? requestIdOf(request);
  const event = {
    ...describeRequest(request),
    requestId,
    status: outcome.response.status,
    keySet: describeKeySet(ladder.status(clock())),
    ...(version === undefined ? undefined : { version }),
    ...outcome.event,
  };
  sink(event);
  hooks.record?.(event);
  return dressAnswer(request, outcome, requestId, hooks.dress);
}

/** For choosing between the routes above only; what is forwarded is read, and guarded, by the gateway. A slash at the end is not looked at. */
function rawPathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const query = url.indexOf("?", start);
  const path = start === -1 ? "" : url.slice(start, query === -1 ? undefined : query);
  return path.endsWith("/") ? path.slice(0, -1) : path;
}
