/**
 * Origins that cut a path at a dot, after decoding it. Format suffixes: Rails (`(.:format)`, guides.rubyonrails.org/routing.html),
 * Spring before 5.3 (`suffixPatternMatch`, docs.spring.io "Suffix Match"), ASP.NET Web API (`UriPathExtensionMapping`).
 * PATH_INFO (RFC 3875 section 4.1.5): what follows a file is for the script (Apache `AcceptPathInfo`, nginx
 * `fastcgi_split_path_info ^(.+\.php)(/.*)$`, IIS). An origin may do so for some suffixes only; which ones, its models
 * leave open, so that only the rules that are reached this way count.
 */
import { clampSegments, decodeLeniently } from "./parts.ts";
import type { Normaliser } from "./parts.ts";

export const suffixes: Normaliser = {
  name: "format suffixes and PATH_INFO",
  readings(path) {
    const segments = clampSegments(decodeLeniently(path));
    return segments.flatMap((segment, depth) => {
      const above = segments.slice(0, depth);
      const dots = [...segment.matchAll(/\./g)].map(({ index }) => index);
      if (dots.length === 0) return [];
      const cut = dots.map((dot) => (dot === 0 ? above : [...above, segment.slice(0, dot)]));
      return [...cut, [...above, segment]].flatMap((left) => [
        { segments: left, foldsCase: false, cut: true },
        { segments: left, foldsCase: true, cut: true },
      ]);
    });
  },
};
