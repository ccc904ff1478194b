/** The operations the emulator builds, by KMS's names. Adding one: its name in operation-names.ts, its function here. */
import { KmsError } from "../errors.ts";
import { KMS_OPERATIONS, UNBUILT_OPERATIONS } from "../operation-names.ts";
import type { KmsOperation } from "../operation-names.ts";
import { createAlias, deleteAlias, listAliases, updateAlias } from "./aliases.ts";
import type { Operation } from "./context.ts";
import { cancelKeyDeletion, disableKey, enableKey, scheduleKeyDeletion } from "./key-state.ts";
import { createKey, describeKey, getPublicKey, listKeys } from "./keys.ts";
import { sign, verify } from "./signing.ts";
import { listResourceTags, tagResource, untagResource } from "./tags.ts";

export const OPERATIONS: Readonly<Record<KmsOperation, Operation>> = {
  CreateKey: createKey,
  DescribeKey: describeKey,
  ListKeys: listKeys,
  GetPublicKey: getPublicKey,
  Sign: sign,
  Verify: verify,
  CreateAlias: createAlias,
  UpdateAlias: updateAlias,
  DeleteAlias: deleteAlias,
  ListAliases: listAliases,
  EnableKey: enableKey,
  DisableKey: disableKey,
  ScheduleKeyDeletion: scheduleKeyDeletion,
  CancelKeyDeletion: cancelKeyDeletion,
  TagResource: tagResource,
  UntagResource: untagResource,
  ListResourceTags: listResourceTags,
};

const TARGET_PREFIX = "TrentService.";

/**
 * The operation an X-Amz-Target header asks for.
 * @throws KmsError UnsupportedOperationException for one that KMS has and the emulator does not, UnknownOperationException
 *   for a name KMS does not know.
 */
export function operationOf(target: string | undefined): KmsOperation {
  const name = target?.startsWith(TARGET_PREFIX) === true ? target.slice(TARGET_PREFIX.length) : undefined;
  const built = KMS_OPERATIONS.find((operation) => operation === name);
  if (built !== undefined) return built;
  if (name !== undefined && UNBUILT_OPERATIONS.includes(name)) {
    throw new KmsError(
      "UnsupportedOperationException",
      `${name} is an operation of KMS that this emulator does not build.`,
    );
  }
  throw new KmsError("UnknownOperationException", "X-Amz-Target names no operation of KMS.");
}
