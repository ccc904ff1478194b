/**
 * Forwarding: a request that has been decided on goes to the origin with its raw path and query, streaming in both
 * directions, and the origin's response comes back as it is. Decides nothing and logs nothing.
 */
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import type { Admission } from "./admit.ts";
import type { OriginConfig } from "../config/config.ts";
import type { FeatureHooks } from "./hooks.ts";
import { REQUEST_ID_HEADER } from "../http/request-id.ts";
import type { RequestTarget } from "../http/path-guard.ts";
import type { Refusal } from "./refusal.ts";
import { unwantedHeaders } from "../http/request-headers.ts";
import type { RemovedNames } from "../http/request-headers.ts";
import { originPath } from "../http/response-headers.ts";

export interface ForwardingParts {
  readonly hooks: Pick<FeatureHooks, "tokenLocations" | "beforeForward">;
  /** Headers that a client cannot send. */
  readonly removed: RemovedNames;
}

/**
 * Sends the request to the origin.
 * @param admission undefined on a route that is open to anyone
 * @param requestId checked already
 * @returns the origin's response, also one of status 500, or why the origin has not answered
 */
export async function forward(
  request: Request,
  target: RequestTarget,
  admission: Admission | undefined,
  requestId: string,
  origin: OriginConfig,
  parts: ForwardingParts,
): Promise<Result<Response, Refusal>> {
  const { hooks } = parts;
  const length = request.headers.get("content-length");
  const body = request.method === "GET" || request.method === "HEAD" ? null : request.body;
  // RFC 9110 section 9.3.1: it has no meaning there, and an origin that does not read it takes it for the next request.
  if (body !== request.body && length !== "0") return err({ code: "body_not_allowed" });
  const size = Number(length ?? "unknown");
  const upload = !body || size <= SMALL_BODY ? undefined : uploadPipe(size);
  const outgoing = originRequest(request, upload?.readable ?? body, target, admission, requestId, origin, parts);
  if ("code" in outgoing) return err(outgoing);
  const stopped = hooks.beforeForward && (await hooks.beforeForward(outgoing, origin.base, admission));
  if (stopped !== undefined) return err(stopped);
  // The origin cannot be late while the client still sends. That an upload has failed is seen in the answer.
  const uploaded = upload && body?.pipeTo(upload.writable).catch(() => undefined);
  const late = Promise.resolve(uploaded).then(() => scheduler.wait(origin.timeoutMs));
  try {
    // Answering 504 ends the request's context, and the platform aborts the subrequest with it; an AbortSignal would do the
    // same at the price of another copy of the request.
    const response = await Promise.race([origin.fetcher.fetch(outgoing), late]);
    if (!response) return err({ code: "origin_timeout", timeoutMs: origin.timeoutMs });
    const { status } = response;
    // RFC 9110 section 15: anything else is no final answer, unless it opens a WebSocket.
    if ((status > 199 && status < 600) || response.webSocket) return ok(response);
  } catch {
    // The error may hold the URL or the origin's own text; neither belongs in a log or a response.
  }
  return err({ code: "origin_unreachable" });
}

/** Bytes that no client needs long for: such a body is passed on as it is, which costs least. */
const SMALL_BODY = 65_536;

/**
 * Has no buffer, and runs no code for each piece. A known length stays known, unless it is longer than any body: the platform takes
 * less than 2^53.
 * @param size not a number if it is unknown
 */
function uploadPipe(size: number): IdentityTransformStream {
  return size < 1e15 ? new FixedLengthStream(size) : new IdentityTransformStream();
}

/** @returns what will be sent, or why it cannot be */
function originRequest(
  request: Request,
  body: ReadableStream | null,
  target: RequestTarget,
  admission: Admission | undefined,
  requestId: string,
  origin: OriginConfig,
  { hooks, removed }: ForwardingParts,
): Request | Refusal {
  const prefix = origin.base + originPath(target.path, origin);
  const outgoing = new Request(prefix + target.query, {
    method: request.method,
    headers: request.headers,
    body,
    // Following would resend the request, with its token, to wherever the origin points.
    redirect: "manual",
    // Without this the shared cache may keep an answer to one caller and give it to another.
    ...(admission && { cache: "no-store" }),
  });
  // The policy has matched another path than the one that would be sent.
  if (!isUnaltered(outgoing.url, prefix)) return { code: "path_unsafe", reason: "altered_by_url_parser" };
  const { headers } = outgoing;
  const clientAddress = headers.get("cf-connecting-ip");
  const keepAuthorization =
    origin.forwardAuthorization && (hooks.tokenLocations?.mayForwardAuthorization(headers, admission) ?? true);
  for (const name of unwantedHeaders(request.headers, removed, keepAuthorization)) headers.delete(name);
  if (!origin.forwardAuthorization) hooks.tokenLocations?.remove(headers);
  if (clientAddress !== null) headers.set("x-forwarded-for", clientAddress);
  headers.set("x-forwarded-host", target.authority);
  headers.set("x-forwarded-proto", target.scheme);
  headers.set(REQUEST_ID_HEADER, requestId);
  for (const [name, value] of admission?.identity?.headers ?? []) headers.set(name, value);
  return outgoing;
}

/**
 * The query may be escaped further by the URL parser (a quote becomes %27); the path must be the same text, and a fragment
 * would stay in the URL and not be sent.
 */
function isUnaltered(url: string, prefix: string): boolean {
  return url.split("?", 1)[0] === prefix && !prefix.includes("#");
}
