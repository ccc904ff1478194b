/**
 * Whether a call to KMS would be allowed, without making it: KMS's `DryRun`, which Sign and Verify have and most other
 * operations have not (https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html). And whose credentials
 * are tried.
 */
import { SignCommand, VerifyCommand } from "@aws-sdk/client-kms";
import { SealgateError } from "../errors.ts";
import { createAwsClient } from "./aws-client.ts";
import type { AwsClientOptions } from "./aws-client.ts";
import { isKmsError } from "./faults.ts";
import type { KmsSigningAlgorithm, KmsMessageType } from "./port.ts";

export interface KmsRights {
  /** Resolves when the call would be allowed. @throws SealgateError with the code that the call itself would have */
  trySign(request: KmsTrial): Promise<void>;
  /** Resolves when the call would be allowed. @throws SealgateError with the code that the call itself would have */
  tryVerify(request: KmsTrial): Promise<void>;
  /** Undefined when the SDK finds no credentials. */
  whose(): Promise<Caller | undefined>;
}

export interface KmsTrial {
  readonly keyArn: string;
  readonly signingAlgorithm: KmsSigningAlgorithm;
  readonly messageType: KmsMessageType;
}

/** No secret: CloudTrail names callers by it. */
export interface Caller {
  readonly accessKeyId: string;
  readonly region: string;
}

/** @throws TypeError for options that make no sense */
export function createKmsRights(options: AwsClientOptions = {}): KmsRights {
  const { client, call } = createAwsClient(options);
  return {
    async trySign(trial) {
      const command = new SignCommand(inputOf(trial));
      const allowed = await call("Sign", trial.keyArn, command, (http) =>
        client.send(command, http).then(() => false, isAllowed),
      );
      if (!allowed) throw carriedOut();
    },
    async tryVerify(trial) {
      // Of the form of a signature; KMS does not look at it.
      const command = new VerifyCommand({ ...inputOf(trial), Signature: new Uint8Array(64) });
      const allowed = await call("Verify", trial.keyArn, command, (http) =>
        client.send(command, http).then(() => false, isAllowed),
      );
      if (!allowed) throw carriedOut();
    },
    async whose() {
      try {
        const [{ accessKeyId }, region] = await Promise.all([client.config.credentials(), client.config.region()]);
        return { accessKeyId, region };
      } catch {
        return undefined;
      }
    },
  };
}

/** A digest has the length of its hash; a message for Ed25519 may have any. */
function inputOf({ keyArn, signingAlgorithm, messageType }: KmsTrial): DryRun {
  const bits = Number(/SHA_(\d+)$/.exec(signingAlgorithm)?.[1]);
  const Message = new Uint8Array(bits / 8);
  return { KeyId: keyArn, SigningAlgorithm: signingAlgorithm, MessageType: messageType, Message, DryRun: true };
}

interface DryRun {
  readonly KeyId: string;
  readonly SigningAlgorithm: KmsSigningAlgorithm;
  readonly MessageType: KmsMessageType;
  readonly Message: Uint8Array;
  readonly DryRun: true;
}

/** KMS ends every dry run with an error, and this one says yes. */
function isAllowed(error: unknown): true {
  if (isKmsError(error, "DryRunOperationException")) return true;
  throw error;
}

/** As some emulators do. */
function carriedOut(): SealgateError {
  const message =
    "What answers at the endpoint of KMS carries dry runs out. Check AWS_ENDPOINT_URL_KMS: rights cannot be tried there.";
  return new SealgateError("kms_internal", message);
}
