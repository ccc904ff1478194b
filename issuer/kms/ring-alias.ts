/**
 * The aliases of a ring that no fixed signer may be given: `active` moves at each rotation, and `root` belongs to the key that
 * signs key sets. The names are those of key-ring/names.ts. Pure.
 */

/** Name or ARN (arn:aws:kms:eu-central-1:111122223333:alias/…). */
const RING_ALIAS = /^(?:arn:[^:]+:kms:[^:]*:[^:]*:)?alias\/sealgate\/([a-z0-9-]{1,63})\/(active|root(?:-\d+)?)$/;

/**
 * @param keyId key id, key ARN, alias name or alias ARN
 * @returns why no fixed signer may be made of it and what to use instead, as the predicate of a sentence; undefined for every
 *   other key
 */
export function ringAliasProblem(keyId: string, instead: (ring: string) => string): string | undefined {
  const [, ring, role] = RING_ALIAS.exec(keyId) ?? [];
  if (ring === undefined) return undefined;
  if (role !== "active") return "must not name the root key of a ring: it signs key sets, and edges refuse its tokens";
  return (
    `must not be the alias of a ring's active key, because one key is looked up once and the alias moves at each rotation: ` +
    `after the next one every token would be refused. ${instead(ring)}`
  );
}
