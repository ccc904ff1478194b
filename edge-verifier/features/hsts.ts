/**
 * The feature `hsts`: `Strict-Transport-Security` (RFC 6797) where the origin sets none (`HSTS_MAX_AGE_SECONDS`).
 */
import { readWholeNumber } from "../config/values.ts";
import type { Feature } from "../request/hooks.ts";

/** Two years, which is what preload lists ask for. */
const MAX_HSTS_SECONDS = 63_072_000;

const HEADER = "strict-transport-security";

export const hsts: Feature = {
  name: "hsts",
  read({ env, report }) {
    const variable = "HSTS_MAX_AGE_SECONDS";
    if (env[variable] === undefined) return {};
    const seconds = readWholeNumber(env[variable]);
    if (seconds === undefined || seconds < 0 || seconds > MAX_HSTS_SECONDS) {
      report(variable, `must be a whole number from 0 to ${MAX_HSTS_SECONDS}`);
      return {};
    }
    return {
      onResponse: (headers) => {
        if (!headers.has(HEADER)) headers.set(HEADER, `max-age=${seconds}`);
      },
    };
  },
};
