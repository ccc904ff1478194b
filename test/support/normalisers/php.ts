/**
 * PHP behind Apache: `ap_normalize_path` and `ap_unescape_url_ex` in server/util.c (httpd 2.4), called by
 * `ap_process_request_internal` in server/request.c: unreserved escapes decoded, slashes merged, dot segments removed, then
 * everything decoded; `%2F` and `%00` are 404 unless `AllowEncodedSlashes` is on. Frameworks read REQUEST_URI instead and
 * decode it once (`rawurldecode`, Symfony's Request::preparePathInfo and UrlMatcher). As CGI on Windows, text goes through
 * the ANSI code page, where characters that it lacks become similar ones (CVE-2024-4577;
 * unicode.org/Public/MAPPINGS/VENDORS/MICSFT/WindowsBestFit/bestfit1252.txt).
 */
import { clampSegments, decodeLeniently, decodeOctets, readingOf, resolveSegments } from "./parts.ts";
import type { Normaliser, Reading } from "./parts.ts";

export const php: Normaliser = {
  name: "PHP (Apache, CGI)",
  readings(path) {
    const decoded = decodeLeniently(path);
    const cut = decoded.split("/").filter((segment) => segment !== "");
    return [
      ...apache(path),
      ...readingOf(cut),
      ...readingOf(clampSegments(bestFit(decoded).replaceAll("\\", "/")), true),
    ];
  },
};

function apache(path: string): readonly Reading[] {
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) return [];
  const octets = decodeOctets(path);
  return octets.includes(0) ? [] : readingOf(resolveSegments(octets.toString("utf8")));
}

/** The part of the table whose right side is ASCII, with the soft hyphen of code page 932. */
const BEST_FIT: Readonly<Record<string, string>> = {
  "\u00ad": "-",
  "\u0111": "d",
  "\u0127": "h",
  "\u0131": "i",
  "\u0142": "l",
  "\u0167": "t",
  "\u0180": "b",
  "\u0261": "g",
  "\u03b1": "a",
  "\u03b4": "d",
  "\u03b5": "e",
  "\u03c0": "p",
  "\u03c3": "s",
  "\u03c4": "t",
  "\u03c6": "f",
  "\u2010": "-",
  "\u2011": "-",
  "\u2044": "/",
  "\u2215": "/",
  "\u2216": "\\",
  "\u2236": ":",
};

function bestFit(text: string): string {
  // Letters with marks become the letter, full width becomes half width.
  const plain = text.normalize("NFKD").replaceAll(/\p{M}/gu, "");
  return plain.replaceAll(/[^ -~]/gu, (character) => BEST_FIT[character] ?? character);
}
