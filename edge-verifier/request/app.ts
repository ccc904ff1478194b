/**
 * The Hono app: which path is answered by what, in which order, and one event for each request. Decides nothing itself.
 */
import { KEY_SET_PATH } from "../../shared/key-set.ts";
import { handleRequest } from "./handle-request.ts";
import type { GatewayParts, RequestContext } from "./handle-request.ts";
import { cutTarget } from "../http/path-guard.ts";
import { requestIdOf } from "../http/request-id.ts";
import { crashed, refused } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";
import { answerDocument, answerHealth, answerKeys, HEALTH_PATH, JWKS_PATH } from "./own-endpoints.ts";
import type { HealthRings } from "./own-endpoints.ts";
import { describeRequest } from "./event.ts";
import type { EventSink } from "./event.ts";
import { HonoBase } from "hono/hono-base";
import { completeAnswer } from "./answer.ts";
import type { WaitUntil } from "../../shared/keys/held-key-set.ts";
import type { KeyRings, Ring } from "../../shared/keys/key-rings.ts";
import type { Result as RouterResult, Router } from "hono/router";

export interface AppParts extends GatewayParts {
  readonly rings: KeyRings;
  /** What the health endpoint tells of. */
  readonly health: HealthRings;
  readonly sink: EventSink;
  /** Of the Worker's deployed version. */
  readonly version: string | undefined;
}

/** One handler for each path of the gateway's own, and one for all others: nothing here is a pattern. */
function createExactRouter<Handler>(): Router<Handler> {
  const routes: { readonly path: string; readonly result: RouterResult<Handler> }[] = [];
  return {
    name: "exact",
    add: (_method, path, handler) => routes.push({ path, result: [[[handler, {}]]] }),
    // Compared one by one: a Map has to read all of every path.
    match: (_method, path) => routes.find((route) => route.path === path || route.path === "/*")?.result ?? [[]],
  };
}

const READ_METHODS = ["GET", "HEAD"];

/** What the gateway needs of the platform's `ExecutionContext`, so that its types need no types of the platform. */
export interface GatewayContext {
  waitUntil(work: Promise<unknown>): void;
}

/** Vars and bindings have been read, so that Hono's place for them holds the context. */
interface AppEnv {
  readonly Bindings: GatewayContext;
}

export type GatewayApp = Pick<HonoBase<AppEnv>, "fetch">;

export function createApp(parts: AppParts): GatewayApp {
  const { rings, health, clock, hooks, findRoute } = parts;
  // Hono decodes escapes in paths; here a path is the text that was received.
  const app = new HonoBase<AppEnv>({ router: createExactRouter(), getPath: ({ url }) => rawPathOf(url) });
  const on = (
    path: string,
    answer: (request: Request, context: RequestContext) => Outcome | Promise<Outcome>,
  ): void => {
    app.all(path, async (c) => {
      const request = c.req.raw;
      const requestId = requestIdOf(request);
      let outcome: Outcome;
      try {
        outcome = await answer(request, { requestId, waitUntil: (work) => c.env.waitUntil(work) });
      } catch (error) {
        outcome = crashed(error);
      }
      return finish(request, parts, outcome, requestId);
    });
  };
  const publish = (
    route: string,
    answer: (waitUntil: WaitUntil, request: Request) => Outcome | Promise<Outcome>,
  ): void =>
    on(route, (request, { waitUntil }) =>
      READ_METHODS.includes(request.method)
        ? answer(waitUntil, request)
        : refused({ code: "method_not_allowed", allow: READ_METHODS }, { route }),
    );
  const publishDocument = (path: string, ring: Ring): void =>
    publish(path, (waitUntil, request) => answerDocument(path, ring, request, clock(), waitUntil));
  for (const ring of rings.rings) {
    if (rings.rings.length === 1) publishDocument(KEY_SET_PATH, ring);
    publishDocument(`${KEY_SET_PATH}/${ring.name}`, ring);
  }
  publish(JWKS_PATH, (waitUntil) => answerKeys(rings, clock(), waitUntil));
  publish(HEALTH_PATH, (waitUntil) => answerHealth(health, clock(), waitUntil));
  for (const { path, answer } of hooks.endpoints) publish(path, answer);
  on("*", (request, context) => hooks.preflight?.(request, findRoute) ?? handleRequest(request, parts, context));
  // Hono's own answer would be one that no event tells of.
  app.onError((error) => {
    throw error;
  });
  return app;
}

/** Counts a refusal, writes the event, and completes the answer. */
async function finish(request: Request, parts: AppParts, found: Outcome, requestId: string): Promise<Response> {
  const { hooks, rings, clock, sink, version } = parts;
  const outcome = (found.event.decision === "refused" && (await hooks.onRefusal?.(request, found.event))) || found;
  const { rev, ageSeconds, source } = { ...rings.rings[0]?.ladder.status(clock()) };
  const event = {
    ...describeRequest(request),
    requestId,
    status: outcome.response.status,
    keySet: { rev, ageSeconds, source },
    ...(version === undefined ? undefined : { version }),
    ...outcome.event,
  };
  sink(event);
  hooks.onEvent?.(event);
  return completeAnswer(request, outcome, requestId, hooks.onResponse);
}

/** The path by which the routes above are chosen, without a slash at the end. What is forwarded is guarded in path-guard.ts. */
function rawPathOf(url: string): string {
  // RFC 8615: where all paths of the gateway's own are. Most requests need not be cut twice.
  if (!url.includes("/.well-known/")) return "/";
  const target = cutTarget(url);
  const path = target.ok ? target.value.path : "";
  return path.endsWith("/") ? path.slice(0, -1) : path;
}
