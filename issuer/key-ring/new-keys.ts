/**
 * What an operator wants of the keys that a rotator creates: tags that an organisation demands, a key policy, a description.
 * Pure; the limits are KMS's (https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html).
 */
import { isJsonObject } from "../../shared/json.ts";
import type { JsonObject } from "../../shared/json.ts";

export interface NewKeys {
  /** Besides sealgate's own. A service control policy may demand some, and cost reports go by them. */
  readonly tags: Readonly<Record<string, string>>;
  /** The key policy; undefined: KMS's own, which leaves everything to IAM. */
  readonly keyPolicy: JsonObject | undefined;
  /** Added to what sealgate says of the key; undefined: nothing. */
  readonly description: string | undefined;
}

export const NO_NEW_KEYS: NewKeys = { tags: {}, keyPolicy: undefined, description: undefined };

/** KMS takes 50, and sealgate sets about ten, one more for each revocation that is noted on another key. */
const MOST_TAGS = 20;

/** Letters, digits, spaces and `_ . : / = + - @` (https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html). */
const TAG_TEXT = /^[\p{L}\p{N}\p{Zs}_.:/=+\-@]*$/u;

const LONGEST_POLICY = 32_768;
const LONGEST_DESCRIPTION = 4096;

/** @returns each broken rule: the member, and the predicate of a sentence */
export function newKeysProblems({
  tags,
  keyPolicy,
  description,
}: NewKeys): readonly { member: string; rule: string }[] {
  const problems: { member: string; rule: string }[] = [];
  const report = (member: string, rule: string): void => void problems.push({ member: `newKeys.${member}`, rule });
  const names = Object.entries(tags);
  if (names.length > MOST_TAGS) report("tags", `must be at most ${MOST_TAGS}`);
  for (const [name, value] of names) {
    if (/^(?:aws|sealgate):/i.test(name)) report("tags", "must not have names that begin with aws: or sealgate:");
    const isText = name.length >= 1 && name.length <= 128 && value.length <= 256 && TAG_TEXT.test(name + value);
    if (!isText)
      report("tags", "must be names of 1 to 128 and values of up to 256 letters, digits, spaces and _.:/=+-@");
  }
  if (keyPolicy !== undefined) {
    const statement = keyPolicy["Statement"];
    if (!Array.isArray(statement) || statement.length === 0 || !statement.every(isJsonObject)) {
      report("keyPolicy", 'must be a key policy: an object with a "Statement" of one or more objects');
    }
    if (JSON.stringify(keyPolicy).length > LONGEST_POLICY)
      report("keyPolicy", `must be at most ${LONGEST_POLICY} characters`);
  }
  if (description !== undefined && (description === "" || description.length > LONGEST_DESCRIPTION)) {
    report("description", `must be 1 to ${LONGEST_DESCRIPTION} characters`);
  }
  return problems;
}

/** The types of what was read from JSON. @returns what is wrong, as sentences */
export function newKeysTypeProblems(value: unknown): readonly string[] {
  if (!isJsonObject(value)) return ["newKeys must be an object"];
  return Object.entries(value).flatMap(([name, member]): readonly string[] => {
    if (name === "description") return typeof member === "string" ? [] : ["newKeys.description must be a string"];
    if (name === "keyPolicy") return isJsonObject(member) ? [] : ["newKeys.keyPolicy must be an object"];
    if (name !== "tags") return [`newKeys.${JSON.stringify(name)} is not a member of a policy`];
    const isTags = isJsonObject(member) && Object.values(member).every((text) => typeof text === "string");
    return isTags ? [] : ["newKeys.tags must be an object of strings"];
  });
}
