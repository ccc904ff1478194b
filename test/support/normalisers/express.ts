/**
 * Express 4 and 5. The router matches the raw path without regard to case (`caseSensitive: false`, expressjs.com/en/api.html
 * #express.router) after `parseurl` (lib index.js: `fastparse`, which falls back to `url.parse` for unusual characters, and
 * that turns backslashes into slashes); parameters are decoded. Files are found by `send` (index.js: `decode`,
 * `UP_PATH_REGEXP`, `normalize`), on POSIX and on Windows.
 */
import { posix, win32 } from "node:path";
import { clampSegments, decodeStrictly, readingOf } from "./parts.ts";
import type { Normaliser, Reading } from "./parts.ts";

const UP_PATH = /(?:^|[\\/])\.\.(?:[\\/]|$)/;

export const express: Normaliser = {
  name: "Express",
  readings(path) {
    const decoded = decodeStrictly(path);
    // A parameter that cannot be decoded, and a file whose name cannot, are 400.
    if (decoded === undefined) return [];
    return [...routed(path), ...files(decoded)];
  },
};

/** Segments as routes see them: parameters decoded, but after the path was cut. */
function routed(path: string): readonly Reading[] {
  const pathname = /[\t\n\f\r #\u00a0\ufeff]/.test(path) ? (path.replaceAll("\\", "/").split("#")[0] ?? "") : path;
  const cut = pathname.split("/").slice(1);
  if (cut.at(-1) === "") cut.pop();
  const decoded = cut.map((segment) => decodeStrictly(segment) ?? segment);
  // Literals are compared raw, parameters are seen decoded: both readings.
  return [
    { segments: cut, foldsCase: true },
    { segments: decoded, foldsCase: true },
  ];
}

function files(decoded: string): readonly Reading[] {
  if (decoded.includes("\0") || UP_PATH.test(decoded)) return [];
  const onWindows = win32.normalize(`.${decoded}`).replaceAll("\\", "/");
  return [
    ...readingOf(clampSegments(posix.normalize(`./${decoded}`))),
    ...readingOf(
      clampSegments(onWindows).map((segment) => segment.replace(/[. ]+$/, "")),
      true,
    ),
  ];
}
