/**
 * The Hono app: which path is answered by what, in which order, and one event for each request. Decides nothing itself.
 */
import { KEY_SET_PATH } from "../../shared/key-set.ts";
import { handleRequest } from "./handle-request.ts";
import type { GatewayParts } from "./handle-request.ts";
import { cutTarget } from "../http/path-guard.ts";
import { requestIdOf } from "../http/request-id.ts";
import { crashed, refused } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";
import { answerDocument, answerHealth, answerKeys, HEALTH_PATH, JWKS_PATH } from "./own-endpoints.ts";
import type { HealthRings } from "./own-endpoints.ts";
import { describeRequest } from "./event.ts";
import type { EventSink } from "./event.ts";
import type { Endpoint } from "./hooks.ts";
import { HonoBase } from "hono/hono-base";
import { completeAnswer } from "./answer.ts";
import type { WaitUntil } from "../../shared/keys/held-key-set.ts";
import type { KeyRings } from "../../shared/keys/key-rings.ts";
import type { Result as RouterResult, Router } from "hono/router";

export interface AppParts extends GatewayParts {
  readonly rings: KeyRings;
  /** What the health endpoint tells of. */
  readonly health: HealthRings;
  readonly sink: EventSink;
  /** Of the Worker's deployed version. */
  readonly version: string | undefined;
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
  const { hooks, findRoute } = parts;
  const endpoints = ownEndpoints(parts);
  // Hono decodes escapes in paths; here a path is the text that was received.
  const app = new HonoBase<AppEnv>({ router: createOnlyRouter(), getPath: () => "/" });
  app.all("*", async (c) => {
    const request = c.req.raw;
    const requestId = requestIdOf(request);
    const waitUntil: WaitUntil = (work) => c.env.waitUntil(work);
    let outcome: Outcome;
    try {
      const endpoint = findEndpoint(endpoints, request.url);
      outcome = await (endpoint === undefined
        ? (hooks.preflight?.(request, findRoute) ?? handleRequest(request, parts, { requestId, waitUntil }))
        : answerEndpoint(endpoint, request, waitUntil));
    } catch (error) {
      outcome = crashed(error);
    }
    return finish(request, parts, outcome, requestId);
  });
  // Hono's own answer would be one that no event tells of.
  app.onError((error) => {
    throw error;
  });
  return app;
}

/** One handler for all requests: which paths are the gateway's own is said below, and which others there are by the policy. */
function createOnlyRouter<Handler>(): Router<Handler> {
  let found: RouterResult<Handler> = [[]];
  return {
    name: "only",
    add: (_method, _path, handler) => {
      found = [[[handler, {}]]];
    },
    match: () => found,
  };
}

function ownEndpoints({ rings, health, clock, hooks }: AppParts): readonly Endpoint[] {
  const documents = rings.rings.flatMap((ring) => {
    const named = `${KEY_SET_PATH}/${ring.name}`;
    return (rings.rings.length === 1 ? [named, KEY_SET_PATH] : [named]).map((path): Endpoint => ({
      path,
      answer: (waitUntil, request) => answerDocument(path, ring, request, clock(), waitUntil),
    }));
  });
  return [
    ...documents,
    { path: JWKS_PATH, answer: (waitUntil) => answerKeys(rings, clock(), waitUntil) },
    { path: HEALTH_PATH, answer: (waitUntil) => answerHealth(health, clock(), waitUntil) },
    ...hooks.endpoints,
  ];
}

/** By its exact path, and one slash more at the end. What is forwarded is guarded in path-guard.ts. */
function findEndpoint(endpoints: readonly Endpoint[], url: string): Endpoint | undefined {
  // RFC 8615: where all paths of the gateway's own are. Most requests need not be cut twice.
  if (!url.includes("/.well-known/")) return undefined;
  const target = cutTarget(url);
  const path = target.ok ? target.value.path.replace(/\/$/, "") : "";
  return endpoints.find((one) => one.path === path);
}

function answerEndpoint(endpoint: Endpoint, request: Request, waitUntil: WaitUntil): Outcome | Promise<Outcome> {
  return READ_METHODS.includes(request.method)
    ? endpoint.answer(waitUntil, request)
    : refused({ code: "method_not_allowed", allow: READ_METHODS }, { route: endpoint.path });
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
