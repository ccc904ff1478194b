/**
 * What the ring is called in KMS: aliases and tags, to text and back. The names are a contract with other tools; nothing
 * here says what they mean for the life of a key.
 */
import { ALGS } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import { parseEpochSeconds, parseKid } from "../../shared/identifiers.ts";
import type { EpochSeconds, Kid, RingName } from "../../shared/identifiers.ts";
import type { RevokedKid } from "../../shared/key-set.ts";
import type { KmsTags } from "../kms/port.ts";
import { parseDocumentLife, serialiseDocumentLife } from "./document-life.ts";
import type { DocumentLife } from "./document-life.ts";
import { parseSurvey, serialiseSurvey } from "./survey.ts";
import type { Survey } from "./survey.ts";

/** What a key of the ring is for. */
export type KeyRole =
  | { readonly role: "root" }
  | { readonly role: "numbered_root"; readonly number: number }
  | { readonly role: "generation"; readonly number: number };

/** What an alias of the ring stands for. `root` and `active` move; those with a number are created once and never moved. */
export type AliasRole = KeyRole | { readonly role: "active" };

/** The last part of the alias, and the value of the tag `sealgate:generation`: "root", "root-2", "3", "active". */
export function nameOfRole(named: AliasRole): string {
  switch (named.role) {
    case "root":
    case "active":
      return named.role;
    case "numbered_root":
      return `root-${named.number}`;
    case "generation":
      return String(named.number);
  }
}

/** @returns undefined for a text that is no name of a role, such as "01": each number has one name */
export function parseRole(name: string | undefined): AliasRole | undefined {
  if (name === "root" || name === "active") return { role: name };
  const [, root, digits] = /^(root-)?([1-9]\d{0,8})$/.exec(name ?? "") ?? [];
  if (digits === undefined) return undefined;
  return { role: root === undefined ? "generation" : "numbered_root", number: Number(digits) };
}

/** True for the names of root keys. */
export function isRootName(name: string | undefined): name is string {
  const role = parseRole(name)?.role;
  return role === "root" || role === "numbered_root";
}

/** The role in words: "the root", "root 2", "generation 3". */
export function describeRole(named: KeyRole): string {
  if (named.role === "root") return "the root";
  return named.role === "numbered_root" ? `root ${named.number}` : `generation ${named.number}`;
}

export function ringAlias(ring: RingName, named: AliasRole): string {
  return aliasPrefix(ring) + nameOfRole(named);
}

/** @returns undefined for an alias that is not one of this ring's */
export function parseRingAlias(ring: RingName, aliasName: string): AliasRole | undefined {
  const prefix = aliasPrefix(ring);
  return aliasName.startsWith(prefix) ? parseRole(aliasName.slice(prefix.length)) : undefined;
}

function aliasPrefix(ring: RingName): string {
  return `alias/sealgate/${ring}/`;
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
  /** When the key was seen to have handed over to another one; empty once it signs again. */
  superseded: "sealgate:superseded",
  /** When the key was revoked; keeps the tombstone even if KV is lost and the key is enabled again. */
  revoked: "sealgate:revoked",
  /** With the kid of another key behind it, which was revoked and waits for its deletion: KMS takes no tag for that one. */
  revokedOther: "sealgate:revoked:",
  /** On the root key: what earlier documents allowed and may still be in use somewhere. */
  timing: "sealgate:timing",
  /** On the root keys: since when edges have had a document without a break, and the `exp` of the last one. */
  document: "sealgate:document",
  /** On the root key: which keys of the account are not the ring's. */
  survey: "sealgate:survey",
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
  /** It has handed over, and then taken over once more. */
  readonly signsAgain: boolean;
  readonly revokedAt: EpochSeconds | undefined;
  /** Other keys of the ring that were revoked and could not be tagged themselves. */
  readonly revokedOthers: readonly RevokedKid[];
  readonly timing: string | undefined;
  readonly document: DocumentLife | undefined;
  readonly survey: Survey | undefined;
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
    signsAgain: tags[TAG.superseded] === "",
    revokedAt: parseTime(tags[TAG.revoked]),
    revokedOthers: Object.keys(tags).flatMap((name) => parseRevokedOther(name, tags[name])),
    timing: tags[TAG.timing],
    document: parseDocumentLife(tags[TAG.document]),
    survey: parseSurvey(tags[TAG.survey]),
  };
}

/** The kid that the tag of this name tells the revocation of; undefined for other tags. */
export function kidOfRevokedOther(name: string): Kid | undefined {
  return name.startsWith(TAG.revokedOther) ? parseKid(name.slice(TAG.revokedOther.length)) : undefined;
}

function parseRevokedOther(name: string, value: string | undefined): readonly RevokedKid[] {
  const kid = kidOfRevokedOther(name);
  const at = parseTime(value);
  return kid === undefined || at === undefined ? [] : [{ kid, at }];
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

/** A key set has listed the key, since then or before: people may have taken one of the two tags away. */
export function listedBy({
  listedAt,
  publishedAt,
}: Pick<RingTags, "listedAt" | "publishedAt">): EpochSeconds | undefined {
  return listedAt ?? publishedAt;
}

/** The tags to write for what is given; members left out are not touched. */
export function ringTags(values: Partial<RingTags>): KmsTags {
  const { ring, generation, alg, kid, managed, listedAt, publishedAt, supersededAt, signsAgain, revokedAt } = values;
  const { timing, document, survey, revokedOthers = [] } = values;
  return {
    ...(ring === undefined ? {} : { [TAG.ring]: ring }),
    ...(generation === undefined ? {} : { [TAG.generation]: generation }),
    ...(alg === undefined ? {} : { [TAG.alg]: alg }),
    ...(kid === undefined ? {} : { [TAG.kid]: kid }),
    ...(managed === true ? { [TAG.managed]: "true" } : {}),
    ...(listedAt === undefined ? {} : { [TAG.listed]: String(Math.floor(listedAt)) }),
    ...(publishedAt === undefined ? {} : { [TAG.published]: String(Math.floor(publishedAt)) }),
    ...(signsAgain === true ? { [TAG.superseded]: "" } : {}),
    ...(supersededAt === undefined ? {} : { [TAG.superseded]: String(Math.floor(supersededAt)) }),
    ...(revokedAt === undefined ? {} : { [TAG.revoked]: String(Math.floor(revokedAt)) }),
    ...Object.fromEntries(revokedOthers.map(({ kid, at }) => [TAG.revokedOther + kid, String(Math.floor(at))])),
    ...(timing === undefined ? {} : { [TAG.timing]: timing }),
    ...(document === undefined ? {} : { [TAG.document]: serialiseDocumentLife(document) }),
    ...(survey === undefined ? {} : { [TAG.survey]: serialiseSurvey(survey) }),
  };
}

function parseTime(text: string | undefined): EpochSeconds | undefined {
  return text !== undefined && /^\d{1,13}$/.test(text) ? parseEpochSeconds(Number(text)) : undefined;
}
