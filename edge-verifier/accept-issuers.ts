/**
 * Other issuers for the middleware: `sealgate({ foreign: acceptIssuers([entry]) })`. A Worker that does not call this holds none of
 * its code. Keys are held here, so that one object may serve several middlewares.
 */
import { besideOwn } from "../shared/foreign/beside-own.ts";
import { foreignScope } from "../shared/foreign/claims.ts";
import type { JwkSetFetch } from "../shared/foreign/fetch-keys.ts";
import { parseForeignIssuers } from "../shared/foreign/issuer.ts";
import type { ForeignIssuerEntry } from "../shared/foreign/issuer.ts";
import { createForeignKeySource } from "../shared/foreign/key-source.ts";
import type { ForeignKeysEvent } from "../shared/foreign/key-source.ts";
import { createForeignTokens } from "../shared/foreign/tokens.ts";
import type { ForeignProblem } from "../shared/foreign/tokens.ts";
import type { OtherTokens } from "../shared/keys/token-verifier.ts";
import { refuseUnknownOptions } from "../shared/options.ts";
import type { VerifiedToken } from "../shared/verify-token.ts";
import type { KeySetSettings } from "./config/config.ts";
import { scopesOf } from "./policy/scopes.ts";

export interface AcceptIssuersOptions {
  /** Takes what each read of an issuer's keys came to, whenever that changes; what it throws is dropped. Default the console. */
  readonly onKeys?: (event: ForeignKeysEvent) => void;
}

/** What {@link acceptIssuers} returns. */
export interface AcceptedIssuers {
  /** Whether there is an entry for an issuer. Your own must not have one: its tokens would count as another issuer's. */
  includes(issuer: string): boolean;
  /** Verifies tokens of the issuers, beside own keys. */
  beside(own: KeySetSettings): OtherTokens<ForeignProblem>;
  /** @returns undefined for an own token, and for one of an issuer whose subjects are the same users */
  callerOf(
    token: VerifiedToken,
  ): { readonly scopes: ReadonlySet<string>; readonly sharesSubjects: boolean } | undefined;
}

/**
 * @param entries as in `FOREIGN_ISSUERS`; `sealgate issuers add` prints one
 * @throws {TypeError} for entries that cannot work, all of them named at once
 */
export function acceptIssuers(
  entries: readonly ForeignIssuerEntry[],
  options: AcceptIssuersOptions = {},
): AcceptedIssuers {
  refuseUnknownOptions("acceptIssuers", options, { onKeys: true });
  const issuers = parseForeignIssuers(entries, "");
  if (!issuers.ok) throw new TypeError(`acceptIssuers: the entries ${issuers.error.join("; ")}`);
  const { onKeys: report = logKeys } = options;
  if (typeof report !== "function") throw new TypeError("acceptIssuers: onKeys must be a function");
  const realms = issuers.value.map((issuer) => ({
    issuer,
    source: createForeignKeySource({ issuer, fetch: fetchJwkSet, random: Math.random, report }),
  }));
  const byIssuer = new Map<string, (typeof realms)[number]>(realms.map((realm) => [realm.issuer.issuer, realm]));
  // What is remembered of tokens depends on the own keys beside them.
  const known = new WeakMap<KeySetSettings, OtherTokens<ForeignProblem>>();
  return {
    includes: (issuer) => byIssuer.has(issuer),
    beside(own) {
      const before = known.get(own);
      if (before !== undefined) return before;
      const anchors = own.rings.flatMap((ring) => ring.anchors.map(({ kid }) => kid));
      const others = besideOwn(createForeignTokens(realms, { issuer: own.issuer, anchors }));
      known.set(own, others);
      return others;
    },
    callerOf({ claims }) {
      const issuer = byIssuer.get(claims.iss)?.issuer;
      if (issuer === undefined) return undefined;
      const scope = foreignScope(claims, issuer);
      return { scopes: scopesOf({ ...claims, scope }), sharesSubjects: issuer.sharesSubjects };
    },
  };
}

const fetchJwkSet: JwkSetFetch = (url, request) => fetch(url, request);

function logKeys(event: ForeignKeysEvent): void {
  // oxlint-disable-next-line no-console -- on Workers the console is the log
  console.log(JSON.stringify(event));
}
