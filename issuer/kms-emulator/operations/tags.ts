/**
 * TagResource, UntagResource and ListResourceTags, and the rules for tags that CreateKey shares.
 *
 * Source: AWS KMS API Reference, Tag and TagResource; Developer Guide, "Resource quotas".
 */
import { isJsonObject } from "../../../shared/json.ts";
import type { JsonObject, JsonValue } from "../../../shared/json.ts";
import { KmsError } from "../errors.ts";
import { requiredList, requiredString } from "../input.ts";
import type { Key } from "../store.ts";
import { KEY_ID_LENGTH } from "./context.ts";
import type { Operation, OperationContext } from "./context.ts";
import { assertNotPendingDeletion } from "./key-state.ts";
import { pageOf } from "./pagination.ts";

/** Tags per key. */
export const TAGS_MAX = 50;
const TAG_KEY_LENGTH = { min: 1, max: 128 } as const;
const TAG_VALUE_LENGTH = { min: 0, max: 256 } as const;
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** @throws KmsError TagException for a reserved or repeated key or a character that is not allowed. */
export function readTags(list: readonly JsonValue[]): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const entry of list) {
    if (!isJsonObject(entry)) throw new KmsError("SerializationException", "a tag must be a structure");
    const key = requiredString(entry, "TagKey", TAG_KEY_LENGTH);
    const value = requiredString(entry, "TagValue", TAG_VALUE_LENGTH);
    if (!TAG_TEXT.test(key) || !TAG_TEXT.test(value)) {
      throw new KmsError("TagException", "A tag key or value holds characters that are not allowed.");
    }
    if (/^aws:/i.test(key)) throw new KmsError("TagException", "Tag keys that begin with aws: are reserved.");
    if (tags.has(key)) throw new KmsError("TagException", "A tag key is given more than once.");
    tags.set(key, value);
  }
  return tags;
}

/** New tags over existing ones. @throws KmsError LimitExceededException for more than 50. */
export function mergeTags(
  existing: ReadonlyMap<string, string>,
  added: ReadonlyMap<string, string>,
): ReadonlyMap<string, string> {
  const merged = new Map([...existing, ...added]);
  if (merged.size > TAGS_MAX) {
    throw new KmsError("LimitExceededException", `A key can have at most ${TAGS_MAX} tags.`);
  }
  return merged;
}

function taggableKey(input: JsonObject, { store, nowMs }: OperationContext): Key {
  const key = store.key(requiredString(input, "KeyId", KEY_ID_LENGTH), nowMs);
  assertNotPendingDeletion(key);
  return key;
}

export const tagResource: Operation = (input, context) => {
  const added = readTags(requiredList(input, "Tags", TAGS_MAX));
  const key = taggableKey(input, context);
  context.store.setTags(key, mergeTags(key.tags, added));
  return undefined;
};

export const untagResource: Operation = (input, context) => {
  const names = requiredList(input, "TagKeys", TAGS_MAX);
  const key = taggableKey(input, context);
  context.store.setTags(key, new Map([...key.tags].filter(([name]) => !names.includes(name))));
  return undefined;
};

export const listResourceTags: Operation = (input, { store, nowMs }) => {
  const key = store.key(requiredString(input, "KeyId", KEY_ID_LENGTH), nowMs);
  const page = pageOf(input, [...key.tags], {
    listing: "ListResourceTags",
    defaultLimit: 50,
    maxLimit: 50,
    sortKey: ([name]) => name,
  });
  return { Tags: page.items.map(([name, value]) => ({ TagKey: name, TagValue: value })), ...page.end };
};
