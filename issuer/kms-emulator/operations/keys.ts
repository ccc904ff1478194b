/** CreateKey, DescribeKey, ListKeys and GetPublicKey. Key policies are accepted and not enforced. */
import { createPublicKey, randomUUID } from "node:crypto";
import type { JsonObject } from "../../../shared/json.ts";
import { KmsError } from "../errors.ts";
import { optionalBoolean, optionalBuiltEnum, optionalList, optionalString, requiredString } from "../input.ts";
import { KEY_SPECS, KEY_SPEC_TABLE, KEY_USAGES, UNBUILT_KEY_SPECS, UNBUILT_KEY_USAGES } from "../keys.ts";
import type { KeySpec, KeyUsage } from "../keys.ts";
import type { Key, KeyStatus } from "../store.ts";
import { KEY_ID_LENGTH, timestamp } from "./context.ts";
import type { Operation, OperationContext } from "./context.ts";
import { pageOf } from "./pagination.ts";
import { assertUsable } from "./key-state.ts";
import { mergeTags, readTags, TAGS_MAX } from "./tags.ts";

export const createKey: Operation = async (input, { store, nowMs }) => {
  refuseUnbuiltOptions(input);
  const spec = readKeySpec(input);
  const usage = readKeyUsage(input, spec);
  const description = optionalString(input, "Description", { min: 0, max: 8192 }) ?? "";
  const tags = mergeTags(new Map(), readTags(optionalList(input, "Tags", TAGS_MAX)));
  const material = await KEY_SPEC_TABLE[spec].generate();
  const key = store.addKey(
    { keyId: randomUUID(), spec, usage, description, createdAtMs: nowMs, material, tags },
    nowMs,
  );
  return { KeyMetadata: metadata(key, key.status.latest, store.place.accountId) };
};

function refuseUnbuiltOptions(input: JsonObject): void {
  const origin = optionalString(input, "Origin", { min: 1, max: 64 }) ?? "AWS_KMS";
  const unbuilt = [
    origin === "AWS_KMS" ? undefined : `Origin ${origin}`,
    optionalBoolean(input, "MultiRegion") ? "MultiRegion" : undefined,
    input["CustomKeyStoreId"] === undefined ? undefined : "CustomKeyStoreId",
    input["XksKeyId"] === undefined ? undefined : "XksKeyId",
  ].find((option) => option !== undefined);
  if (unbuilt !== undefined) {
    throw new KmsError("UnsupportedOperationException", `${unbuilt} is not built in this emulator.`);
  }
}

/** `CustomerMasterKeySpec` is the old name of `KeySpec`; older SDKs still send it. */
function readKeySpec(input: JsonObject): KeySpec {
  return (
    optionalBuiltEnum(input, "KeySpec", KEY_SPECS, UNBUILT_KEY_SPECS) ??
    optionalBuiltEnum(input, "CustomerMasterKeySpec", KEY_SPECS, UNBUILT_KEY_SPECS) ??
    "SYMMETRIC_DEFAULT"
  );
}

function readKeyUsage(input: JsonObject, spec: KeySpec): KeyUsage {
  const asked = optionalBuiltEnum(input, "KeyUsage", KEY_USAGES, UNBUILT_KEY_USAGES);
  if (asked === undefined && spec !== "SYMMETRIC_DEFAULT") {
    throw new KmsError(
      "ValidationException",
      "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
    );
  }
  const usage = asked ?? "ENCRYPT_DECRYPT";
  if (!KEY_SPEC_TABLE[spec].algorithms.has(usage)) {
    throw new KmsError("ValidationException", `KeyUsage ${usage} is not compatible with KeySpec ${spec}`);
  }
  return usage;
}

export const describeKey: Operation = (input, { store, nowMs }) => {
  const key = store.keyOrAlias(requiredString(input, "KeyId", KEY_ID_LENGTH), nowMs);
  return { KeyMetadata: metadata(key, key.status.visibleAt(nowMs) ?? key.status.latest, store.place.accountId) };
};

export const listKeys: Operation = (input, { store, nowMs }) => {
  const page = pageOf(input, store.keys(nowMs), {
    listing: "ListKeys",
    defaultLimit: 100,
    maxLimit: 1000,
    sortKey: (key) => key.keyId,
  });
  return { Keys: page.items.map((key) => ({ KeyId: key.keyId, KeyArn: key.arn })), ...page.end };
};

export const getPublicKey: Operation = (input, context: OperationContext) => {
  const key = context.store.keyOrAlias(requiredString(input, "KeyId", KEY_ID_LENGTH), context.nowMs);
  assertUsable(key, context.nowMs);
  if (KEY_SPEC_TABLE[key.spec].kind !== "asymmetric") {
    throw new KmsError("UnsupportedOperationException", `${key.arn} is not an asymmetric key: ${key.spec}`);
  }
  return {
    KeyId: key.arn,
    PublicKey: createPublicKey(key.material).export({ format: "der", type: "spki" }).toString("base64"),
    KeyUsage: key.usage,
    ...specMembers(key),
  };
};

function metadata(key: Key, status: KeyStatus, accountId: string): JsonObject {
  return {
    AWSAccountId: accountId,
    KeyId: key.keyId,
    Arn: key.arn,
    CreationDate: timestamp(key.createdAtMs),
    Enabled: status.state === "Enabled",
    Description: key.description,
    KeyUsage: key.usage,
    KeyState: status.state,
    ...(status.state === "PendingDeletion" ? { DeletionDate: timestamp(status.deletionDateMs) } : {}),
    Origin: "AWS_KMS",
    KeyManager: "CUSTOMER",
    MultiRegion: false,
    ...specMembers(key),
  };
}

const ALGORITHMS_MEMBER: Readonly<Record<KeyUsage, string>> = {
  SIGN_VERIFY: "SigningAlgorithms",
  ENCRYPT_DECRYPT: "EncryptionAlgorithms",
  GENERATE_VERIFY_MAC: "MacAlgorithms",
  KEY_AGREEMENT: "KeyAgreementAlgorithms",
};

function specMembers({ spec, usage }: Key): JsonObject {
  return {
    KeySpec: spec,
    // The deprecated member never learnt the specs that came after it.
    ...(spec === "ECC_NIST_EDWARDS25519" ? {} : { CustomerMasterKeySpec: spec }),
    [ALGORITHMS_MEMBER[usage]]: KEY_SPEC_TABLE[spec].algorithms.get(usage) ?? [],
  };
}
