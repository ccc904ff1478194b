/**
 * Which of a client's headers an origin may see. Decides by name only; setting the gateway's own headers is the proxy's
 * work. Names are compared as the most lenient origin would: CGI, WSGI, PHP and others fold `-`, `_` and `.` into one.
 */
import { IDENTITY_PREFIX } from "./identity.ts";

const FORWARDED_PREFIX = "x-forwarded-";

const REMOVED: ReadonlySet<string> = new Set([
  // Hop-by-hop: RFC 9110 section 7.6.1, RFC 2616 section 13.5.1, and what browsers once made of it. `upgrade` is decided
  // by value, below.
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "trailers",
  "transfer-encoding",
  // Would replace the method or the path that the policy has decided on.
  "x-http-method",
  "x-http-method-override",
  "x-method-override",
  "x-original-url",
  "x-original-uri",
  "x-rewrite-url",
  // Where the request came from is the gateway's to say.
  "forwarded",
  "x-real-ip",
]);

/**
 * The names of the headers that must not reach the origin.
 * @param keepAuthorization false: the token stays here
 */
export function unwantedHeaders(headers: Headers, keepAuthorization: boolean): readonly string[] {
  const unwanted: string[] = [];
  for (const name of headers.keys()) {
    const folded = foldName(name);
    if (REMOVED.has(folded) || folded.startsWith(FORWARDED_PREFIX) || folded.startsWith(IDENTITY_PREFIX)) {
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

const HYPHEN = 0x2d;

/**
 * A name with everything but letters and digits turned into hyphens.
 * @param name in lower case, as `Headers` iterates
 */
function foldName(name: string): string {
  for (let index = 0; index < name.length; index += 1) {
    const code = name.charCodeAt(index);
    const isPlain = (code >= 0x61 && code <= 0x7a) || code === HYPHEN || (code >= 0x30 && code <= 0x39);
    if (!isPlain) return name.replaceAll(/[^a-z0-9-]/g, "-");
  }
  return name;
}

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

/** The names listed in `Connection`. Content-Length and Host frame and address the message and cannot be hop-by-hop. */
function namedBy(connection: string): readonly string[] {
  const names = connection.split(",").map((name) => name.trim().toLowerCase());
  return names.filter((name) => TOKEN.test(name) && name !== "content-length" && name !== "host");
}
