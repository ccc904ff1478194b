/**
 * Go `net/http.ServeMux`: `(*ServeMux).findHandler` and `cleanPath` in src/net/http/server.go, `matchPath` in
 * src/net/http/routing_tree.go, `setPath` and `unescape` in src/net/url/url.go. Up to Go 1.21 the decoded path is cleaned
 * and matched; since 1.22 the escaped path is cleaned and cut, and each segment decoded. A path that is not clean is
 * redirected to the clean one, which is what the client then gets.
 */
import { clampSegments, decodeLeniently, readingOf } from "./parts.ts";
import type { Normaliser } from "./parts.ts";

export const go: Normaliser = {
  name: "Go net/http",
  readings(path) {
    if (/%(?![0-9A-Fa-f]{2})/.test(path)) return [];
    return [
      ...readingOf(clampSegments(decodeLeniently(path))),
      ...readingOf(clampSegments(path).map((segment) => decodeLeniently(segment))),
    ];
  },
};
