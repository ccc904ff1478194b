/** Sign and Verify: which key may be used for which algorithm, in KMS's order of checks. The cryptography is in sign.ts. */
import { randomUUID } from "node:crypto";
import type { JsonObject } from "../../../shared/json.ts";
import { KmsError } from "../errors.ts";
import { signWrongly } from "../faulty-signatures.ts";
import { keyArn } from "../identifiers.ts";
import { optionalBoolean, optionalEnum, requiredBlob, requiredBuiltEnum, requiredString } from "../input.ts";
import { KEY_SPEC_TABLE, SIGNING_ALGORITHMS, UNBUILT_SIGNING_ALGORITHMS } from "../keys.ts";
import {
  bytesToSign,
  MESSAGE_MAX_BYTES,
  MESSAGE_TYPES,
  sign as makeSignature,
  verify as checkSignature,
} from "../sign.ts";
import type { SigningInput } from "../sign.ts";
import type { Key } from "../store.ts";
import { KEY_ID_LENGTH } from "./context.ts";
import type { Operation, OperationContext } from "./context.ts";
import { assertUsable } from "./key-state.ts";

const SIGNATURE_LENGTH = { min: 1, max: 6144 } as const;

interface SigningRequest {
  readonly key: Key;
  readonly input: SigningInput;
}

function readRequest(request: JsonObject, { store, nowMs }: OperationContext): SigningRequest {
  const keyId = requiredString(request, "KeyId", KEY_ID_LENGTH);
  const input: SigningInput = {
    algorithm: requiredBuiltEnum(request, "SigningAlgorithm", SIGNING_ALGORITHMS, UNBUILT_SIGNING_ALGORITHMS),
    message: requiredBlob(request, "Message", { min: 0, max: MESSAGE_MAX_BYTES }),
    messageType: optionalEnum(request, "MessageType", MESSAGE_TYPES) ?? "RAW",
  };
  const dryRun = optionalBoolean(request, "DryRun");
  const key = store.keyOrAlias(keyId, nowMs);
  assertUsable(key, nowMs);
  assertFits(key, input);
  if (dryRun) {
    throw new KmsError("DryRunOperationException", "The request would have succeeded, but the DryRun option is set.");
  }
  return { key, input };
}

function assertFits(key: Key, input: SigningInput): void {
  if (key.usage !== "SIGN_VERIFY") {
    throw new KmsError(
      "InvalidKeyUsageException",
      `${key.arn} key usage is ${key.usage} which is not valid for signing.`,
    );
  }
  if (!KEY_SPEC_TABLE[key.spec].algorithms.get("SIGN_VERIFY")?.includes(input.algorithm)) {
    throw new KmsError(
      "InvalidKeyUsageException",
      `Algorithm ${input.algorithm} is incompatible with key spec ${key.spec}.`,
    );
  }
  bytesToSign(input);
}

export const sign: Operation = async (request, context) => {
  const { key, input } = readRequest(request, context);
  const fault = context.faults.takeSignatureFault(input.algorithm);
  const signature = fault === undefined ? makeSignature(key.material, input) : await signWrongly(fault, key, input);
  return {
    KeyId: fault === "wrong_key_id" ? keyArn(context.store.place, randomUUID()) : key.arn,
    Signature: signature.toString("base64"),
    SigningAlgorithm: input.algorithm,
  };
};

export const verify: Operation = (request, context) => {
  const signature = requiredBlob(request, "Signature", SIGNATURE_LENGTH);
  const { key, input } = readRequest(request, context);
  if (!checkSignature(key.material, input, signature)) {
    throw new KmsError("KMSInvalidSignatureException", "The signature is not valid for this key and message.");
  }
  return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: input.algorithm };
};
