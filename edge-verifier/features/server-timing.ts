/**
 * The feature `serverTiming`: what a request has waited for, for the client's developer tools (`SERVER_TIMING`; W3C Server
 * Timing).
 */
import type { Feature } from "../request/hooks.ts";
import type { RequestEvent } from "../request/event.ts";

const HEADER = "server-timing";

export const serverTiming: Feature = {
  name: "serverTiming",
  read({ env, report }) {
    const value = env["SERVER_TIMING"] ?? "false";
    if (value !== "true" && value !== "false") report("SERVER_TIMING", 'must be "true" or "false"');
    if (value !== "true") return {};
    return {
      onResponse: (headers, _request, event) => {
        const timing = serverTimingOf(event);
        // Appended: the origin may have durations of its own.
        if (timing !== undefined) headers.append(HEADER, timing);
      },
    };
  },
};

function serverTimingOf({ keysMs, originMs }: Partial<RequestEvent>): string | undefined {
  const parts = [
    ...(keysMs === undefined ? [] : [`keys;dur=${keysMs}`]),
    ...(originMs === undefined ? [] : [`origin;dur=${originMs}`]),
  ];
  return parts.length === 0 ? undefined : parts.join(", ");
}
