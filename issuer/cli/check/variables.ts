/**
 * Variables that the Worker takes, or does not look at, although they must be mistakes: a misspelt name switches nothing on, and with an
 * AUDIENCE in brackets every token is refused. Pure.
 */
import { isJsonObject } from "../../../shared/json.ts";
import { anchorsFor, anchorsRepair, minRevFor, nameForRing, ringsOf } from "./agreement.ts";
import { fine, rowsOr, wrong } from "./row.ts";
import type { CheckRow } from "./row.ts";
import { customDomainsOf, textVar, varsOf } from "./worker-config.ts";
import type { WorkerConfig } from "./worker-config.ts";

/** The variables and bindings of docs/gateway.md. */
export const GATEWAY_VARIABLES: readonly string[] = [
  "ASSERTION_CLAIMS",
  "ASSERTION_KEY",
  "AUDIENCE",
  "AUTHORIZATION_SERVERS",
  "BOOTSTRAP_KEY_SET",
  "CALLERS",
  "CALLERS_BY",
  "CALLERS_PERIOD_SECONDS",
  "CORS_CREDENTIALS",
  "CORS_ORIGINS",
  "EVENTS",
  "FOREIGN_ISSUERS",
  "FORWARD_AUTHORIZATION",
  "HSTS_MAX_AGE_SECONDS",
  "IDENTITY_HEADERS",
  "ISSUER",
  "KEY_SETS",
  "LOG_SUBJECT_HASH_KEY",
  "MIN_REV",
  "ORIGIN",
  "ORIGIN_TIMEOUT_SECONDS",
  "ORIGIN_URL",
  "REFUSALS",
  "REFUSALS_PERIOD_SECONDS",
  "RESOURCE",
  "REVOCATIONS",
  "REVOCATIONS_ENDPOINT",
  "RING",
  "SERVER_TIMING",
  "TOKEN_ALGS",
  "TOKEN_CARRIERS",
  "TOKEN_COOKIE",
  "TOKEN_CREDENTIALS_BESIDE",
  "TOKEN_HEADER",
  "TOKEN_HEADER_SCHEME",
  "TOKEN_TYPS",
  "TOKEN_WEBSOCKET_PROTOCOL",
  "TRUST_ANCHORS",
];

/** @param nowMs epoch milliseconds */
export function checkVariables(config: WorkerConfig, nowMs: number): readonly CheckRow[] {
  const rows = [
    ...findMisspelt(config),
    ...checkAudience(config),
    ...checkAnchors(config),
    ...checkMinRev(config, nowMs),
    ...checkOrigins(config),
  ];
  return rowsOr(rows, fine("variables", "No variable is misspelt, and no value is a plain mistake."));
}

/**
 * A variable of the owner's own code may have any name, but hardly one that is a character or two from ours. ORIGIN_URL_BILLING is the
 * URL of an origin that rules name.
 */
function findMisspelt(config: WorkerConfig): readonly CheckRow[] {
  const { vars } = config;
  return Object.keys(vars).flatMap((name) => {
    if (GATEWAY_VARIABLES.includes(name) || name.startsWith("ORIGIN_URL_")) return [];
    const meant = GATEWAY_VARIABLES.find((known) => !(known in vars) && isNear(name.toUpperCase(), known));
    if (meant === undefined) return [];
    const message = `${name} is no variable of the gateway, which does not look at it.`;
    return [wrong("variables", message, `If ${meant} is meant, call it so in ${varsOf(config)}.`, name)];
  });
}

/** At most two characters more, less or other, or without its unit; of a short name, its case alone. */
function isNear(name: string, known: string): boolean {
  const plain = name.replaceAll("-", "_");
  return `${plain}_SECONDS` === known || distance(plain, known) <= (known.length < 8 ? 0 : 2);
}

/** How many characters have to be added, removed or replaced (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, character] of from.split("").entries()) {
    const next = [index + 1];
    for (const [place, other] of to.split("").entries()) {
      const replaced = (row[place] ?? 0) + (character === other ? 0 : 1);
      next.push(Math.min(replaced, (row[place + 1] ?? 0) + 1, (next[place] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/** The gateway takes any text as a name. */
function checkAudience(config: WorkerConfig): readonly CheckRow[] {
  if (!/^\s*[["']/.test(textVar(config, "AUDIENCE"))) return [];
  const repair = `Set AUDIENCE in ${varsOf(config)} to the names themselves, with commas between them.`;
  return [wrong("variables", "AUDIENCE has brackets or quotes, which no token has in its aud.", repair, "AUDIENCE")];
}

function checkAnchors(config: WorkerConfig): readonly CheckRow[] {
  return ringsOf(config).flatMap((ring) => {
    const kids = anchorsFor(config, ring).map((anchor) => (isJsonObject(anchor) ? anchor["kid"] : undefined));
    if (!kids.some((kid, index) => kid !== undefined && kids.indexOf(kid) !== index)) return [];
    const name = nameForRing(config, "TRUST_ANCHORS", ring);
    return [wrong("variables", `${name} has a key twice: another one may be missing.`, anchorsRepair(config), name)];
  });
}

/** A rev is microseconds since 1970 (docs/key-set-format.md). */
const MICROSECONDS = 1000;
const DAY_MS = 86_400_000;
const FIRST_REV = Date.UTC(2025, 0) * MICROSECONDS;

function checkMinRev(config: WorkerConfig, nowMs: number): readonly CheckRow[] {
  return ringsOf(config).flatMap((ring) => {
    const name = nameForRing(config, "MIN_REV", ring);
    const repair = `Set ${name} in ${varsOf(config)} to a rev as sealgate ring status shows it, or take it out.`;
    const rev = minRevFor(config, ring);
    if (rev > 1 && rev < FIRST_REV)
      return [wrong("variables", `${name} is lower than any rev, which has 16 digits.`, repair, name)];
    if (rev > (nowMs + DAY_MS) * MICROSECONDS)
      return [wrong("variables", `${name} is a rev of the future: every key set would be refused.`, repair, name)];
    return [];
  });
}

/** A custom domain leads to the Worker and has no server behind it (https://developers.cloudflare.com/workers/configuration/routing/custom-domains/). */
function checkOrigins(config: WorkerConfig): readonly CheckRow[] {
  const names = Object.keys(config.vars).filter((name) => /^ORIGIN_URL(?:_|$)/.test(name));
  return names.flatMap((name) => {
    const host = URL.parse(textVar(config, name))?.hostname ?? "";
    if (!customDomainsOf(config).includes(host)) return [];
    const message = `${name} leads to ${host}, which is the gateway itself.`;
    const repair = `Set ${name} in ${varsOf(config)} to the https URL of your API server.`;
    return [wrong("variables", message, repair, name)];
  });
}
