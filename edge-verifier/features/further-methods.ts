/**
 * The feature `furtherMethods`: rules may name methods beyond the usual ones (WebDAV, QUERY, PURGE). A rule without `methods` still
 * has the usual ones only. Switched on by being listed.
 */
import type { FurtherMethod } from "../policy/rule.ts";
import type { Feature } from "../request/hooks.ts";

const METHODS: Readonly<Record<FurtherMethod, true>> = {
  ACL: true,
  BAN: true,
  CHECKOUT: true,
  LOCK: true,
  MERGE: true,
  MKACTIVITY: true,
  MKCOL: true,
  MSEARCH: true,
  NOTIFY: true,
  PROPFIND: true,
  PROPPATCH: true,
  PURGE: true,
  QUERY: true,
  REPORT: true,
  SEARCH: true,
  SUBSCRIBE: true,
  UNLOCK: true,
  UNSUBSCRIBE: true,
};

export const FURTHER_METHODS: readonly FurtherMethod[] = Object.keys(METHODS).filter(isFurtherMethod);

export const furtherMethods: Feature = {
  name: "furtherMethods",
  read: () => ({ methods: FURTHER_METHODS }),
};

function isFurtherMethod(name: string): name is FurtherMethod {
  return Object.hasOwn(METHODS, name);
}
