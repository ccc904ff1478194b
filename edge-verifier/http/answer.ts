/**
 * The last step for every answer, whoever made it: headers that clients are owed. The body is passed on untouched.
 */
import type { Hooks } from "../feature.ts";
import { REQUEST_ID_HEADER } from "../observe/request-id.ts";
import type { Outcome } from "../outcome.ts";

const NOSNIFF = "x-content-type-options";

/** The same response, or one with the same body and more headers. */
export function dressAnswer(
  request: Request,
  { response, headers: corrected, event }: Outcome,
  requestId: string,
  dress: Hooks["dress"],
): Response {
  // The answer to a WebSocket handshake has no content, and none of this applies to it.
  if (response.status === 101) return response;
  // What fetch returns cannot be changed; what the gateway has made can.
  const dressed = event.decision === "forwarded" ? new Response(response.body, response) : response;
  const { headers } = dressed;
  if (corrected !== undefined) for (const [name, value] of corrected) headers.set(name, value);
  headers.set(REQUEST_ID_HEADER, requestId);
  if (!headers.has(NOSNIFF)) headers.set(NOSNIFF, "nosniff");
  for (const change of dress) change(headers, request, event);
  return dressed;
}
