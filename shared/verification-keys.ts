/**
 * The keys of one document, imported and ready: what a token's kid is looked up in. Import happens once per document,
 * never per token, and a key that did not change is not imported again.
 */
import type { Kid } from "./identifiers.ts";
import { importNamedKey } from "./jws.ts";
import type { VerificationKey } from "./jws.ts";
import type { KeySetDocument, ParsedKeySet, RevokedKid, SkippedKey } from "./key-set.ts";

/** Finds a key for a kid. The answer "revoked" is final, whatever else the set holds. */
export interface VerificationKeys {
  find(kid: Kid): VerificationKey | "revoked" | undefined;
}

/** A document together with its imported keys. */
export interface ImportedKeySet extends VerificationKeys {
  readonly document: KeySetDocument;
  readonly skipped: readonly SkippedKey[];
  readonly keys: ReadonlyMap<Kid, VerificationKey>;
}

/**
 * Imports the keys of a document.
 * @param previous the set held until now; its imported keys are used again where the JWK is the same, and its tombstones
 *   stay in force even if the new document has lost them.
 */
export async function importKeySet(parsed: ParsedKeySet, previous?: ImportedKeySet): Promise<ImportedKeySet> {
  const { document } = parsed;
  const keys = new Map<Kid, VerificationKey>();
  const skipped: SkippedKey[] = [...parsed.skipped];
  const before = new Map(previous?.document.keys.map((key) => [key.kid, key.jwk]));
  for (const [index, { kid, jwk }] of document.keys.entries()) {
    const isSameKey = JSON.stringify(jwk) === JSON.stringify(before.get(kid));
    const known = isSameKey ? previous?.keys.get(kid) : undefined;
    const key = known ?? (await importNamedKey({ ...jwk, kid }));
    if (typeof key === "string") skipped.push({ index, kid, problem: key });
    else keys.set(kid, key);
  }
  return withTombstones(keySetOf({ document, skipped, keys }), previous?.document.revoked ?? []);
}

function keySetOf(parts: Omit<ImportedKeySet, "find">): ImportedKeySet {
  const revoked = new Set(parts.document.revoked.map(({ kid }) => kid));
  return { ...parts, find: (kid) => (revoked.has(kid) ? "revoked" : parts.keys.get(kid)) };
}

/** The same key set, with more kids that never verify again; itself when it has them all. */
export function withTombstones(keySet: ImportedKeySet, revoked: readonly RevokedKid[]): ImportedKeySet {
  const missing = revoked.filter(({ kid }) => keySet.find(kid) !== "revoked");
  if (missing.length === 0) return keySet;
  const document = { ...keySet.document, revoked: [...keySet.document.revoked, ...missing] };
  return keySetOf({ ...keySet, document });
}
