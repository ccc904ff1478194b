/**
 * A ring as it would look if it had been through every algorithm: one generation each, the last one active, and a standby.
 * Keys and aliases are made in KMS under the names of a real ring; the life of a ring is the key ring's business.
 */
import type { Alg } from "../../shared/algorithms.ts";
import { epochSecondsFromMs } from "../../shared/identifiers.ts";
import type { EpochSeconds, IssuerUrl, RingName } from "../../shared/identifiers.ts";
import { DEFAULT_TIMING } from "../../shared/timing.ts";
import type { EdgeTiming } from "../../shared/timing.ts";
import { composeFrom } from "../../issuer/key-ring/revocations/compose-list.ts";
import { nextListRev } from "../../issuer/key-ring/revocations/plan-list.ts";
import { ringAlias, ringTags } from "../../issuer/key-ring/names.ts";
import { kmsAlgorithmOf } from "../../issuer/kms/algorithms.ts";
import type { Kms } from "../../issuer/kms/port.ts";
import { createKmsSigner } from "../../issuer/kms/signer.ts";
import { composeKeySet } from "../../issuer/publish/compose.ts";
import type { KeyToPublish } from "../../issuer/publish/compose.ts";
import { signKeySet } from "../../issuer/publish/sign-key-set.ts";
import { signRevocations } from "../../issuer/publish/sign-revocations.ts";
import type { RevocationStore } from "../../issuer/revocations/store.ts";
import type { Signer } from "../../issuer/signer.ts";

export interface DemoRing {
  readonly name: RingName;
  readonly root: Signer;
  /** One per algorithm asked for, in that order; the last one is active. */
  readonly generations: readonly Signer[];
  readonly standby: Signer;
}

const ROOT_ALG: Alg = "ES256";

export async function createDemoRing(kms: Kms, ring: RingName, algs: readonly Alg[]): Promise<DemoRing> {
  const createGeneration = (number: number, alg: Alg): Promise<Signer> =>
    createNamedKey(kms, ring, ringAlias(ring, { role: "generation", number }), String(number), alg);
  const [root, standby, ...generations] = await Promise.all([
    createNamedKey(kms, ring, ringAlias(ring, { role: "root" }), "root", ROOT_ALG),
    createGeneration(algs.length + 1, ROOT_ALG),
    ...algs.map((alg, index) => createGeneration(index + 1, alg)),
  ]);
  const active = generations.at(-1);
  if (root === undefined || standby === undefined || active === undefined)
    throw new TypeError("algs must not be empty");
  await kms.createAlias(ringAlias(ring, { role: "active" }), active.keyArn);
  return { name: ring, root, standby, generations };
}

/** The signed document of such a ring. */
export function signDemoKeySet(
  { name: ring, root, generations, standby }: DemoRing,
  document: {
    readonly issuer: IssuerUrl;
    readonly timing: EdgeTiming;
    readonly now: EpochSeconds;
    readonly rev: number;
  },
): Promise<string> {
  const { issuer, timing, now, rev } = document;
  const active = generations.at(-1);
  const keys: KeyToPublish[] = generations.map((signer) =>
    toPublish(signer, signer === active ? "active" : "retiring"),
  );
  keys.push(toPublish(standby, "pending"));
  const about = { issuer, ring, roots: [root.kid], documentLifetimeSeconds: 86_400 };
  return signKeySet(composeKeySet({ ...about, timing, now, rev, keys, revoked: [] }), root, now);
}

/** The signed list of the tokens that a table says are taken back, as a rotator makes it: its rev is taken before the table is read. */
export async function signDemoList(
  { name: ring, root }: DemoRing,
  store: RevocationStore,
  issuer: IssuerUrl,
): Promise<{ readonly text: string; readonly rev: number; readonly entries: number }> {
  const readAt = epochSecondsFromMs(Date.now());
  const { clockSkewSeconds } = DEFAULT_TIMING;
  const rev = await store.takeRev(issuer, (taken) => nextListRev({ taken, others: [], clockSkewSeconds }, readAt));
  const { composed, entries } = await composeFrom(store, issuer, DEFAULT_TIMING, readAt);
  const parts = { ...composed, issuer, ring, rev, readAt, lifetimeSeconds: 86_400 };
  return { text: await signRevocations(parts, root), rev, entries: entries.length };
}

async function createNamedKey(kms: Kms, ring: RingName, aliasName: string, purpose: string, alg: Alg): Promise<Signer> {
  const { keyArn } = await kms.createKey({
    keySpec: kmsAlgorithmOf(alg).keySpecs[0],
    description: `sealgate ring ${ring}, ${purpose}`,
    tags: ringTags({ ring, generation: purpose, alg, managed: true }),
  });
  await kms.createAlias(aliasName, keyArn);
  return createKmsSigner({ keyId: keyArn, alg, kms });
}

function toPublish({ kid, jwk }: Signer, state: KeyToPublish["state"]): KeyToPublish {
  return { kid, jwk, state, publishedAt: undefined };
}
