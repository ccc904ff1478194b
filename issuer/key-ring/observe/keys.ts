/**
 * The KMS half of an observation: the ring's aliases, the keys behind them, and keys with the ring's tags but no alias.
 * Reads only. What KMS shows may be minutes old; nothing here tries to improve on it.
 */
import type { Alg } from "../../../shared/algorithms.ts";
import { epochSecondsFromMs } from "../../../shared/identifiers.ts";
import type { EpochSeconds, RingName } from "../../../shared/identifiers.ts";
import { KMS_CONSISTENCY_SECONDS } from "../../../shared/timing.ts";
import { SealgateError } from "../../errors.ts";
import { algOfKey, readPublicKeyFor } from "../../kms/fitness.ts";
import type { Kms, KmsAlias, KmsKey, KmsTags } from "../../kms/port.ts";
import type {
  ObservedActive,
  ObservedCandidate,
  ObservedGeneration,
  ObservedKey,
  ObservedRoot,
  RelatedKey,
} from "../model/observed.ts";
import { parseRingAlias, parseRingTags } from "../names.ts";
import type { AliasRole } from "../names.ts";
import { keysToLookAt, notReadOfLate, surveyToNote } from "../survey.ts";
import type { Survey } from "../survey.ts";
import { mapLimited } from "./memory.ts";
import type { RingMemory } from "./memory.ts";

export interface KeyObservation {
  readonly root: ObservedRoot | undefined;
  readonly rootUpdatedAt: EpochSeconds | undefined;
  readonly otherRoots: readonly ObservedRoot[];
  readonly active: ObservedActive | undefined;
  readonly generations: readonly ObservedGeneration[];
  readonly orphans: readonly ObservedKey[];
  readonly survey: Survey | undefined;
  readonly candidate: ObservedCandidate | undefined;
}

/** KMS of another Region, to see whose key a Multi-Region key is there. */
export type KmsInRegion = (region: string) => Pick<Kms, "listTags">;

export interface KeyReader {
  readonly kms: Kms;
  /** Without it, a Multi-Region key counts as another ring's. */
  readonly kmsInRegion?: KmsInRegion | undefined;
  readonly ring: RingName;
  /** For keys that fit several algorithms and do not say which is meant. */
  readonly alg: Alg;
  readonly rootAlg: Alg;
  readonly memory: RingMemory;
  readonly now: EpochSeconds;
}

type RingAlias = KmsAlias & AliasRole;
type NumberedAlias = Extract<RingAlias, { readonly number: number }>;

/** @param candidate key id, ARN or alias of a key that is to be adopted */
export async function observeKeys(reader: KeyReader, candidate: string | undefined): Promise<KeyObservation> {
  const aliases = await reader.kms.listAliases("alias/");
  const ringAliases = aliases.flatMap((alias): readonly RingAlias[] => {
    const named = parseRingAlias(reader.ring, alias.aliasName);
    return named === undefined ? [] : [{ ...alias, ...named }];
  });
  const rootAlias = ringAliases.find(({ role }) => role === "root");
  const numberedRoots = ringAliases.filter((alias) => alias.role === "numbered_root");
  const generationAliases = ringAliases.filter((alias) => alias.role === "generation");
  const roots = await observeRoots(reader, rootAlias, numberedRoots);
  const generations = await mapLimited(generationAliases, async ({ number, targetKeyId, createdAt }) => {
    const key = await observeKey(reader, targetKeyId, reader.alg);
    reader.memory.ownKeys.add(key.keyArn);
    return { ...key, number, aliasCreatedAt: createdAt };
  });
  const activeAlias = ringAliases.find(({ role }) => role === "active");
  const active = activeAlias === undefined ? undefined : toActive(activeAlias, generationAliases);
  // `active` moves on: a key that has no other alias has lost the one of its number.
  const named = aliases.filter(({ aliasName }) => aliasName !== activeAlias?.aliasName);
  const aliased = new Set(named.map(({ targetKeyId }) => targetKeyId));
  // A number is to be given. A key that was adopted since its tags were read has one, and may have lost its alias.
  const isNumberNeeded = candidate !== undefined || !hasNext(reader, active, generations);
  return {
    ...roots,
    rootUpdatedAt: rootAlias?.updatedAt,
    active,
    generations: generations.toSorted((left, right) => left.number - right.number),
    ...(await observeOrphans(reader, aliased, roots.root?.tags.survey, isNumberNeeded)),
    candidate: candidate === undefined ? undefined : await observeCandidate(reader, candidate),
  };
}

async function observeRoots(
  reader: KeyReader,
  rootAlias: RingAlias | undefined,
  numberedRoots: readonly NumberedAlias[],
): Promise<Pick<KeyObservation, "root" | "otherRoots">> {
  const targets = new Map<string, number | undefined>();
  if (rootAlias !== undefined) targets.set(rootAlias.targetKeyId, undefined);
  for (const { targetKeyId, number } of numberedRoots) targets.set(targetKeyId, number);
  const keys = await mapLimited([...targets], async ([keyId, number]) => ({
    ...(await observeKey(reader, keyId, reader.rootAlg)),
    number,
  }));
  return {
    root: keys.find(({ keyId }) => keyId === rootAlias?.targetKeyId),
    otherRoots: keys.filter(({ keyId }) => keyId !== rootAlias?.targetKeyId),
  };
}

function toActive({ targetKeyId, updatedAt }: KmsAlias, generations: readonly NumberedAlias[]): ObservedActive {
  // Should two generations have one key, the first one is meant.
  const numbers = generations.filter((alias) => alias.targetKeyId === targetKeyId).map(({ number }) => number);
  return { keyId: targetKeyId, generation: numbers.length === 0 ? undefined : Math.min(...numbers), updatedAt };
}

/** A later generation stands ready: no other one is made. */
function hasNext(
  { alg }: KeyReader,
  active: ObservedActive | undefined,
  generations: readonly ObservedGeneration[],
): boolean {
  const signing = active?.generation ?? Infinity;
  return generations.some(
    ({ number, keyState, alg: its, tags }) =>
      number > signing && keyState === "Enabled" && its === alg && tags.revokedAt === undefined,
  );
}

async function observeOrphans(
  reader: KeyReader,
  aliased: ReadonlySet<string>,
  noted: Survey | undefined,
  isNumberNeeded: boolean,
): Promise<Pick<KeyObservation, "orphans" | "survey">> {
  const { kms, memory, now, ring } = reader;
  const arns = (await kms.listKeys()).filter((arn) => !aliased.has(arn.slice(arn.lastIndexOf("/") + 1)));
  const suspected = new Set(isNumberNeeded ? arns : keysToLookAt(arns, noted, now));
  const toLookAt = arns.filter((arn) => suspected.has(arn) || memory.ownKeys.has(arn));
  const suspects = notReadOfLate(toLookAt, memory, isNumberNeeded, now);
  let isComplete = true;
  const keys = await mapLimited(suspects, async (arn): Promise<readonly ObservedKey[]> => {
    const tags = await readTagsOfAny(kms, arn);
    // Too new to be seen: whose it is will show.
    if (tags === undefined) {
      isComplete = false;
      return [];
    }
    if (parseRingTags(tags).ring !== ring) {
      memory.foreignKeys.set(arn, now);
      return [];
    }
    memory.ownKeys.add(arn);
    return [await describe(reader, arn, await describeKey(kms, arn), tags, undefined)];
  });
  const own = new Set(keys.flat().map(({ keyArn }) => keyArn));
  const foreign = arns.filter((arn) => !own.has(arn));
  const lookedAt = noted !== undefined && toLookAt.length < arns.length ? noted.at : now;
  return {
    // What waits for its deletion is dealt with. One that has been a generation has its number still: people can cancel the deletion.
    orphans: keys.flat().filter(({ keyState, tags }) => keyState !== "PendingDeletion" || tags.kid !== undefined),
    survey: isComplete ? surveyToNote(foreign, lookedAt, noted, now) : undefined,
  };
}

/**
 * The tags of one of the account's keys. A role may read the tags of the keys that it has created; others may be unreadable.
 * @returns undefined for a key that KMS does not show (any more, or yet)
 */
async function readTagsOfAny(kms: Kms, keyId: string): Promise<KmsTags | undefined> {
  try {
    return await kms.listTags(keyId);
  } catch (error) {
    if (hasCode(error, "kms_access_denied")) return {};
    if (hasCode(error, "kms_key_not_found")) return undefined;
    throw error;
  }
}

/**
 * The tags of a key that the ring has or is to have. Without them its algorithm, its ring and its revocation would be guessed.
 * @returns undefined for a key that is too new for KMS to show its tags
 */
async function readTagsOfRing({ kms, now }: KeyReader, { keyArn, createdAt }: KmsKey): Promise<KmsTags | undefined> {
  try {
    return await kms.listTags(keyArn);
  } catch (error) {
    if (!(error instanceof SealgateError)) throw error;
    const { code, retryable } = error;
    if (code === "kms_key_not_found" && now < createdAt + 2 * KMS_CONSISTENCY_SECONDS) return undefined;
    const message =
      `The tags of ${keyArn} cannot be read (${code}), and without them its algorithm and ring would be guessed. ` +
      "Allow kms:ListResourceTags on it, or run again.";
    throw new SealgateError(code, message, { retryable, cause: error });
  }
}

async function observeKey(reader: KeyReader, keyId: string, preferred: Alg): Promise<ObservedKey> {
  const key = await describeKey(reader.kms, keyId);
  // TagResource and ListResourceTags take no alias, hence the ARN.
  const tags = key === undefined ? undefined : await readTagsOfRing(reader, key);
  // A key whose tags are not visible yet is not visible yet.
  return describe(reader, keyId, tags === undefined ? undefined : key, tags ?? {}, preferred);
}

async function observeCandidate(reader: KeyReader, keyId: string): Promise<ObservedCandidate> {
  const candidate = await observeKey(reader, keyId, reader.alg);
  const described = await describeKey(reader.kms, keyId);
  const relatedArns = described?.relatedArns ?? [];
  const elsewhere = await mapLimited(relatedArns, (keyArn) => observeRelated(reader, keyArn));
  // Seen a moment ago and not any more: what it is elsewhere is not known.
  const unseen: RelatedKey = { keyArn: candidate.keyArn, ring: undefined, fault: "kms_key_not_found" };
  return { ...candidate, elsewhere: described === undefined ? [unseen] : elsewhere };
}

async function observeRelated({ kmsInRegion }: KeyReader, keyArn: string): Promise<RelatedKey> {
  const [, , , region = ""] = keyArn.split(":");
  try {
    if (kmsInRegion === undefined) return { keyArn, ring: undefined, fault: "kms_unreachable" };
    const { ring } = parseRingTags(await kmsInRegion(region).listTags(keyArn));
    return { keyArn, ring, fault: undefined };
  } catch (error) {
    if (!(error instanceof SealgateError)) throw error;
    return { keyArn, ring: undefined, fault: error.code };
  }
}

/** @param preferred algorithm of a key that does not say which is meant; undefined: the public key is not needed */
async function describe(
  reader: KeyReader,
  name: string,
  key: KmsKey | undefined,
  rawTags: KmsTags,
  preferred: Alg | undefined,
): Promise<ObservedKey> {
  const tags = parseRingTags(rawTags);
  if (key === undefined) return { ...NOT_FOUND, keyId: name, keyArn: name, tags };
  const { keyArn, keySpec, keyUsage, createdAt, deletionAt } = key;
  const alg = algOfKey(key, tags.alg, preferred);
  const isWanted = preferred !== undefined && alg !== undefined;
  const read =
    isWanted && key.keyState === "Enabled"
      ? await readPublicKey(reader, keyArn, alg)
      : { publicKey: isWanted ? knownPublicKey(reader, keyArn, alg) : undefined, keyState: key.keyState };
  const keyId = keyArn.slice(keyArn.lastIndexOf("/") + 1);
  return { keyId, keyArn, keySpec, keyUsage, createdAt, deletionAt, ...read, tags, alg };
}

async function describeKey(kms: Kms, keyId: string): Promise<KmsKey | undefined> {
  try {
    return await kms.describeKey(keyId);
  } catch (error) {
    if (hasCode(error, "kms_key_not_found")) return undefined;
    throw error;
  }
}

const NOT_FOUND: Omit<ObservedKey, "keyId" | "keyArn" | "tags"> = {
  keyState: "NotFound",
  keySpec: "",
  keyUsage: "",
  createdAt: epochSecondsFromMs(0),
  deletionAt: undefined,
  alg: undefined,
  publicKey: undefined,
};

/** States that KMS tells by refusing the public key, when DescribeKey has still shown the key as enabled. */
const STATE_OF_CODE: ReadonlyMap<string, string> = new Map([
  ["kms_key_disabled", "Disabled"],
  ["kms_key_pending_deletion", "PendingDeletion"],
  ["kms_key_unavailable", "Unavailable"],
  ["kms_key_not_found", "NotFound"],
]);

/** Public keys never change: one that was read stays known when its key is disabled or deleted. */
function knownPublicKey({ memory }: Pick<KeyReader, "memory">, keyArn: string, alg: Alg): ObservedKey["publicKey"] {
  const known = memory.publicKeys.get(`${alg} ${keyArn}`);
  return known && { kid: known.kid, jwk: known.jwk };
}

async function readPublicKey(
  { kms, memory }: KeyReader,
  keyArn: string,
  alg: Alg,
): Promise<Pick<ObservedKey, "publicKey" | "keyState">> {
  const known = knownPublicKey({ memory }, keyArn, alg);
  if (known !== undefined) return { publicKey: known, keyState: "Enabled" };
  try {
    const publicKey = await readPublicKeyFor(kms, keyArn, alg);
    memory.publicKeys.set(`${alg} ${keyArn}`, publicKey);
    return { publicKey: { kid: publicKey.kid, jwk: publicKey.jwk }, keyState: "Enabled" };
  } catch (error) {
    if (hasCode(error, "kms_key_unfit")) return { publicKey: undefined, keyState: "Enabled" };
    const keyState = error instanceof SealgateError ? STATE_OF_CODE.get(error.code) : undefined;
    if (keyState === undefined) throw error;
    return { publicKey: undefined, keyState };
  }
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof SealgateError && codes.includes(error.code);
}
