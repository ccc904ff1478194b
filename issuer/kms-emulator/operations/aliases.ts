/**
 * CreateAlias, UpdateAlias, DeleteAlias and ListAliases. Changes are made at once and seen after the visibility delay; which
 * of two CreateAlias calls wins never depends on the delay.
 */
import { KmsError } from "../errors.ts";
import { aliasArn, checkAliasName } from "../identifiers.ts";
import { optionalString, requiredString } from "../input.ts";
import { KEY_SPEC_TABLE } from "../keys.ts";
import type { JsonObject } from "../../../shared/json.ts";
import type { Key } from "../store.ts";
import { KEY_ID_LENGTH, timestamp } from "./context.ts";
import type { Operation, OperationContext } from "./context.ts";
import { assertNotPendingDeletion } from "./key-state.ts";
import { pageOf } from "./pagination.ts";

/** AWS KMS Developer Guide, "Resource quotas". */
const ALIASES_PER_KEY_MAX = 50;

function readAliasName(input: JsonObject): string {
  // The limit here only bounds the text; checkAliasName gives KMS's answer.
  const name = requiredString(input, "AliasName", { min: 1, max: 2048 });
  checkAliasName(name);
  return name;
}

/** The key an alias is to point at, by key id or ARN. @throws KmsError when it does not exist, is on its way out, or is full. */
function readTarget(input: JsonObject, { store, nowMs }: OperationContext): Key {
  const key = store.key(requiredString(input, "TargetKeyId", KEY_ID_LENGTH), nowMs);
  assertNotPendingDeletion(key);
  return key;
}

function assertRoomForAlias(key: Key, { store }: OperationContext): void {
  if (store.countAliasesOf(key.keyId) < ALIASES_PER_KEY_MAX) return;
  throw new KmsError("LimitExceededException", `${key.arn} has ${ALIASES_PER_KEY_MAX} aliases already.`);
}

export const createAlias: Operation = (input, context) => {
  const name = readAliasName(input);
  const target = readTarget(input, context);
  const { nowMs } = context;
  assertRoomForAlias(target, context);
  context.store.createAlias({ name, targetKeyId: target.keyId, createdAtMs: nowMs, updatedAtMs: nowMs }, nowMs);
  return undefined;
};

export const updateAlias: Operation = (input, context) => {
  const name = readAliasName(input);
  const { store, nowMs } = context;
  const alias = store.latestAlias(name);
  const target = readTarget(input, context);
  const previous = store.targetOf(alias);
  if (previous !== undefined && !interchangeable(previous, target)) {
    throw new KmsError(
      "ValidationException",
      `${name} can only move to a key of the same type and key usage as ${previous.arn}.`,
    );
  }
  if (previous?.keyId !== target.keyId) assertRoomForAlias(target, context);
  store.changeAlias(name, { ...alias, targetKeyId: target.keyId, updatedAtMs: nowMs }, nowMs);
  return undefined;
};

/** Same type (symmetric, asymmetric or HMAC) and same usage; the spec may differ (API Reference, UpdateAlias). */
function interchangeable(previous: Key, next: Key): boolean {
  return KEY_SPEC_TABLE[previous.spec].kind === KEY_SPEC_TABLE[next.spec].kind && previous.usage === next.usage;
}

export const deleteAlias: Operation = (input, { store, nowMs }) => {
  store.changeAlias(readAliasName(input), null, nowMs);
  return undefined;
};

export const listAliases: Operation = (input, { store, nowMs }) => {
  const keyId = optionalString(input, "KeyId", KEY_ID_LENGTH);
  const target = keyId === undefined ? undefined : store.key(keyId, nowMs);
  const aliases = store.aliases(nowMs).filter((alias) => target === undefined || alias.targetKeyId === target.keyId);
  const page = pageOf(input, aliases, {
    listing: "ListAliases",
    defaultLimit: 50,
    maxLimit: 100,
    sortKey: (alias) => alias.name,
  });
  const entries = page.items.map((alias) => ({
    AliasName: alias.name,
    AliasArn: aliasArn(store.place, alias.name),
    TargetKeyId: alias.targetKeyId,
    CreationDate: timestamp(alias.createdAtMs),
    LastUpdatedDate: timestamp(alias.updatedAtMs),
  }));
  return { Aliases: entries, ...page.end };
};
