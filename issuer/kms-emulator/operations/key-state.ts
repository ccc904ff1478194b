/**
 * EnableKey, DisableKey, ScheduleKeyDeletion and CancelKeyDeletion, and what a key's state allows.
 *
 * Source: AWS KMS Developer Guide, "Key states of AWS KMS keys". Writes are checked against the true state, use of the key
 * against the state that is visible.
 */
import { KmsError } from "../errors.ts";
import { optionalInteger, requiredString } from "../input.ts";
import type { JsonObject } from "../../../shared/json.ts";
import type { Key } from "../store.ts";
import { KEY_ID_LENGTH, timestamp } from "./context.ts";
import type { Operation, OperationContext } from "./context.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const PENDING_WINDOW_DAYS = { min: 7, max: 30 } as const;

/** @throws KmsError DisabledException or KMSInvalidStateException unless the key is seen as enabled. */
export function assertUsable(key: Key, nowMs: number): void {
  const state = key.status.visibleAt(nowMs)?.state;
  if (state === "Disabled") throw new KmsError("DisabledException", `${key.arn} is disabled.`);
  if (state === "PendingDeletion") throw pendingDeletion(key);
}

/** @throws KmsError KMSInvalidStateException for a key that waits for its deletion. */
export function assertNotPendingDeletion(key: Key): void {
  if (key.status.latest.state === "PendingDeletion") throw pendingDeletion(key);
}

function pendingDeletion(key: Key): KmsError {
  return new KmsError("KMSInvalidStateException", `${key.arn} is pending deletion.`);
}

function keyOf(input: JsonObject, { store, nowMs }: OperationContext): Key {
  return store.key(requiredString(input, "KeyId", KEY_ID_LENGTH), nowMs);
}

function setEnabled(input: JsonObject, context: OperationContext, state: "Enabled" | "Disabled"): undefined {
  const key = keyOf(input, context);
  assertNotPendingDeletion(key);
  if (key.status.latest.state !== state) context.store.setKeyStatus(key, { state }, context.nowMs);
}

export const enableKey: Operation = (input, context) => setEnabled(input, context, "Enabled");

export const disableKey: Operation = (input, context) => setEnabled(input, context, "Disabled");

export const scheduleKeyDeletion: Operation = (input, context) => {
  const days = optionalInteger(input, "PendingWindowInDays", PENDING_WINDOW_DAYS) ?? PENDING_WINDOW_DAYS.max;
  const key = keyOf(input, context);
  assertNotPendingDeletion(key);
  const deletionDateMs = context.nowMs + days * DAY_MS;
  context.store.setKeyStatus(key, { state: "PendingDeletion", deletionDateMs }, context.nowMs);
  return {
    KeyId: key.arn,
    DeletionDate: timestamp(deletionDateMs),
    KeyState: "PendingDeletion",
    PendingWindowInDays: days,
  };
};

/** The key comes back disabled, as in KMS: enabling it again is a decision of its own. */
export const cancelKeyDeletion: Operation = (input, context) => {
  const key = keyOf(input, context);
  if (key.status.latest.state !== "PendingDeletion") {
    throw new KmsError("KMSInvalidStateException", `${key.arn} is not pending deletion.`);
  }
  context.store.setKeyStatus(key, { state: "Disabled" }, context.nowMs);
  return { KeyId: key.arn };
};
