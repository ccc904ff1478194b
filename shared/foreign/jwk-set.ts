/**
 * A JWK Set as other issuers publish it (RFC 7517 section 5): without `alg` or `use`, with `x5c`, with keys for encryption, of
 * unknown types and of several types side by side, with any visible text as kid. A key that cannot be used is left out and
 * never sinks the others; what is left is held to the same rules as an own key (shared/jwk.ts). Pure, but for the import.
 */
import { algorithmOf, findAlgorithm } from "../algorithms.ts";
import type { Algorithm } from "../algorithms.ts";
import type { IssuerUrl, Kid } from "../identifiers.ts";
import { calculateThumbprint, parsePublicJwk } from "../jwk.ts";
import type { JwkProblem, PublicJwk } from "../jwk.ts";
import { isJsonObject, parseJsonObject } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { importVerificationKey } from "../jws.ts";
import type { VerificationKey } from "../jws.ts";
import { err, ok } from "../result.ts";
import type { Result } from "../result.ts";
import type { ForeignIssuer } from "./issuer.ts";
import type { ForeignKeysProblemCode } from "./problems.ts";

/** Octets of the whole document. Entra's, with a certificate for each key, has about 10 kB. */
export const MAX_JWK_SET_BYTES = 262_144;

export const MAX_FOREIGN_KEYS = 100;

/** Why one key was left out. */
export type ForeignJwkProblem = JwkProblem | "alg_not_accepted" | "kid_repeated" | "issuer_mismatch";

/** A key as it is listed, once for each algorithm that it may be used with. */
export interface ForeignJwk {
  readonly kid: Kid | undefined;
  /** Bound to one algorithm. */
  readonly jwk: PublicJwk;
}

export interface ParsedJwkSet {
  readonly keys: readonly ForeignJwk[];
  /** By position in the document. */
  readonly skipped: readonly { readonly index: number; readonly problem: ForeignJwkProblem }[];
}

/**
 * Reads a JWK Set. A well-formed one without keys is one: its issuer has withdrawn all of them.
 * @param octets at most {@link MAX_JWK_SET_BYTES} of them
 */
export function parseJwkSet(octets: Uint8Array, issuer: ForeignIssuer): Result<ParsedJwkSet, ForeignKeysProblemCode> {
  const json = parseJsonObject(octets);
  const entries = json.ok ? json.value["keys"] : undefined;
  if (!Array.isArray(entries)) return err("jwk_set_malformed");
  if (entries.length > MAX_FOREIGN_KEYS) return err("jwk_set_too_many_keys");
  const skipped: { index: number; problem: ForeignJwkProblem }[] = [];
  const read: { readonly index: number; readonly keys: readonly ForeignJwk[]; readonly name: string | undefined }[] =
    [];
  for (const [index, entry] of entries.entries()) {
    const keys = parseKey(entry, issuer);
    if (keys.ok) read.push({ index, keys: keys.value, name: nameOf(keys.value) });
    else skipped.push({ index, problem: keys.error });
  }
  const byName = Map.groupBy(read, ({ name }) => name);
  const isRepeated = (name: string | undefined): boolean => name !== undefined && (byName.get(name)?.length ?? 0) > 1;
  // Of two keys with one kid neither is trusted: which of them a reader takes would depend on the reader.
  for (const { index, name } of read) if (isRepeated(name)) skipped.push({ index, problem: "kid_repeated" });
  return ok({ keys: read.filter(({ name }) => !isRepeated(name)).flatMap(({ keys }) => keys), skipped });
}

function nameOf([first]: readonly ForeignJwk[]): string | undefined {
  return first?.kid === undefined ? undefined : `${first.jwk.kty} ${first.kid}`;
}

function parseKey(entry: unknown, { algs, issuer }: ForeignIssuer): Result<readonly ForeignJwk[], ForeignJwkProblem> {
  if (!isJsonObject(entry)) return err("not_an_object");
  if (entry["issuer"] !== undefined && !isKeyOf(entry["issuer"], issuer)) return err("issuer_mismatch");
  const candidates = [...algs].map(algorithmOf).filter((algorithm) => mayUse(entry, algorithm));
  const keys: ForeignJwk[] = [];
  // What is wrong with the key itself is wrong under each algorithm.
  let problem: ForeignJwkProblem = entry["alg"] === undefined ? "kty_mismatch" : "alg_not_accepted";
  for (const { alg } of candidates) {
    const jwk = parsePublicJwk({ ...entry, alg });
    if (jwk.ok) keys.push({ kid: jwk.value.kid, jwk: jwk.value });
    else problem = jwk.error;
  }
  return keys.length === 0 ? err(problem) : ok(keys);
}

/** A key that names an algorithm is bound to it (RFC 8725 section 3.1); one that names none fits all of its type and curve. */
function mayUse({ alg, kty, crv }: JsonObject, algorithm: Algorithm): boolean {
  if (alg !== undefined) return findAlgorithm(alg) === algorithm;
  return kty === algorithm.kty && (algorithm.kty === "RSA" || crv === algorithm.crv);
}

const TENANT_ID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

/**
 * Entra lists keys of several issuers in one set, each with the issuer that it signs for: a URL, or a template for all tenants
 * (learn.microsoft.com/entra/identity-platform/access-tokens, "Validate the issuer").
 */
function isKeyOf(stated: unknown, issuer: IssuerUrl): boolean {
  if (typeof stated !== "string") return false;
  const [before = "", after, more] = stated.split("{tenantid}");
  if (after === undefined || more !== undefined) return stated === issuer;
  const tenant = issuer.slice(before.length, issuer.length - after.length);
  return issuer === `${before}${tenant}${after}` && TENANT_ID.test(tenant);
}

/** A key that can be verified with. Compared by identity: a key that stays in the set stays the same object. */
export interface ForeignKey {
  readonly key: VerificationKey;
  /** RFC 7638: by which it is found out to be one of our own keys. */
  readonly thumbprint: Kid;
  /** As text, to be recognised by. */
  readonly text: string;
}

/** Keys of one issuer. No other issuer's keys are ever among them. */
export interface ForeignKeySet {
  readonly keys: ReadonlySet<ForeignKey>;
  /**
   * The key for a token's header.
   * @param kid undefined: the one key that fits the algorithm, if exactly one does
   * @returns "alg_mismatch" for the kid of a key that is for another algorithm
   */
  find(kid: Kid | undefined, algorithm: Algorithm): ForeignKey | "ambiguous" | "alg_mismatch" | undefined;
}

/**
 * Imports the keys of a set.
 * @param previous the set held until now; a key that did not change is not imported again
 */
export async function importForeignKeys(
  listed: readonly ForeignJwk[],
  previous?: ForeignKeySet,
): Promise<ForeignKeySet> {
  const before = new Map([...(previous?.keys ?? [])].map((key) => [key.text, key]));
  const keys = new Set<ForeignKey>();
  const byKid = new Map<string, ForeignKey>();
  const kids = new Set<string>();
  for (const one of listed) {
    const text = JSON.stringify(one);
    const key = before.get(text) ?? (await importKey(one, text));
    if (key === undefined) continue;
    keys.add(key);
    if (one.kid === undefined) continue;
    kids.add(one.kid);
    byKid.set(`${one.jwk.alg} ${one.kid}`, key);
  }
  return {
    keys,
    find(kid, algorithm) {
      if (kid !== undefined)
        return byKid.get(`${algorithm.alg} ${kid}`) ?? (kids.has(kid) ? "alg_mismatch" : undefined);
      const [only, another] = [...keys].filter(({ key }) => key.algorithm === algorithm);
      return another === undefined ? only : "ambiguous";
    },
  };
}

async function importKey({ kid, jwk }: ForeignJwk, text: string): Promise<ForeignKey | undefined> {
  const thumbprint = await calculateThumbprint(jwk);
  const key = await importVerificationKey(jwk, kid ?? thumbprint);
  return key && { key, thumbprint, text };
}
