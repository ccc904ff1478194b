/**
 * What has to be corrected in the origin's answer: redirects that point at the origin itself, and
 * answers to somebody that a shared cache could take for answers to anybody. Everything else comes back as it is.
 */
import type { RequestTarget } from "./path-guard.ts";

export type HeaderList = readonly (readonly [name: string, value: string])[];

/** Whoever writes one of these has thought of shared caches (RFC 9111 section 5.2.2). */
const DECIDED = /(?:^|[\s,])(?:private|no-store|public|s-maxage)(?:$|[\s,=])/i;

/**
 * @param answer a copy of the origin's: its headers are changed here
 * @param guarded the rule looks at tokens, whether or not there was one
 * @param base the origin's: scheme, authority and path prefix, without a slash at the end
 */
export function correctHeaders(
  { status, headers }: Response,
  target: RequestTarget,
  guarded: boolean,
  base: string,
): void {
  if (guarded) {
    const caching = headers.get("cache-control");
    // Without an Authorization header nothing tells a cache that the answer is for one caller only (RFC 9111 section 3.5).
    if (caching === null) headers.set("cache-control", "private");
    else if (!DECIDED.test(caching)) headers.set("cache-control", `${caching}, private`);
  }
  if (status === 201 || (status >= 300 && status < 400)) {
    for (const name of ["location", "content-location"]) {
      const moved = publicUrl(headers.get(name) ?? "", target, base);
      if (moved !== undefined) headers.set(name, moved);
    }
  }
}

/**
 * The gateway's own URL for one of the origin's: the origin's host is nobody's business, and may not even be reachable.
 * @returns undefined when the client, who resolves it against the gateway's URL, goes there anyway, or when it leads elsewhere
 */
function publicUrl(url: string, { scheme, authority, path }: RequestTarget, base: string): string | undefined {
  const there = URL.parse(url, base + path)?.href ?? "";
  const own = `${scheme}://${authority}`;
  const here = own + there.slice(base.length);
  if (!there.startsWith(base) || !/[/?#]/.test(there.charAt(base.length) || "/")) return undefined;
  return URL.parse(url, own + path)?.href === here ? undefined : here;
}
