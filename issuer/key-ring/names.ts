/**
 * What the ring is called in KMS: aliases and tags, to text and back. The names are a contract with other tools; nothing
 * here says what they mean for the life of a key.
 */
import { ALGS } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import { parseEpochSeconds, parseKid } from "../../shared/identifiers.ts";
import type { EpochSeconds, Kid, RingName } from "../../shared/identifiers.ts";
import type { KmsTags } from "../kms/port.ts";

/** Aliases of one ring all start with this. */
export function ringAliasPrefix(ring: RingName): string {
  return `alias/sealgate/${ring}/`;
}

/** The key that signs key sets. */
export function rootAlias(ring: RingName): string {
  return `${ringAliasPrefix(ring)}root`;
}

/** A root key by its number: created once, never moved. Exists only once a change of the root key was begun. */
export function numberedRootAlias(ring: RingName, number: number): string {
  return `${ringAliasPrefix(ring)}root-${number}`;
}

/** The generation that signs tokens. */
export function activeAlias(ring: RingName): string {
  return `${ringAliasPrefix(ring)}active`;
}

/** Generation n: created once, never moved. */
export function generationAlias(ring: RingName, number: number): string {
  return `${ringAliasPrefix(ring)}${number}`;
}

/** What an alias of the ring stands for. */
export type AliasRole =
  | { readonly kind: "root" }
  | { readonly kind: "numbered_root"; readonly number: number }
  | { readonly kind: "active" }
  | { readonly kind: "generation"; readonly number: number };

/** @returns undefined for an alias that is not one of this ring's */
export function parseRingAlias(ring: RingName, aliasName: string): AliasRole | undefined {
  const prefix = ringAliasPrefix(ring);
  if (!aliasName.startsWith(prefix)) return undefined;
  const name = aliasName.slice(prefix.length);
  if (name === "root" || name === "active") return { kind: name };
  const root = name.startsWith("root-");
  const number = parseNumber(root ? name.slice("root-".length) : name);
  if (number === undefined) return undefined;
  return { kind: root ? "numbered_root" : "generation", number };
}

/** Decimal, from 1, without leading zeros: one name per number. */
function parseNumber(text: string): number | undefined {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
}

const TAG = {
  ring: "sealgate:ring",
  generation: "sealgate:generation",
  /** An RSA key fits six algorithms. */
  alg: "sealgate:alg",
  /** The public key of a disabled key cannot be read, and its tombstone needs the kid. */
  kid: "sealgate:kid",
  /** Set on keys that sealgate has created; no other key is ever scheduled for deletion. */
  managed: "sealgate:managed",
  /** Since when the published key set lists the key: the `published_at` of its entry. */
  listed: "sealgate:listed",
  /** `iat` of the first settled key set that was seen to list the key: rotators and signers count its lead from here. */
  published: "sealgate:published",
  /** When the key was first seen to have handed over to a later one. */
  superseded: "sealgate:superseded",
  /** When the key was revoked; keeps the tombstone even if KV is lost and the key is enabled again. */
  revoked: "sealgate:revoked",
  /** On the root key: what earlier documents allowed and may still be in use somewhere. */
  timing: "sealgate:timing",
} as const;

/** The tags of a key, as far as they are the ring's and well-formed. */
export interface RingTags {
  readonly ring: string | undefined;
  /** "1", "2", …; "root" or "root-2" on a root key. */
  readonly generation: string | undefined;
  readonly alg: Alg | undefined;
  readonly kid: Kid | undefined;
  readonly managed: boolean;
  readonly listedAt: EpochSeconds | undefined;
  readonly publishedAt: EpochSeconds | undefined;
  readonly supersededAt: EpochSeconds | undefined;
  readonly revokedAt: EpochSeconds | undefined;
  readonly timing: string | undefined;
}

export function parseRingTags(tags: KmsTags): RingTags {
  return {
    ring: tags[TAG.ring],
    generation: tags[TAG.generation],
    alg: ALGS.find((alg) => alg === tags[TAG.alg]),
    kid: parseKid(tags[TAG.kid]),
    managed: tags[TAG.managed] === "true",
    listedAt: parseTime(tags[TAG.listed]),
    publishedAt: parseTime(tags[TAG.published]),
    supersededAt: parseTime(tags[TAG.superseded]),
    revokedAt: parseTime(tags[TAG.revoked]),
    timing: tags[TAG.timing],
  };
}

/**
 * Since when every key set that an edge may take up lists the key: the lead counts from here. A key that was listed anew since
 * it was tagged, because a document was lost or rolled back, is waiting for its next settled document.
 * @returns undefined while no settled document has been seen to list it
 */
export function settledSince(tags: Pick<RingTags, "listedAt" | "publishedAt">): EpochSeconds | undefined {
  const { listedAt, publishedAt } = tags;
  return publishedAt !== undefined && publishedAt > (listedAt ?? 0) ? publishedAt : undefined;
}

/** The tags to write for what is given; members left out are not touched. */
export function ringTags(values: Partial<RingTags>): KmsTags {
  const { ring, generation, alg, kid, managed, listedAt, publishedAt, supersededAt, revokedAt, timing } = values;
  return {
    ...(ring === undefined ? {} : { [TAG.ring]: ring }),
    ...(generation === undefined ? {} : { [TAG.generation]: generation }),
    ...(alg === undefined ? {} : { [TAG.alg]: alg }),
    ...(kid === undefined ? {} : { [TAG.kid]: kid }),
    ...(managed === true ? { [TAG.managed]: "true" } : {}),
    ...(listedAt === undefined ? {} : { [TAG.listed]: String(Math.floor(listedAt)) }),
    ...(publishedAt === undefined ? {} : { [TAG.published]: String(Math.floor(publishedAt)) }),
    ...(supersededAt === undefined ? {} : { [TAG.superseded]: String(Math.floor(supersededAt)) }),
    ...(revokedAt === undefined ? {} : { [TAG.revoked]: String(Math.floor(revokedAt)) }),
    ...(timing === undefined ? {} : { [TAG.timing]: timing }),
  };
}

function parseTime(text: string | undefined): EpochSeconds | undefined {
  return text !== undefined && /^\d{1,13}$/.test(text) ? parseEpochSeconds(Number(text)) : undefined;
}
