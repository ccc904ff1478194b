/**
 * Reading single values of the configuration. Pure; which variable a value belongs to is known to config.ts.
 */
import { parsePlainUrl } from "../../shared/identifiers.ts";
import { isWholeNumber } from "../../shared/json.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { checkPath } from "../http/path-guard.ts";
import type { KeySetNamespace } from "../../shared/keys/key-set-reader.ts";

/** What a service binding, an mTLS binding and the global `fetch` have in common. */
export interface Fetcher {
  fetch(request: Request): Promise<Response>;
}

/** Vars and bindings that are set (the platform's `env`); their values are not checked yet. */
export type Bindings = Readonly<Record<string, unknown>>;

/** An empty text is how a variable is switched off in a dashboard or a .dev.vars file. */
export function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

/** The vars and bindings that are set, so that no reader has to tell an empty one from one that is left out. */
export function readBindings(env: object): Bindings {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => !isAbsent(value)));
}

/** A binding is recognised by what it can do. */
export function isFetcher(value: unknown): value is Fetcher {
  return canDo(value, "fetch");
}

export function isKeySetNamespace(value: unknown): value is KeySetNamespace {
  return canDo(value, "get");
}

/** Bindings have no class that can be named. */
export function canDo(value: unknown, method: string): boolean {
  return typeof value === "object" && value !== null && typeof Reflect.get(value, method) === "function";
}

/** Comma-separated text to its trimmed parts, or an array of texts as it is; undefined otherwise, or if a part is empty. */
export function readList(value: unknown): readonly string[] | undefined {
  if (Array.isArray(value)) return value.every((part) => typeof part === "string" && part !== "") ? value : undefined;
  if (typeof value !== "string") return undefined;
  const parts = value.split(",").map((part) => part.trim());
  return parts.includes("") ? undefined : parts;
}

/** A value of a JSON variable, or what a text says as JSON; undefined for a text that is no JSON. */
export function readJson(value: unknown): unknown {
  try {
    return typeof value === "string" ? JSON.parse(value) : value;
  } catch {
    return undefined;
  }
}

/** A whole number, not negative, from a number or from decimal digits; undefined for anything else. */
export function readWholeNumber(value: unknown): number | undefined {
  const number = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return isWholeNumber(number, 0) ? number : undefined;
}

/**
 * The origin's base URL: https, or http on a loopback host (tokens never travel in clear); no query, fragment or
 * credentials; a path prefix is allowed.
 * @returns the URL in normal form without a slash at the end, so that a raw path can be appended
 */
export function readOriginUrl(value: unknown): Result<string, string> {
  const url = parsePlainUrl(value);
  if (!url.ok) return url;
  const { origin, pathname } = url.value;
  if (checkPath(pathname) !== undefined) return err("must not have an ambiguous path");
  return ok(origin + pathname.replace(/\/$/, ""));
}
