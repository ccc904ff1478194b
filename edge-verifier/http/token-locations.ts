/**
 * Where a request may have its token: a header, as a rule `Authorization` (RFC 6750 section 2.1), a named cookie, or the
 * subprotocol list of a WebSocket handshake, each only if it is switched on. A query parameter or a form field is never looked at (RFC 9700
 * section 4.3.2). What is returned is unverified text.
 */
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { isOneWord, readBearerToken, unreadable } from "./bearer.ts";
import type { BearerProblem } from "./bearer.ts";

export const TOKEN_LOCATIONS = ["authorization", "cookie", "websocket"] as const;

export type TokenLocation = (typeof TOKEN_LOCATIONS)[number];

export interface LocationConfig {
  /** The header that holds `Bearer <token>`. */
  readonly header: string | undefined;
  readonly cookie: CookieLocation | undefined;
  /** The subprotocol that stands before the token: `Sec-WebSocket-Protocol: bearer, <token>`. */
  readonly webSocketProtocol: string | undefined;
}

export interface CookieLocation {
  readonly name: string;
  /** Every occurrence of the cookie, wherever a lenient parser might begin one. */
  readonly occurrences: RegExp;
  /** Web origins besides the gateway's own whose pages may act with the cookie. */
  readonly trustedWebOrigins: ReadonlySet<string>;
}

export type CredentialProblem =
  | BearerProblem
  /** A browser sends the cookie with requests of any page, and a page of another site has made this one. */
  | { readonly code: "cross_site_request" };

const SUBPROTOCOLS = "sec-websocket-protocol";

/** @param name letters, digits, `_` and `-` */
export function cookieLocation(name: string, trustedWebOrigins: ReadonlySet<string>): CookieLocation {
  // Two Cookie headers arrive joined by a comma.
  const occurrences = new RegExp(`(?:^|[;,])[ \\t]*${name}[ \\t]*=([^;,]*)`, "g");
  return { name, occurrences, trustedWebOrigins };
}

/**
 * The one token of a request. More than one is refused, wherever they stand and even if they are equal: one parser would
 * take the first and another the last.
 */
export function readToken(request: Request, locations: LocationConfig): Result<string, CredentialProblem> {
  const [only, another] = credentialsOf(request, locations);
  if (another !== undefined) return unreadable("several_credentials");
  if (only === undefined) return err({ code: "token_missing" });
  const { cookie } = locations;
  if (only.location === "cookie" && only.token.ok && cookie !== undefined && mayBeCrossSite(request, cookie)) {
    return err({ code: "cross_site_request" });
  }
  return only.token;
}

interface Credential {
  readonly location: TokenLocation;
  readonly token: Result<string, BearerProblem>;
}

/** The credentials in each location that is switched on; a location without credentials is left out. */
export function credentialsOf({ headers }: Request, locations: LocationConfig): readonly Credential[] {
  const { header, cookie, webSocketProtocol } = locations;
  const found: Credential[] = [];
  if (header !== undefined) found.push({ location: "authorization", token: readBearerToken(headers.get(header)) });
  if (cookie !== undefined) found.push({ location: "cookie", token: readCookie(headers.get("cookie"), cookie) });
  if (webSocketProtocol !== undefined && isWebSocketUpgrade(headers)) {
    const token = readSubprotocol(headers.get(SUBPROTOCOLS), webSocketProtocol);
    found.push({ location: "websocket", token });
  }
  return found.filter(({ token }) => token.ok || token.error.code !== "token_missing");
}

function readCookie(header: string | null, { occurrences }: CookieLocation): Result<string, BearerProblem> {
  // With two of them the request is refused; there is no need to look for a third.
  const [first, second] = header?.matchAll(occurrences) ?? [];
  if (second !== undefined) return unreadable("several_credentials");
  const value = trimBlanks(first?.[1] ?? "");
  // A server takes a cookie away by setting an empty one.
  if (value === "") return err({ code: "token_missing" });
  const isToken = isOneWord(value) && !value.includes('"');
  return isToken ? ok(value) : unreadable("credentials_malformed");
}

function readSubprotocol(header: string | null, marker: string): Result<string, BearerProblem> {
  const protocols = listOf(header);
  const at = protocols.indexOf(marker);
  if (at === -1) return err({ code: "token_missing" });
  if (protocols.includes(marker, at + 1)) return unreadable("several_credentials");
  const token = protocols[at + 1] ?? "";
  return isOneWord(token) ? ok(token) : unreadable("credentials_malformed");
}

/**
 * Credentials beside the token that was verified would be another identity for an origin that looks at them: with the token
 * in a cookie, an `Authorization` header stays here. Where tokens are not looked for in the header, nothing verifies it.
 */
export function mayForwardAuthorization(headers: Headers, isVerified: boolean, { header }: LocationConfig): boolean {
  return header !== undefined && (!isVerified || readBearerToken(headers.get(header)).ok);
}

const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];

/**
 * Cross-site request forgery: true unless the browser says that the request comes from here or from a trusted origin, or
 * it is no request that could change anything. A WebSocket is never such a request: CORS does not hold it back.
 * `Sec-Fetch-Site` first, `Origin` for browsers without it; a client that sends neither header is not a browser, and has
 * chosen to send the cookie (Fetch Metadata section 2.3; RFC 6455 section 10.2).
 */
function mayBeCrossSite({ method, headers, url }: Request, { trustedWebOrigins }: CookieLocation): boolean {
  if (SAFE_METHODS.includes(method) && !isWebSocketUpgrade(headers)) return false;
  const site = headers.get("sec-fetch-site");
  if (site === "same-origin" || site === "none") return false;
  const webOrigin = headers.get("origin");
  if (webOrigin !== null && trustedWebOrigins.has(webOrigin)) return false;
  if (site !== null) return true;
  return webOrigin !== null && webOrigin !== new URL(url).origin;
}

/**
 * Removes the token from what goes to the origin, in every location that is switched on and wherever it occurs there.
 * Other cookies and subprotocols stay as they were written. `Authorization` is left to request-headers.ts.
 */
export function removeToken(headers: Headers, { cookie, webSocketProtocol }: LocationConfig): void {
  if (cookie !== undefined) {
    const before = headers.get("cookie");
    const after = before?.replaceAll(cookie.occurrences, "").replace(/^[;,\s]+/, "");
    replaceHeader(headers, "cookie", before, after);
  }
  if (webSocketProtocol !== undefined) {
    const before = headers.get(SUBPROTOCOLS);
    const protocols = listOf(before);
    const kept = protocols.filter(
      (one, index) => one !== webSocketProtocol && protocols[index - 1] !== webSocketProtocol,
    );
    if (kept.length < protocols.length) replaceHeader(headers, SUBPROTOCOLS, before, kept.join(", "));
  }
}

/**
 * The handshake's answer for a client that has offered the marker: a browser ends a connection whose server selects none
 * of the subprotocols that were offered (WHATWG WebSockets section 4.1), and the origin may have been offered none.
 */
export function selectProtocol(request: Request, response: Response, { webSocketProtocol }: LocationConfig): Response {
  if (webSocketProtocol === undefined || response.status !== 101) return response;
  if (response.headers.has(SUBPROTOCOLS)) return response;
  if (!listOf(request.headers.get(SUBPROTOCOLS)).includes(webSocketProtocol)) return response;
  const headers = new Headers(response.headers);
  headers.set(SUBPROTOCOLS, webSocketProtocol);
  return new Response(null, { status: 101, headers, webSocket: response.webSocket });
}

function replaceHeader(headers: Headers, name: string, before: string | null, after: string | undefined): void {
  if (before === null || after === undefined || after === before) return;
  if (after === "") headers.delete(name);
  else headers.set(name, after);
}

function listOf(header: string | null): readonly string[] {
  return header === null ? [] : header.split(",").map((part) => trimBlanks(part));
}

/** Without the optional white space of RFC 9110 section 5.6.3, which is these two characters and no others. */
function trimBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (start < end && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

function isBlank(character: number): boolean {
  return character === 0x20 || character === 0x09;
}

function isWebSocketUpgrade(headers: Headers): boolean {
  return headers.get("upgrade")?.toLowerCase() === "websocket";
}
