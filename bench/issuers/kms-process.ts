/**
 * The embedded KMS in a process of its own, with a key for each algorithm, and a second address through which connections are
 * counted. Loopback only; ends with its parent.
 */
import { createServer, connect } from "node:net";
import type { AddressInfo } from "node:net";
import { CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { ALGS } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import { kmsAlgorithmOf } from "../../issuer/kms/algorithms.ts";
import type { KmsSigningKeySpec } from "../../issuer/kms/port.ts";
import { startKmsEmulator } from "../../issuer/kms-emulator/index.ts";

/** First message to the parent. */
export interface KmsReady {
  readonly url: string;
  readonly countingUrl: string;
  readonly region: string;
  readonly keyIds: Readonly<Partial<Record<Alg, string>>>;
}

export interface KmsJob {
  /** 0 for as fast as it can. */
  readonly latencyMs?: number;
}

const emulator = await startKmsEmulator();
const client = new KMSClient({
  endpoint: emulator.url,
  region: emulator.region,
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
});
const keyOfSpec = new Map<KmsSigningKeySpec, string>();
const keyIds: Partial<Record<Alg, string>> = {};
for (const alg of ALGS) {
  const [KeySpec] = kmsAlgorithmOf(alg).keySpecs;
  const keyId = keyOfSpec.get(KeySpec) ?? (await createKey(KeySpec));
  keyOfSpec.set(KeySpec, keyId);
  keyIds[alg] = keyId;
}
client.destroy();

let connections = 0;
const counting = createServer((socket) => {
  connections += 1;
  const upstream = connect(emulator.port, "127.0.0.1");
  socket.pipe(upstream).pipe(socket);
  socket.on("error", () => upstream.destroy());
  upstream.on("error", () => socket.destroy());
});
counting.listen(0, "127.0.0.1", () => {
  const { port }: Partial<AddressInfo> = Object(counting.address());
  const ready: KmsReady = {
    url: emulator.url,
    countingUrl: `http://127.0.0.1:${String(port)}`,
    region: emulator.region,
    keyIds,
  };
  process.send?.(ready);
});

/** How long Sign takes from now on, if the message says it. Any message asks for the number of connections so far. */
process.on("message", ({ latencyMs }: KmsJob) => {
  if (latencyMs !== undefined) emulator.faults.clear();
  if (latencyMs !== undefined && latencyMs > 0) emulator.faults.add({ operation: "Sign", kind: "latency", latencyMs });
  process.send?.({ connections });
});
process.on("disconnect", () => process.exit(0));

async function createKey(KeySpec: KmsSigningKeySpec): Promise<string> {
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ KeySpec, KeyUsage: "SIGN_VERIFY" }));
  return KeyMetadata?.Arn ?? "";
}
