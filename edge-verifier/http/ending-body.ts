/**
 * A body that ends with the token it was asked for with: server-sent events, a long download. The platform goes on piping it; no
 * code of ours runs for a piece of it. Its end is an error to the reader, so that a download that was cut off is not taken for a
 * whole one.
 */
import type { TokenWatch } from "./websocket.ts";

/** @param response the origin's; one without a body comes back as it is */
export function endBodyWithToken(response: Response, watch: TokenWatch): Response {
  const { body, headers } = response;
  if (body === null) return response;
  // "2, 2" is a length that was stated twice (RFC 9112 section 6.3).
  const length = Number(headers.get("content-length")?.split(",", 1)[0] ?? "none");
  // What is read of an encoded body is decoded, and has another length.
  const isPlain = Number.isSafeInteger(length) && !headers.has("content-encoding");
  const { readable, writable } = isPlain ? new FixedLengthStream(length) : new IdentityTransformStream();
  const ended = new AbortController();
  const stop = watch((reason) => ended.abort(new Error(reason)));
  // Either side may have gone away; the other one is told by the pipe.
  void body.pipeTo(writable, { signal: ended.signal }).then(stop, stop);
  return new Response(readable, response);
}
