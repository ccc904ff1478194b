/**
 * The feature `foreignIssuers`: tokens of other issuers (`FOREIGN_ISSUERS`) where a rule names them (`issuers`). What is asked of
 * such a token is in shared/foreign; which headers tell the origin of its caller, in http/foreign-identity.ts.
 */
import { besideOwn } from "../../shared/foreign/beside-own.ts";
import { OWN_ISSUER, parseForeignIssuers } from "../../shared/foreign/issuer.ts";
import type { ForeignIssuer } from "../../shared/foreign/issuer.ts";
import { createForeignKeySource } from "../../shared/foreign/key-source.ts";
import type { ForeignKeysEvent } from "../../shared/foreign/key-source.ts";
import type { JwkSetFetch } from "../../shared/foreign/fetch-keys.ts";
import { createForeignTokens } from "../../shared/foreign/tokens.ts";
import { claimEquals } from "../policy/checks.ts";
import type { CompiledRule } from "../policy/compile.ts";
import { readIssuers } from "../policy/issuers.ts";
import type { KeySetSettings, Report } from "../config/config.ts";
import { readJson } from "../config/values.ts";
import { createForeignIdentityReader } from "../http/foreign-identity.ts";
import type { Feature, FeatureHooks } from "../request/hooks.ts";

export const foreignIssuers: Feature = {
  name: "foreignIssuers",
  read({ env, report, routes, keySet }) {
    // What is wrong with the own issuer is reported where it is read.
    const own = keySet?.issuer ?? "";
    const issuers = readEntries(env["FOREIGN_ISSUERS"], own, report);
    const byIssuer = new Map<string, ForeignIssuer>(issuers.map((issuer) => [issuer.issuer, issuer]));
    const issuerOf = (name: string): string | undefined => (name === OWN_ISSUER ? own : byIssuer.get(name)?.issuer);
    const read = readIssuers(routes, issuerOf, (rule, problem) => report(`routes[${rule}]`, problem));
    for (const { issuer } of issuers) {
      if (!read.used.has(issuer)) report("FOREIGN_ISSUERS", `has an issuer that no rule names: ${issuer}`);
    }
    if (issuers.length === 0 || keySet === undefined) return { routes: read.routes };
    return { routes: read.routes, ...hooksOf(byIssuer, keySet, read.named) };
  },
};

function readEntries(value: unknown, own: string, report: Report): readonly ForeignIssuer[] {
  if (value === undefined) return [];
  const issuers = parseForeignIssuers(readJson(value), own);
  if (issuers.ok) return issuers.value;
  for (const problem of issuers.error) report("FOREIGN_ISSUERS", problem);
  return [];
}

function hooksOf(
  byIssuer: ReadonlyMap<string, ForeignIssuer>,
  { issuer, rings }: KeySetSettings,
  named: readonly boolean[],
): FeatureHooks {
  const realms = [...byIssuer.values()].map((one) => ({
    issuer: one,
    source: createForeignKeySource({ issuer: one, fetch: fetchJwkSet, random: Math.random, report: logKeys }),
  }));
  const anchors = rings.flatMap((ring) => ring.anchors.map(({ kid }) => kid));
  const isOwn = claimEquals(["iss"], issuer);
  return {
    others: besideOwn(createForeignTokens(realms, { issuer, anchors })),
    identify: (own) => createForeignIdentityReader(own, byIssuer),
    completeRule(rule): CompiledRule {
      if (rule.requirement === undefined || named[rule.place] === true) return rule;
      // Written alike, it asks for more than the rules of a gateway without other issuers.
      return { ...rule, requirement: [isOwn, ...rule.requirement], asks: `own ${rule.asks}` };
    },
  };
}

const fetchJwkSet: JwkSetFetch = (url, request) => fetch(url, request);

/** Beside the events of requests: one line whenever something changes. */
function logKeys(event: ForeignKeysEvent): void {
  // oxlint-disable-next-line no-console -- on Workers the console is the log
  console.log(JSON.stringify(event));
}
