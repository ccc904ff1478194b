/** An emulator with a settable clock and an unmodified SDK client that talks to it; both are closed after each test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KMSClient, CreateKeyCommand } from "@aws-sdk/client-kms";
import type { KMSClientConfig, KeySpec, KeyUsageType } from "@aws-sdk/client-kms";
import { afterEach, expect } from "vitest";
import { startKmsEmulator } from "../../../../issuer/kms-emulator/index.ts";
import type { KmsEmulator, KmsEmulatorOptions } from "../../../../issuer/kms-emulator/index.ts";

const cleanUps: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

export function onCleanUp(cleanUp: () => Promise<void> | void): void {
  cleanUps.push(cleanUp);
}

/** In a folder of its own. */
export function newStateFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "sealgate-kms-"));
  onCleanUp(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, "state.json");
}

export interface Setup {
  readonly kms: KmsEmulator;
  readonly client: KMSClient;
  readonly clock: { ms: number };
}

export const START_MS = 1_800_000_000_000;
export const DAY_MS = 86_400_000;

export async function setUp(options: KmsEmulatorOptions = {}): Promise<Setup> {
  const clock = { ms: START_MS };
  const kms = await startKmsEmulator({ now: () => clock.ms, ...options });
  onCleanUp(() => kms.close());
  return { kms, clock, client: clientOf(kms) };
}

export function clientOf(kms: Pick<KmsEmulator, "url" | "region">, config: KMSClientConfig = {}): KMSClient {
  const client = new KMSClient({
    endpoint: kms.url,
    region: kms.region,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "example" },
    maxAttempts: 1,
    ...config,
  });
  onCleanUp(() => client.destroy());
  return client;
}

export interface CreatedKey {
  readonly keyId: string;
  readonly arn: string;
}

export async function createKey(
  client: KMSClient,
  spec: KeySpec = "ECC_NIST_P256",
  usage: KeyUsageType = "SIGN_VERIFY",
): Promise<CreatedKey> {
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeySpec: spec, KeyUsage: usage }));
  return { keyId: KeyMetadata?.KeyId ?? "", arn: KeyMetadata?.Arn ?? "" };
}

/** Asserts that the call fails with the KMS error of this name, and answers its message. */
export async function expectRefusal(call: Promise<unknown>, name: string): Promise<string> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(Error);
  if (!(error instanceof Error)) return "";
  expect(error.name).toBe(name);
  return error.message;
}
