/**
 * Where a request may have its token: a header, as a rule `Authorization` (RFC 6750 section 2.1), a named cookie, or the
 * subprotocol list of a WebSocket handshake, each only if it is switched on. A query parameter or a form field is never looked at (RFC 9700
 * section 4.3.2). What is returned is unverified text.
 */
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { isOneWord, readBearerToken, unreadable } from "./bearer.ts";
import type { BearerProblem } from "./bearer.ts";

export const TOKEN_LOCATIONS = ["authorization", "header", "cookie", "websocket"] as const;

export type TokenLocation = (typeof TOKEN_LOCATIONS)[number];

export interface LocationConfig {
  readonly headers: readonly HeaderLocation[];
  readonly cookie: CookieLocation | undefined;
  /** The subprotocol that stands before the token: `Sec-WebSocket-Protocol: bearer, <token>`. */
  readonly webSocketProtocol: string | undefined;
  /** Web origins besides the gateway's own whose pages may act with a token that the browser adds by itself. */
  readonly mayActFrom: (webOrigin: string) => boolean;
}

export interface HeaderLocation {
  readonly location: "authorization" | "header";
  readonly name: string;
  /** The word before the token, in lower case; empty for a token that stands alone. */
  readonly scheme: string;
}

export interface CookieLocation {
  readonly name: string;
  /** Every occurrence of the cookie, wherever a lenient parser might begin one. */
  readonly occurrences: RegExp;
}

export type CredentialProblem =
  | BearerProblem
  /** A browser sends the token with requests of any page, and a page of another site has made this one. */
  | { readonly code: "cross_site_request" };

/** RFC 6265 section 4.1.1: a token of RFC 9110. */
export const COOKIE_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;

/** RFC 9110 section 11.1, as schemes are written. */
export const SCHEME = /^[A-Za-z][A-Za-z0-9._-]{0,31}$/;

const SUBPROTOCOLS = "sec-websocket-protocol";

/** @param name as {@link COOKIE_NAME} */
export function cookieLocation(name: string): CookieLocation {
  const literal = name.replaceAll(/[$*+.^|]/g, String.raw`\$&`);
  // Two Cookie headers arrive joined by a comma.
  const occurrences = new RegExp(`(?:^|[;,])[ \\t]*${literal}[ \\t]*=([^;,]*)`, "g");
  return { name, occurrences };
}

/**
 * The one token of a request. More than one is refused, wherever they stand and even if they are equal: one parser would
 * take the first and another the last.
 */
export function readToken(request: Request, locations: LocationConfig): Result<string, CredentialProblem> {
  const found = credentialsOf(request, locations);
  const [only, another] = found;
  const token = another === undefined ? only?.token : unreadable("several_credentials");
  if (only === undefined || token === undefined) return err({ code: "token_missing" });
  if (!token.ok && token.error.code === "invalid_request") {
    const places = found.map(({ place }) => place).join(" and ");
    const detail = `Send one token, in one place. This request has credentials in ${places}.`;
    return err({ ...token.error, answer: { detail } });
  }
  return only.isAmbient && mayBeCrossSite(request, locations) ? err({ code: "cross_site_request" }) : token;
}

interface Credential {
  readonly location: TokenLocation;
  /** In words, for the client. */
  readonly place: string;
  /** A browser, or Cloudflare Access for it, adds it to requests of any page. */
  readonly isAmbient: boolean;
  readonly token: Result<string, BearerProblem>;
}

/** The credentials in each location that is switched on; a location without credentials is left out. */
export function credentialsOf({ headers }: Request, locations: LocationConfig): readonly Credential[] {
  const { cookie, webSocketProtocol } = locations;
  const found: Credential[] = locations.headers.map(({ location, name, scheme }) => ({
    location,
    place: `the header ${name}`,
    isAmbient: name.startsWith("cf-access-"),
    token: readHeader(headers.get(name), scheme, location),
  }));
  if (cookie !== undefined) {
    const token = readCookie(headers.get("cookie"), cookie);
    found.push({ location: "cookie", place: `the cookie ${cookie.name}`, isAmbient: true, token });
  }
  if (webSocketProtocol !== undefined && isWebSocketUpgrade(headers)) {
    const token = readSubprotocol(headers.get(SUBPROTOCOLS), webSocketProtocol);
    found.push({ location: "websocket", place: `the subprotocol after ${webSocketProtocol}`, isAmbient: false, token });
  }
  return found.filter(({ token }) => token.ok || token.error.code !== "token_missing");
}

/** A header of its own holds nothing else: what is no token there is a mistake, and not for the origin to see. */
function readHeader(
  value: string | null,
  scheme: string,
  location: HeaderLocation["location"],
): Result<string, BearerProblem> {
  const token = readBearerToken(value, scheme);
  const isForeign = location === "header" && !token.ok && token.error.code === "token_missing" && (value ?? "") !== "";
  return isForeign ? unreadable("credentials_malformed") : token;
}

function readCookie(header: string | null, { occurrences }: CookieLocation): Result<string, BearerProblem> {
  // With two of them the request is refused; there is no need to look for a third.
  const [first, second] = header?.matchAll(occurrences) ?? [];
  if (second !== undefined) return unreadable("several_credentials");
  const sent = trimBlanks(first?.[1] ?? "");
  // RFC 6265 section 4.1.1: the quotation marks are no part of the value.
  const value = /^"[^"]*"$/.test(sent) ? sent.slice(1, -1) : sent;
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
export function mayForwardAuthorization(
  headers: Headers,
  isVerified: boolean,
  { headers: places }: LocationConfig,
): boolean {
  const own = places.find(({ location }) => location === "authorization");
  return own !== undefined && (!isVerified || readBearerToken(headers.get(own.name), own.scheme).ok);
}

const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];

/**
 * Cross-site request forgery: true unless the browser says that the request comes from here or from a trusted origin, or
 * it is no request that could change anything. A WebSocket is never such a request: CORS does not hold it back.
 * `Sec-Fetch-Site` first, `Origin` for browsers without it; a client that sends neither header is not a browser, and has
 * chosen to send the cookie (Fetch Metadata section 2.3; RFC 6455 section 10.2).
 */
function mayBeCrossSite({ method, headers, url }: Request, { mayActFrom }: LocationConfig): boolean {
  if (SAFE_METHODS.includes(method) && !isWebSocketUpgrade(headers)) return false;
  const site = headers.get("sec-fetch-site");
  if (site === "same-origin" || site === "none") return false;
  const webOrigin = headers.get("origin");
  if (webOrigin !== null && mayActFrom(webOrigin)) return false;
  if (site !== null) return true;
  return webOrigin !== null && webOrigin !== new URL(url).origin;
}

/**
 * Removes the token from what goes to the origin, in every location that is switched on and wherever it occurs there.
 * Other cookies and subprotocols stay as they were written.
 */
export function removeToken(headers: Headers, { headers: places, cookie, webSocketProtocol }: LocationConfig): void {
  for (const { name } of places) headers.delete(name);
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
