/**
 * The smallest Lambda handler that signs with KMS: the SDK and nothing else. What sealgate's handler is compared with.
 */
import { createHash } from "node:crypto";
import { KMSClient, SignCommand } from "@aws-sdk/client-kms";

const client = new KMSClient({});

/** Signs a digest of the event. */
export async function handler(event: unknown): Promise<number> {
  const { Signature } = await client.send(
    new SignCommand({
      KeyId: process.env["SEALGATE_KEY_ID"] ?? "",
      Message: createHash("sha256").update(JSON.stringify(event)).digest(),
      MessageType: "DIGEST",
      SigningAlgorithm: "ECDSA_SHA_256",
    }),
  );
  return Signature?.length ?? 0;
}
