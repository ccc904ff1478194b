/**
 * The last step for every answer, whoever made it: headers that browsers and clients are owed. Sets only what is missing,
 * except for CORS, where the gateway alone decides once it is configured. The body is passed on untouched.
 */
import type { Decision } from "../observe/event.ts";
import { allowedOrigin } from "./cors.ts";
import type { CorsConfig } from "./cors.ts";
import type { HeaderList } from "./response-headers.ts";

export interface AnswerConfig {
  /** undefined: what the origin says about CORS is passed on, and preflights are requests like any other. */
  readonly cors: CorsConfig | undefined;
  /** The value of `Strict-Transport-Security`, if the gateway is to set one. */
  readonly hsts: string | undefined;
  /** Where the protected resource metadata are (RFC 9728), for challenges. */
  readonly resourceMetadataUrl: string | undefined;
}

const NOSNIFF = "x-content-type-options";
const HSTS = "strict-transport-security";
const CHALLENGE = "www-authenticate";

/** The same response, or one with the same body and more headers. */
export function dressAnswer(
  request: Request,
  response: Response,
  decision: Decision,
  { cors, hsts, resourceMetadataUrl }: AnswerConfig,
  corrected: HeaderList = [],
): Response {
  // The answer to a WebSocket handshake has no content, and CORS does not apply to it.
  if (response.status === 101) return response;
  const needsNosniff = !response.headers.has(NOSNIFF);
  const needsHsts = hsts !== undefined && !response.headers.has(HSTS);
  if (!needsNosniff && !needsHsts && cors === undefined && corrected.length === 0) return response;
  // What fetch returns cannot be changed; what the gateway has made can.
  const dressed = decision === "forwarded" ? new Response(response.body, response) : response;
  const { headers } = dressed;
  for (const [name, value] of corrected) headers.set(name, value);
  if (needsNosniff) headers.set(NOSNIFF, "nosniff");
  if (needsHsts) headers.set(HSTS, hsts);
  if (cors !== undefined) setCors(headers, request, cors);
  const challenge = decision === "forwarded" ? null : headers.get(CHALLENGE);
  if (challenge !== null && resourceMetadataUrl !== undefined) {
    // RFC 9728 section 5.1.
    headers.set(CHALLENGE, `${challenge}, resource_metadata="${resourceMetadataUrl}"`);
  }
  return dressed;
}

function setCors(headers: Headers, request: Request, cors: CorsConfig): void {
  // An origin server that answers "*" would let every web page read what the gateway lets only some read.
  headers.delete("access-control-allow-origin");
  headers.delete("access-control-allow-credentials");
  headers.append("vary", "Origin");
  const origin = allowedOrigin(request, cors);
  if (origin === undefined) return;
  headers.set("access-control-allow-origin", origin);
  if (cors.credentials) headers.set("access-control-allow-credentials", "true");
  // What a client needs to act on a refusal, and scripts could not read otherwise.
  headers.append("access-control-expose-headers", "WWW-Authenticate, Retry-After");
}
