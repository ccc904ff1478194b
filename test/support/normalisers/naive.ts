/**
 * What application code does to a path by hand: the one-liners of wrappers, filters and handlers, each by itself. They handle
 * the first occurrence only, or the last segment only, or take a path for a URL, and are why it is not enough to ask what
 * servers do: `split(";")[0]`, Python's `urllib.parse.urlparse` (parameters of the last segment), filters that know
 * `;jsessionid` only, `replace` in JavaScript (the first one), `new URL(path, base)` ("//host/path" names a host).
 */
import { clampSegments, decodeLeniently } from "./parts.ts";
import type { Normaliser } from "./parts.ts";

const ONE_LINERS: readonly ((path: string) => string)[] = [
  (path) => path.split(";")[0] ?? "",
  (path) => path.replace(/;[^/]*$/, ""),
  (path) => path.replaceAll(/;[^/]*/g, ""),
  (path) => path.replaceAll(/;jsessionid=[^;/]*/gi, ""),
  (path) => path.replace(/%2f/i, "/"),
  (path) => path.replaceAll("%2F", "/"),
  (path) => decodeLeniently(path).replaceAll(/;[^/]*/g, ""),
  (path) => path.replace("//", "/"),
  (path) => path.replaceAll(/\/{2,}/g, "/"),
  (path) => URL.parse(path, "http://origin.invalid")?.pathname ?? path,
  (path) => URL.parse(path.replaceAll(/;[^/]*/g, ""), "http://origin.invalid")?.pathname ?? path,
  (path) => URL.parse(decodeLeniently(path), "http://origin.invalid")?.pathname ?? path,
  // Decoded twice; and what a decoded hash or question mark ends.
  (path) => decodeLeniently(path),
  (path) => decodeLeniently(path).split("#")[0] ?? "",
  (path) => decodeLeniently(path).split("?")[0] ?? "",
  (path) =>
    decodeLeniently(path)
      .replace(/[?#].*/s, "")
      .replaceAll(/;[^/]*/g, ""),
  // The same behind a mount point, which has been cut off.
  (path) => path.replace(/\/\/[^/]*/, ""),
  (path) => decodeLeniently(path).replace(/\/\/[^/]*/, ""),
  (path) => path.replaceAll(/;[^/]*/g, "").replace(/\/\/[^/]*/, ""),
];

export const naive: Normaliser = {
  name: "naive code",
  readings: (path) =>
    ONE_LINERS.flatMap((read) => {
      const text = read(path);
      // Cut first and then decoded, with empty segments and without; decoded and then cut.
      const cut = text.split("/").slice(1);
      const segments = cut.at(-1) === "" ? cut.slice(0, -1) : cut;
      return [
        segments.map(decodeLeniently),
        clampSegments(text).map(decodeLeniently),
        clampSegments(decodeLeniently(text)),
      ];
    }).map((segments) => ({ segments, foldsCase: false })),
};
