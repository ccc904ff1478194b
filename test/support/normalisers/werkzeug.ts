/**
 * Python WSGI with werkzeug (Flask): PEP 3333 wants PATH_INFO decoded; gunicorn does it with `unquote_to_wsgi_str`
 * (gunicorn/util.py), werkzeug turns it into text with replacement characters (`_wsgi_decoding_dance`, werkzeug/_internal.py)
 * and merges slashes (`Map(merge_slashes=True)`, werkzeug/routing/map.py). Dot segments are left alone by both; uWSGI and
 * `safe_join` for files resolve them.
 */
import { clampSegments, decodeLeniently, decodeOctets, readingOf } from "./parts.ts";
import type { Normaliser } from "./parts.ts";

const merged = (path: string): readonly string[] => path.split("/").filter((segment) => segment !== "");

export const werkzeug: Normaliser = {
  name: "Python WSGI (werkzeug)",
  readings(path) {
    const decoded = decodeLeniently(path);
    return [
      ...readingOf(merged(decoded)),
      // An application that takes PATH_INFO as it is, in Latin-1.
      ...readingOf(merged(decodeOctets(path).toString("latin1"))),
      ...readingOf(clampSegments(decoded)),
    ];
  },
};
