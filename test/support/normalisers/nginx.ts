/**
 * nginx: `ngx_http_parse_complex_uri` in src/http/ngx_http_parse.c (and "normalized URI" at
 * nginx.org/en/docs/http/ngx_http_core_module.html#location). Decodes once; slashes and dots count whether they were
 * escaped or not; `merge_slashes` is on; NUL and a way above the root are 400; `#` ends the path.
 */
import { decodeOctets, readingOf, resolveSegments } from "./parts.ts";
import type { Normaliser } from "./parts.ts";

export const nginx: Normaliser = {
  name: "nginx",
  readings(path) {
    const [beforeFragment = ""] = path.split("#");
    if (/%(?![0-9A-Fa-f]{2})/.test(beforeFragment)) return [];
    const octets = decodeOctets(beforeFragment);
    if (octets.includes(0)) return [];
    const segments = resolveSegments(octets.toString("utf8"));
    // Locations are compared without regard to case where file systems are (Cygwin and macOS, says the documentation).
    return [...readingOf(segments), ...readingOf(segments, true)];
  },
};
