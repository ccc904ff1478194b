/**
 * What has to be corrected in the origin's answer: redirects that point at the origin itself, headers that are not for the
 * client, and answers to one caller that a shared cache could take for answers to all. Everything else comes back as it is.
 */
import { IDENTITY_PREFIX } from "./identity.ts";
import { HOP_BY_HOP, namedBy } from "./request-headers.ts";
import type { RequestTarget } from "./path-guard.ts";

/** An origin that sends one of these has decided about shared caches (RFC 9111 section 5.2.2). */
const DECIDED = /(?:^|[\s,])(?:private|no-store|public|s-maxage)(?:$|[\s,=])/i;

/** Where the origin's paths are, there and here. */
export interface Place {
  /** Scheme, authority and path prefix of the origin, without a slash at the end. */
  readonly base: string;
  /** What stands in the gateway's paths instead of it. */
  readonly mount: string;
}

/** The path that the origin gets for one of the gateway's. */
export function originPath(path: string, { mount }: Place): string {
  return path.slice(mount.length) || "/";
}

/**
 * @param answer a copy of the origin's: its headers are changed here
 * @param guarded the rule looks at tokens, whether or not there was one
 */
export function correctHeaders(
  { status, headers }: Response,
  target: RequestTarget,
  guarded: boolean,
  origin: Place,
): void {
  removeHopHeaders(headers);
  if (guarded) {
    const caching = headers.get("Cache-Control");
    // Without an Authorization header nothing tells a cache that the answer is for one caller only (RFC 9111 section 3.5).
    if (caching === null) headers.set("Cache-Control", "private");
    else if (!DECIDED.test(caching)) headers.set("Cache-Control", `${caching}, private`);
  }
  if (status === 201 || (status >= 300 && status < 400)) {
    for (const name of ["location", "content-location"]) {
      const moved = publicUrl(headers.get(name) ?? "", target, origin);
      if (moved !== undefined) headers.set(name, moved);
    }
  }
}

/** What is meant for the connection between gateway and origin only (RFC 9110 section 7.6.1). */
function removeHopHeaders(headers: Headers): void {
  const connection = headers.get("connection");
  if (connection !== null) for (const name of namedBy(connection)) headers.delete(name);
  for (const name of ONLY_HERE) headers.delete(name);
}

const ONLY_HERE = [...HOP_BY_HOP, "upgrade"];

/** An assertion that the origin has echoed: with it a client could speak to the origin itself for some seconds. */
export const NEVER_ANSWERED: string = `${IDENTITY_PREFIX}assertion`;

/**
 * The gateway's own URL for one of the origin's: the origin's host is not for clients, who may not even reach it.
 * @returns undefined when the client, who resolves it against the gateway's URL, goes there anyway, or when it leads elsewhere
 */
function publicUrl(url: string, { scheme, authority, path }: RequestTarget, origin: Place): string | undefined {
  const { base, mount } = origin;
  const there = URL.parse(url, base + originPath(path, origin))?.href ?? "";
  const own = `${scheme}://${authority}`;
  const here = own + mount + there.slice(base.length);
  if (!there.startsWith(base) || !/[/?#]/.test(there.charAt(base.length) || "/")) return undefined;
  return URL.parse(url, own + path)?.href === here ? undefined : here;
}
