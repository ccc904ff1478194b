/**
 * The last step for every answer, of the origin and of the gateway: headers that each of them has. The body is not looked at.
 */
import type { Hooks } from "./hooks.ts";
import { REQUEST_ID_HEADER } from "../http/request-id.ts";
import type { Outcome } from "./outcome.ts";

const NOSNIFF = "x-content-type-options";

/** @returns the response, with more headers */
export function completeAnswer(
  request: Request,
  { response, event }: Outcome,
  requestId: string,
  onResponse: Hooks["onResponse"],
): Response {
  // The answer to a WebSocket handshake has no content, and none of this applies to it.
  if (response.status === 101) return response;
  const { headers } = response;
  headers.set(REQUEST_ID_HEADER, requestId);
  if (!headers.has(NOSNIFF)) headers.set(NOSNIFF, "nosniff");
  for (const change of onResponse) change(headers, request, event);
  return response;
}
