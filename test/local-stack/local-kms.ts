/**
 * The embedded KMS of the local stack, reached as production reaches KMS: through the AWS SDK. Credentials and region are
 * given here, so that no profile, environment or metadata service of the machine is ever looked at.
 */
import { KMSClient } from "@aws-sdk/client-kms";
import { createAwsKms } from "../../issuer/kms/aws-kms.ts";
import type { Kms } from "../../issuer/kms/port.ts";
import { startKmsEmulator } from "../../issuer/kms-emulator/index.ts";
import type { KmsEmulator, KmsEmulatorOptions } from "../../issuer/kms-emulator/index.ts";

export interface LocalKms {
  readonly kms: Kms;
  readonly emulator: KmsEmulator;
  close(): Promise<void>;
}

/** What a process needs in its environment to reach this KMS with any AWS SDK. */
export function awsEnvironment(emulator: KmsEmulator): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL_KMS: emulator.url,
    AWS_REGION: emulator.region,
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  };
}

export async function startLocalKms(options: KmsEmulatorOptions = {}): Promise<LocalKms> {
  const emulator = await startKmsEmulator(options);
  const client = new KMSClient({
    endpoint: emulator.url,
    region: emulator.region,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  return {
    kms: createAwsKms({ client }),
    emulator,
    async close() {
      client.destroy();
      await emulator.close();
    },
  };
}
