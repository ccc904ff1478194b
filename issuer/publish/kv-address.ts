/**
 * The rules for what addresses a KV namespace and authorises the call. Shared by the configuration, which reports every
 * broken rule, and the adapter, which refuses to be constructed with one. No value is ever part of a message.
 */

import { isLoopback, parsePlainUrl } from "../../shared/identifiers.ts";

const PRODUCTION_HOST = "api.cloudflare.com";

/**
 * The base URL up to and including the account segment, to which `/storage/kv/…` is appended. `http` is accepted for
 * loopback hosts only: the local KV API has neither certificate nor authentication.
 * @returns the rule that `value` breaks, or undefined
 */
export function baseUrlProblem(value: string): string | undefined {
  const url = parsePlainUrl(value);
  if (!url.ok) return url.error;
  const { hostname, pathname } = url.value;
  if (hostname === PRODUCTION_HOST && !/^\/client\/v4\/accounts\/[0-9a-f]{32}\/?$/.test(pathname)) {
    return "must end in /client/v4/accounts/<account id> for api.cloudflare.com";
  }
  return undefined;
}

/** The base URL of production (https://developers.cloudflare.com/api/resources/kv/). */
export function productionBaseUrl(accountId: string): string {
  return `https://${PRODUCTION_HOST}/client/v4/accounts/${accountId}`;
}

export function isAccountId(value: string): boolean {
  return /^[0-9a-f]{32}$/.test(value);
}

/** 32 hexadecimal digits in production; locally any id of the wrangler configuration, or the binding's name. */
export function isNamespaceId(value: string): boolean {
  return /^[A-Za-z0-9_-]{1,128}$/.test(value);
}

/** Characters of a bearer token (RFC 6750 section 2.1); anything else could break the header apart. */
export function isApiToken(value: string): boolean {
  return /^[A-Za-z0-9._~+/=-]{1,512}$/.test(value);
}

/** True for a base URL that stays on this host, where no token is needed. */
export function isLocalBaseUrl(value: string): boolean {
  const url = URL.parse(value);
  return url !== null && isLoopback(url.hostname);
}
