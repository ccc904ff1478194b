/**
 * IIS: HTTP.sys decodes once, as UTF-8 and, where the registry allows it, `%uXXXX`; backslashes become slashes and dot
 * segments are removed (learn.microsoft.com/troubleshoot/developer/webapps/iis/iisadmin-service-inetinfo/httpsys-registry
 * -windows; RFC 3986 as in System.Uri). Routing does not regard case. Files are found by Win32, which drops dots and spaces
 * at the end of a name (learn.microsoft.com/windows/win32/fileio/naming-a-file). A colon in a file's name is refused since
 * MS98-003. ASP.NET before 4.8.1 (CVE-2023-36899) takes sessions without cookies, "(S(x))", out of paths, wherever they stand.
 */
import { clampSegments, decodeLeniently, readingOf } from "./parts.ts";
import type { Normaliser } from "./parts.ts";

export const iis: Normaliser = {
  name: "IIS",
  readings(path) {
    const unified = path.replaceAll(/%u([0-9A-Fa-f]{4})/g, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    );
    const decoded = decodeLeniently(unified).replaceAll("\\", "/");
    if (decoded.includes("\0")) return [];
    const segments = clampSegments(decoded);
    const names = segments.map((segment) => segment.replace(/[. ]+$/, "")).filter((segment) => segment !== "");
    const withoutSession = clampSegments(decoded.replaceAll(/\((?:[a-z]\([^)]*\))+\)/gi, ""));
    return [
      ...readingOf(segments, true),
      ...(decoded.includes(":") ? [] : readingOf(names, true)),
      ...readingOf(withoutSession, true),
    ];
  },
};
