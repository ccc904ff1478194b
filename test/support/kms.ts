/**
 * The embedded KMS for tests of any kind: an emulator on a free port, the port over the unmodified AWS SDK, and keys of any
 * spec. The AWS configuration of the machine is never read.
 */
import { devNull } from "node:os";
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import type { KeySpec, KeyUsageType } from "@aws-sdk/client-kms";
import type { Alg } from "../../shared/algorithms.ts";
import { kmsAlgorithmOf } from "../../issuer/kms/algorithms.ts";
import { createAwsKms } from "../../issuer/kms/aws-kms.ts";
import type { Kms } from "../../issuer/kms/port.ts";
import { startKmsEmulator } from "../../issuer/kms-emulator/index.ts";
import type { KmsEmulator, KmsEmulatorOptions } from "../../issuer/kms-emulator/index.ts";
import { given } from "./values.ts";

export interface TestKms {
  readonly emulator: KmsEmulator;
  /** The unmodified SDK client behind `kms`, for operations that sealgate does not use. */
  readonly client: KMSClient;
  readonly kms: Kms;
  /** What a process needs to reach the emulator through the SDK's default chain. */
  readonly env: Readonly<Record<string, string>>;
  /** @returns the ARN of a new key */
  createKey(spec: KeySpec, usage?: KeyUsageType): Promise<string>;
  /** @returns the ARN of a new key that fits the algorithm */
  createKeyFor(alg: Alg): Promise<string>;
  close(): Promise<void>;
}

const CREDENTIALS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "example-secret" };

export async function startTestKms(options: KmsEmulatorOptions = {}): Promise<TestKms> {
  hideAwsConfiguration(process.env);
  const emulator = await startKmsEmulator({ port: 0, ...options });
  const client = new KMSClient({ endpoint: emulator.url, region: emulator.region, credentials: CREDENTIALS });
  const createKey = async (spec: KeySpec, usage: KeyUsageType = "SIGN_VERIFY"): Promise<string> => {
    const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeySpec: spec, KeyUsage: usage }));
    return given(KeyMetadata?.Arn);
  };
  return {
    emulator,
    client,
    kms: createAwsKms({ client }),
    env: awsEnvironment(emulator.url, emulator.region),
    createKey,
    createKeyFor: (alg) => createKey(kmsAlgorithmOf(alg).keySpecs[0]),
    close: async () => {
      client.destroy();
      await emulator.close();
    },
  };
}

/** In place of this machine's configuration and credentials. */
const NO_AWS_FILES = { AWS_CONFIG_FILE: devNull, AWS_SHARED_CREDENTIALS_FILE: devNull };

/**
 * The SDK reads variables and profile even for a client that is told everything: a profile with `use_fips_endpoint`, say,
 * would forbid the emulator's address.
 */
function hideAwsConfiguration(env: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(env)) {
    if (name.startsWith("AWS_")) delete env[name];
  }
  Object.assign(env, NO_AWS_FILES);
}

/** Variables of the SDK's default chain that lead to `url` and to nothing of this machine, whatever else is set there. */
function awsEnvironment(url: string, region: string): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL_KMS: url,
    AWS_REGION: region,
    // awscli and boto3 read this one.
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
    ...NO_AWS_FILES,
    // A profile would come before the credentials above.
    AWS_PROFILE: "",
    AWS_USE_FIPS_ENDPOINT: "false",
    AWS_EC2_METADATA_DISABLED: "true",
  };
}
