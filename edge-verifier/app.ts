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
import type { WaitUntil } from "./keys/held-key-set.ts";
import type { KeyLadder } from "./keys/key-ladder.ts";
import { describeKeySet, describeRequest } from "./observe/event.ts";
import type { EventSink } from "./observe/event.ts";
import { crashed } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";
import { answerHealth, answerKeys, answerMetadata, HEALTH_PATH, JWKS_PATH } from "./well-known.ts";

export interface AppParts extends GatewayParts {
  readonly ring: RingName;
  readonly ladder: KeyLadder;
  readonly sink: EventSink;
  readonly answers: AnswerConfig;
  readonly metadata: ResourceMetadata | undefined;
}

export function createApp(parts: AppParts): Hono {
  const { ring, ladder, clock, answers, metadata } = parts;
  const { cors } = answers;
  // Hono decodes escapes in paths; here a path is the text that was received.
  const app = new Hono({ getPath: ({ url }) => rawPathOf(url) });
  app.all(JWKS_PATH, async (c) => finish(c, parts, await answerKeys(c.req.raw, ladder, clock(), keepGoing(c))));
  app.all(HEALTH_PATH, async (c) =>
    finish(c, parts, await answerHealth(c.req.raw, ring, ladder, clock(), keepGoing(c))),
  );
  if (metadata !== undefined) app.all(metadata.path, (c) => finish(c, parts, answerMetadata(c.req.raw, metadata)));
  app.all("*", async (c) => {
    const preflight = cors === undefined ? undefined : answerPreflight(c.req.raw, cors, parts.policy);
    return finish(c, parts, preflight ?? (await handleRequest(c.req.raw, parts, keepGoing(c))));
  });
  app.onError((error, c) => finish(c, parts, crashed(error)));
  return app;
}

function keepGoing(c: Context): WaitUntil {
  return (work) => c.executionCtx.waitUntil(work);
}

function finish(
  c: Context,
  { ladder, clock, sink, answers }: AppParts,
  { response, headers, event }: Outcome,
): Response {
  sink({
    ...describeRequest(c.req.raw),
    status: response.status,
    keySet: describeKeySet(ladder.status(clock())),
    ...event,
  });
  return dressAnswer(c.req.raw, response, event.decision, answers, headers);
}

/** For choosing between the routes above only; what is forwarded is read, and guarded, by the gateway. */
function rawPathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  const query = url.indexOf("?", start);
  return start === -1 ? "/" : url.slice(start, query === -1 ? undefined : query);
}
