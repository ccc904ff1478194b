/**
 * Which keys of the account are known not to be the ring's, without asking for the tags of each one again: a hash over their ARNs,
 * noted on the root key. An account may hold hundreds of keys whose tags the rotator may not read; asking for them in each run
 * would be as many refusals in CloudTrail. Pure, but for the hash.
 */
import { createHash } from "node:crypto";
import { addSeconds, parseEpochSeconds } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";

/** What was found when tags were last read. */
export interface Survey {
  /** Over the ARNs of all keys without an alias that are not the ring's. */
  readonly hash: string;
  readonly at: EpochSeconds;
}

/** A key may get the ring's tags by hand, or by an adoption that a crash has cut short. */
const SURVEY_SECONDS = 86_400;

/** Each of so many keys is tried as the one that came since: a second's work at the most. */
const MOST_KEYS_TRIED = 1000;

/** Of 16 octets: a collision would have to be made by choosing key ids, which AWS does. */
export function hashOfKeys(arns: readonly string[]): string {
  return createHash("sha256").update(arns.toSorted().join("\n")).digest("base64url").slice(0, 22);
}

/**
 * Which of the keys have to be looked at.
 * @param arns of all keys without an alias
 * @returns none if they are the ones of the survey; one, if it came since; otherwise all
 */
export function keysToLookAt(
  arns: readonly string[],
  survey: Survey | undefined,
  now: EpochSeconds,
): readonly string[] {
  if (survey === undefined || isSurveyOver(survey, now)) return arns;
  if (hashOfKeys(arns) === survey.hash) return [];
  if (arns.length > MOST_KEYS_TRIED) return arns;
  const added = arns.find((arn) => hashOfKeys(arns.filter((other) => other !== arn)) === survey.hash);
  return added === undefined ? arns : [added];
}

/** What a process has read of keys, by ARN. */
export interface KnownKeys {
  /** When the tags of keys were read that were not the ring's. */
  readonly foreignKeys: ReadonlyMap<string, EpochSeconds>;
  /** Keys that have been the ring's. */
  readonly ownKeys: ReadonlySet<string>;
}

/** Tags never turn a foreign key into one of the ring by themselves, so they are read once in a while only. */
const FOREIGN_KEY_SECONDS = 3600;
/** While a number is needed: once in a run. */
const RUN_SECONDS = 60;

/**
 * Which of the keys a process has to read the tags of.
 * @param isNumberNeeded a generation is to be made or adopted: a key that was adopted since must not lose its number to it
 */
export function notReadOfLate(
  arns: readonly string[],
  { foreignKeys, ownKeys }: KnownKeys,
  isNumberNeeded: boolean,
  now: EpochSeconds,
): readonly string[] {
  const keptSeconds = isNumberNeeded ? RUN_SECONDS : FOREIGN_KEY_SECONDS;
  return arns.filter((arn) => {
    const readAt = foreignKeys.get(arn);
    return ownKeys.has(arn) || readAt === undefined || now >= addSeconds(readAt, keptSeconds);
  });
}

/**
 * What has to be noted.
 * @param foreign all keys without an alias that are not the ring's
 * @param lookedAt when each of them was last looked at
 * @returns undefined if that is noted, or is nothing
 */
export function surveyToNote(
  foreign: readonly string[],
  lookedAt: EpochSeconds,
  noted: Survey | undefined,
  now: EpochSeconds,
): Survey | undefined {
  const hash = hashOfKeys(foreign);
  if (noted === undefined) return foreign.length === 0 ? undefined : { hash, at: lookedAt };
  return hash === noted.hash && !isSurveyOver(noted, now) ? undefined : { hash, at: lookedAt };
}

/** Everything has to be looked at again. */
function isSurveyOver({ at }: Survey, now: EpochSeconds): boolean {
  return now >= addSeconds(at, SURVEY_SECONDS);
}

/** As a tag's value: "dGhlIGhhc2ggb2Yga2V5cw @1800000000". */
export function serialiseSurvey({ hash, at }: Survey): string {
  return `${hash} @${Math.floor(at)}`;
}

/** @returns undefined for a text that is no survey; then all keys are looked at */
export function parseSurvey(text: string | undefined): Survey | undefined {
  const [, hash, seconds] = /^([\w-]{22}) @(\d{1,13})$/.exec(text ?? "") ?? [];
  const at = parseEpochSeconds(Number(seconds));
  return hash === undefined || at === undefined ? undefined : { hash, at };
}
