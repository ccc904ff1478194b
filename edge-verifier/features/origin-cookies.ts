/**
 * The feature `originCookies`: cookies that an origin sets for its own host and paths become cookies of the gateway's, as redirects
 * do in every gateway. Switched on by being listed.
 */
import type { RequestTarget } from "../http/path-guard.ts";
import type { Place } from "../http/response-headers.ts";
import type { Feature } from "../request/hooks.ts";

const HEADER = "set-cookie";

export const originCookies: Feature = {
  name: "originCookies",
  read: () => ({
    onOriginAnswer(headers, target, origin) {
      const cookies = headers.getSetCookie();
      const corrected = cookies.map((cookie) => correctCookie(cookie, target, origin));
      // A header that is written anew becomes UTF-8.
      if (corrected.join("\n") === cookies.join("\n")) return;
      headers.delete(HEADER);
      for (const cookie of corrected) headers.append(HEADER, cookie);
    },
  }),
};

/**
 * Changes the attributes `Path` and `Domain` (RFC 6265 section 5.2); name, value and other attributes stay as they are.
 *
 * A path at or below the origin's base path is the same path behind the mount; one above it is the mount: at the origin, too, it
 * is sent to all that is reached from here. Any other path leads elsewhere, and stays. A domain that is the origin's and not the
 * gateway's goes, so that the cookie belongs to the gateway's host alone.
 */
export function correctCookie(cookie: string, { authority }: RequestTarget, { base, mount }: Place): string {
  const { hostname, pathname } = new URL(base);
  const here = authority.replace(/:\d+$/, "").toLowerCase();
  const below = pathname === "/" ? "" : pathname;
  const [pair = "", ...attributes] = cookie.split(";");
  const kept = attributes.flatMap((attribute) => {
    const equals = attribute.indexOf("=");
    const name = attribute.slice(0, Math.max(0, equals)).trim().toLowerCase();
    const value = attribute.slice(equals + 1).trim();
    if (name === "domain") {
      const domain = value.toLowerCase().replace(/^\./, "");
      return isWithin(hostname, domain) && !isWithin(here, domain) ? [] : [attribute];
    }
    // RFC 6265 section 5.2.4: any other value means the path of the request, which is right here too.
    const path = name === "path" && value.startsWith("/") ? pathHere(value, below, mount) : value;
    return path === value ? [attribute] : [` Path=${path}`];
  });
  return [pair, ...kept].join(";");
}

function pathHere(path: string, below: string, mount: string): string {
  if (path !== "/" && (path === below || path.startsWith(`${below}/`))) return mount + path.slice(below.length) || "/";
  // "/" and "/v" are above "/v/2": at the origin the cookie is sent to all of the base path.
  return path === "/" || below.startsWith(path.endsWith("/") ? path : `${path}/`) ? mount || "/" : path;
}

/** Whether a host is a domain or lies below it. */
function isWithin(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}
