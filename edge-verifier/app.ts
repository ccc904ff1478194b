/**
 * The Hono app: which path is answered by what, in which order, and one event for each request. Decides nothing itself.
 */
import { Hono } from "hono/tiny";
import type { Context } from "hono";
import type { RingName } from "../shared/identifiers.ts";
import type { ResourceMetadata } from "./answer-config.ts";
import { handleRequest } from "./gateway.ts";
import type { GatewayParts } from "./gateway.ts";
import { dressAnswer } from "./http/answer.ts";
import type { AnswerConfig } from "./http/answer.ts";
import { answerPreflight } from "./http/cors.ts";
import { isRefusedTooOften } from "./http/refusal-limit.ts";
import type { WaitUntil } from "./keys/held-key-set.ts";
import type { KeyLadder } from "./keys/key-ladder.ts";
import type { Observation } from "./observe-config.ts";
import { writeEvent } from "./observe/data-point.ts";
import { describeKeySet, describeRequest, serverTimingOf } from "./observe/event.ts";
import type { EventSink, RequestEvent } from "./observe/event.ts";
import { REQUEST_ID_HEADER, requestIdOf } from "./observe/request-id.ts";
import { crashed, refused } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";
import { answerHealth, answerKeys, answerMetadata, HEALTH_PATH, JWKS_PATH } from "./well-known.ts";

export interface AppParts extends GatewayParts {
  readonly ring: RingName;
  readonly ladder: KeyLadder;
  readonly sink: EventSink;
  readonly answers: AnswerConfig;
  readonly observation: Observation;
  readonly metadata: ResourceMetadata | undefined;
}

/** Where a request's id is kept from its arrival to its answer. */
interface AppEnv {
  Variables: { requestId: string };
}

export function createApp(parts: AppParts): Hono<AppEnv> {
  const { ring, ladder, clock, answers, metadata } = parts;
  const { cors } = answers;
  // Hono decodes escapes in paths; here a path is the text that was received.
  const app = new Hono<AppEnv>({ getPath: ({ url }) => rawPathOf(url) });
  app.all(JWKS_PATH, async (c) => finish(c, parts, await answerKeys(c.req.raw, ladder, clock(), keepGoing(c))));
  app.all(HEALTH_PATH, async (c) =>
    finish(c, parts, await answerHealth(c.req.raw, ring, ladder, clock(), keepGoing(c))),
  );
  if (metadata !== undefined) app.all(metadata.path, (c) => finish(c, parts, answerMetadata(c.req.raw, metadata)));
  app.all("*", async (c) => {
    const preflight = cors === undefined ? undefined : answerPreflight(c.req.raw, cors, parts.policy);
    if (preflight !== undefined) return finish(c, parts, preflight);
    const requestId = requestIdOf(c.req.raw);
    c.set("requestId", requestId);
    return finish(c, parts, await handleRequest(c.req.raw, parts, { requestId, waitUntil: keepGoing(c) }));
  });
  app.onError((error, c) => finish(c, parts, crashed(error)));
  return app;
}

function keepGoing(c: Context): WaitUntil {
  return (work) => c.executionCtx.waitUntil(work);
}

/** Counts a refusal, writes the event, and completes the answer. */
async function finish(c: Context<AppEnv>, parts: AppParts, outcome: Outcome): Promise<Response> {
  const request = c.req.raw;
  const { refusalLimiter } = parts.observation;
  const isLimited =
    outcome.event.decision === "refused" &&
    refusalLimiter !== undefined &&
    (await isRefusedTooOften(refusalLimiter, request));
  const { response, headers, event } = isLimited ? limited(outcome.event) : outcome;
  const requestId = c.get("requestId") ?? requestIdOf(request);
  record(parts, { ...describeRequest(request), requestId, status: response.status, ...event });
  const added = [...(headers ?? []), [REQUEST_ID_HEADER, requestId] as const];
  const timing = parts.observation.serverTiming ? serverTimingOf(event) : undefined;
  if (timing !== undefined) {
    const ofOrigin = response.headers.get("server-timing");
    added.push(["server-timing", ofOrigin === null ? timing : `${ofOrigin}, ${timing}`]);
  }
  return dressAnswer(request, response, event.decision, parts.answers, added);
}

function limited({ refusal, ...seen }: Outcome["event"]): Outcome {
  return refused({ code: "too_many_refusals", refusal }, { ...seen, decision: "refused", code: "too_many_refusals" });
}

function record({ ladder, clock, sink, observation }: AppParts, seen: RequestEvent): void {
  const { version, dataset } = observation;
  const event = {
    keySet: describeKeySet(ladder.status(clock())),
    ...(version === undefined ? {} : { version }),
    ...seen,
  };
  sink(event);
  if (dataset !== undefined) writeEvent(dataset, event);
}

/** For choosing between the routes above only; what is forwarded is read, and guarded, by the gateway. */
function rawPathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const query = url.indexOf("?", start);
  return start === -1 ? "/" : url.slice(start, query === -1 ? undefined : query);
}
