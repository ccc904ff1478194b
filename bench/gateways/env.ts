/**
 * What the gateways of this folder are bound to, and the one way in which the plain ones forward.
 */
import type { Settings } from "../contenders/settings.ts";

export interface GatewayEnv {
  readonly Bindings: {
    readonly ORIGIN: { fetch(request: Request): Promise<Response> };
    readonly SETTINGS: Settings;
    readonly KEYS: {
      get(key: string, options: { readonly type: "text"; readonly cacheTtl: number }): Promise<string | null>;
    };
  };
}

const ORIGIN_BASE = "https://origin.internal";

/** The request's path and query at the origin. */
export function originUrl(url: string): string {
  return ORIGIN_BASE + url.slice(url.indexOf("/", url.indexOf("://") + 3));
}

/** Nothing is removed, nothing is added. */
export function passOn(env: GatewayEnv["Bindings"], request: Request): Promise<Response> {
  return env.ORIGIN.fetch(new Request(originUrl(request.url), request));
}

/** The token of an Authorization header; no care is taken. */
export function tokenOf(request: Request): string {
  return (request.headers.get("authorization") ?? "").slice("Bearer ".length);
}
