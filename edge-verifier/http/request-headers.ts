/**
 * Which of a client's headers an origin may see. Decides by name only; setting the gateway's own headers is the proxy's
 * work. Names are compared as the most lenient origin would: CGI, WSGI, PHP and others fold `-`, `_` and `.` into one.
 */
import { IDENTITY_PREFIX } from "./identity.ts";

/**
 * Only the gateway may say what such headers say. `cf-access-`: Cloudflare Access has not admitted the caller. `x-original-url`,
 * `x-http-method-override`: would replace the path or the method that the policy has decided on. `true-client-ip`,
 * `fastly-client-ip`: an address that a client has made up.
 */
const REMOVED = new RegExp(`^(?:x-forwarded|${IDENTITY_PREFIX}|cf-access-|x-original-|x-http-method)|client-ip$`);

/** The platform and the browser set such headers. `cf_ray`, another spelling, can only be the client's. */
const PLATFORM = /^(?:cf|cdn|sec|if|content|accept|access-control)-/;

/** RFC 9110 section 7.6.1, RFC 2616 section 13.5.1, and what browsers once made of it. `Upgrade` is decided by its value. */
export const HOP_BY_HOP: readonly string[] = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "trailers",
  "transfer-encoding",
];

const ALWAYS_REMOVED = [
  ...HOP_BY_HOP,
  // As `x-http-method-override` and `x-original-url`.
  "x-method-override",
  "x-rewrite-url",
  // CGI makes it HTTP_PROXY, which programs there take for their own proxy (CVE-2016-5385).
  "proxy",
  // Only the gateway says where the request came from.
  "forwarded",
  "x-host",
  "x-real-ip",
  // Set again, from what has been checked.
  "x-request-id",
];

/** Besides those above, these headers cannot tell an origin who calls: they address, frame or authorise the message. */
const NOT_FOR_IDENTITY = [
  "accept-encoding",
  "authorization",
  "content-encoding",
  "content-length",
  "content-type",
  "cookie",
  "expect",
  "host",
  "origin",
  "range",
  "referer",
  "upgrade",
];

/** Whether a header of this name can speak for the caller. Letters, digits and hyphens only: nothing to fold. */
export function isIdentityHeaderName(name: string): boolean {
  return (
    /^[a-z](?:-?[a-z0-9])*$/.test(name) &&
    name.length <= 64 &&
    !ALWAYS_REMOVED.includes(name) &&
    !NOT_FOR_IDENTITY.includes(name) &&
    !/client-ip$|^(?:x-forwarded|x-original-|x-http-method|if-|sec-|cf-(?!access-))/.test(name)
  );
}

/** Whether a client cannot send a header of this name, in lower case as `Headers` iterates. */
export type RemovedNames = (name: string) => boolean;

/** Names whose folded form is known; clients invent names, so there is a bound. */
const MAX_KNOWN_NAMES = 256;

/** What a client cannot send: the fixed list, and what speaks for the caller. Clients send the same few names all the time. */
export function removedNames(identityHeaders: readonly { readonly name: string }[]): RemovedNames {
  const removed = new Set([...ALWAYS_REMOVED, ...identityHeaders.map(({ name }) => name)]);
  const known = new Map<string, boolean>();
  return (name) => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const folded = name.replaceAll(/[^a-z0-9-]/g, "-");
    const verdict = removed.has(folded) || REMOVED.test(folded) || (folded !== name && PLATFORM.test(folded));
    if (known.size < MAX_KNOWN_NAMES && name.length <= 64) known.set(name, verdict);
    return verdict;
  };
}

/**
 * The names of the headers that must not reach the origin.
 * @param isRemoved from {@link removedNames}
 * @param keepAuthorization false: the token stays here
 */
export function unwantedHeaders(
  headers: Headers,
  isRemoved: RemovedNames,
  keepAuthorization: boolean,
): readonly string[] {
  const unwanted: string[] = [];
  for (const name of headers.keys()) {
    if (isRemoved(name)) {
      unwanted.push(name);
      // RFC 9110 section 7.6.1: "Connection" names further headers that are meant for this hop only.
      if (name === "connection") unwanted.push(...namedBy(headers.get(name) ?? ""));
    } else if (name === "upgrade" && headers.get(name)?.toLowerCase() !== "websocket") {
      // WebSocket is the only upgrade that the platform can pass on; h2c would smuggle requests past the gateway.
      unwanted.push(name);
    } else if (name === "authorization" && !keepAuthorization) {
      unwanted.push(name);
    }
  }
  return unwanted;
}

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** Content-Length and Host frame and address the message and cannot be hop-by-hop; Upgrade is decided by its value. */
const NEVER_NAMED = ["content-length", "host", "upgrade"];

/** Names of headers take less; what a longer list names stays, which harms the client alone. */
const MAX_CONNECTION_LENGTH = 1024;

/** The names listed in `Connection`. */
export function namedBy(connection: string): readonly string[] {
  const names = connection
    .slice(0, MAX_CONNECTION_LENGTH)
    .split(",")
    .map((name) => name.trim().toLowerCase());
  return names.filter((name) => TOKEN.test(name) && !NEVER_NAMED.includes(name));
}
