/**
 * The feature `cors`: which web origins may read answers (`CORS_ORIGINS`, `CORS_CREDENTIALS`). How is in http/cors.ts.
 */
import { isAbsent, readList } from "../config/values.ts";
import type { Feature } from "../request/hooks.ts";
import { answerPreflight, setCors } from "../http/cors.ts";

export const cors: Feature = {
  name: "cors",
  read({ env, report }) {
    const credentials = env["CORS_CREDENTIALS"] ?? "false";
    if (credentials !== "true" && credentials !== "false") report("CORS_CREDENTIALS", 'must be "true" or "false"');
    if (isAbsent(env["CORS_ORIGINS"])) {
      if (credentials === "true")
        report("CORS_CREDENTIALS", "has no effect without CORS_ORIGINS: list the web origins there");
      return {};
    }
    const origins = readList(env["CORS_ORIGINS"]);
    if (origins === undefined || origins.length === 0 || !origins.every(isWebOrigin)) {
      report(
        "CORS_ORIGINS",
        "must be a comma-separated list of origins as browsers send them: https://app.example.com, without a path; no * (each host by its name) and no null",
      );
      return {};
    }
    const config = { origins: new Set(origins), credentials: credentials === "true" };
    return {
      preflight: (request, findRoute) => answerPreflight(request, config, findRoute),
      dress: (headers, request) => setCors(headers, request, config),
    };
  },
};

/** Serialised as a browser does it (lower case, no default port, no slash), so that comparing texts is enough. */
function isWebOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text && !/[*,]/.test(text);
}
