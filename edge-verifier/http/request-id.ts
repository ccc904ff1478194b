/**
 * One name for a request at the client, in the log and at the origin. A client may choose it; what does not look like a
 * name is replaced, so that nothing else gets into a log this way.
 */

export const REQUEST_ID_HEADER = "x-request-id";

/** No dots: a token cannot pass for one. */
const REQUEST_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** The client's own `X-Request-Id` if it is one, otherwise a new UUID. */
export function requestIdOf(request: Request): string {
  const sent = request.headers.get(REQUEST_ID_HEADER);
  return sent !== null && REQUEST_ID.test(sent) ? sent : crypto.randomUUID();
}
