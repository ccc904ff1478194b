/** What every operation is given, and the shape of an operation. */
import type { JsonObject } from "../../../shared/json.ts";
import type { Faults } from "../faults.ts";
import type { KmsStore } from "../store.ts";

export interface OperationContext {
  readonly store: KmsStore;
  readonly faults: Faults;
  /** The instant of the request, epoch milliseconds. */
  readonly nowMs: number;
}

/** Carries out one call. Answers the response's members, or undefined for KMS's empty response; throws KmsError. */
export type Operation = (
  input: JsonObject,
  context: OperationContext,
) => JsonObject | undefined | Promise<JsonObject | undefined>;

export const KEY_ID_LENGTH = { min: 1, max: 2048 } as const;

/** An instant as the AWS JSON protocols write it: epoch seconds with a fraction. */
export function timestamp(epochMs: number): number {
  return epochMs / 1000;
}
