/**
 * What is used of a rate limiting binding. It counts per location, approximately, and says no more than yes or no
 * (developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit): damping, not accounting.
 */
import type { Report } from "../config/config.ts";
import { canDo, readWholeNumber } from "../config/values.ts";
import type { Bindings } from "../config/values.ts";

export interface RateLimiter {
  /** Whether the key has been used too often. A binding that fails limits no client. */
  isOverLimit(key: string): Promise<boolean>;
  /** When to try again: the binding's period. */
  readonly retryAfter: Readonly<Record<"Retry-After", string>>;
}

/** The periods that a binding can have, in seconds. A binding does not tell its own. */
const PERIODS_SECONDS = [10, 60];

const DEFAULT_PERIOD_SECONDS = 60;

/**
 * Reads the binding `name` and the variable `<name>_PERIOD_SECONDS`.
 * @returns undefined without the binding, or when something is wrong with it
 */
export function readRateLimiter(env: Bindings, name: string, report: Report): RateLimiter | undefined {
  const binding = env[name];
  const variable = `${name}_PERIOD_SECONDS`;
  const periodSeconds = readWholeNumber(env[variable] ?? DEFAULT_PERIOD_SECONDS) ?? 0;
  if (!PERIODS_SECONDS.includes(periodSeconds)) report(variable, "must be the period of the binding: 10 or 60");
  if (binding === undefined && env[variable] !== undefined)
    report(variable, `has no effect without the binding ${name}`);
  if (binding === undefined) return undefined;
  if (!isBinding(binding)) return report(name, "must be a rate limiting binding");
  return {
    retryAfter: { "Retry-After": String(periodSeconds) },
    async isOverLimit(key) {
      try {
        return !(await binding.limit({ key })).success;
      } catch {
        return false;
      }
    },
  };
}

interface Binding {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

function isBinding(value: unknown): value is Binding {
  return canDo(value, "limit");
}
