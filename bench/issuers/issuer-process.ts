/**
 * The process whose CPU time is measured: signs as often and as many at a time as it is told, by one of three ways.
 */
import { createHash, createSign, randomUUID } from "node:crypto";
import { KMSClient, SignCommand } from "@aws-sdk/client-kms";
import type { SigningAlgorithmSpec } from "@aws-sdk/client-kms";
import { createAwsKms } from "../../issuer/kms/aws-kms.ts";
import { createKmsSigner } from "../../issuer/kms/signer.ts";
import { createIssuer } from "../../issuer/issuer.ts";
import { generateKeyPairSync } from "node:crypto";

/** The one way to sign that a job asks for. */
export type Way = "SignCommand" | "sealgate" | "local key";

export interface SignJob {
  readonly way: Way;
  readonly alg: "RS256" | "ES256";
  readonly signatures: number;
  readonly concurrency: number;
  readonly endpoint: string;
  readonly region: string;
  readonly keyId: string;
}

export interface SignResult {
  readonly cpuUs: number;
  readonly wallMs: number;
}

type SignOne = () => Promise<unknown>;

const SPECS: Readonly<Record<SignJob["alg"], SigningAlgorithmSpec>> = {
  RS256: "RSASSA_PKCS1_V1_5_SHA_256",
  ES256: "ECDSA_SHA_256",
};

const ISSUER = "https://auth.example.com";

const signers = new Map<string, SignOne>();

process.on("message", (job: SignJob) => {
  run(job).then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ failed: String(error) }),
  );
});
process.on("disconnect", () => process.exit(0));

async function run(job: SignJob): Promise<SignResult> {
  const name = `${job.way} ${job.alg} ${job.endpoint} ${String(job.concurrency)}`;
  const sign = signers.get(name) ?? (await createSigner(job));
  signers.set(name, sign);
  let started = 0;
  const loop = async (): Promise<void> => {
    while (started < job.signatures) {
      started += 1;
      await sign();
    }
  };
  const beginMs = performance.now();
  const before = process.cpuUsage();
  await Promise.all(Array.from({ length: job.concurrency }, loop));
  const { user, system } = process.cpuUsage(before);
  return { cpuUs: user + system, wallMs: performance.now() - beginMs };
}

function createSigner(job: SignJob): Promise<SignOne> | SignOne {
  switch (job.way) {
    case "SignCommand":
      return signBySdk(job);
    case "sealgate":
      return signBySealgate(job);
    case "local key":
      return signLocally(job);
  }
}

function createClient({ endpoint, region, concurrency }: SignJob): KMSClient {
  return new KMSClient({
    endpoint,
    region,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    requestHandler: { httpAgent: { keepAlive: true, maxSockets: concurrency } },
  });
}

/** The least that signing with KMS can be: a digest of what would be signed, one call, nothing done with the answer. */
function signBySdk(job: SignJob): SignOne {
  const client = createClient(job);
  const input = signingInput(job.alg);
  return async () => {
    const Message = createHash("sha256").update(input).digest();
    await client.send(
      new SignCommand({ KeyId: job.keyId, Message, MessageType: "DIGEST", SigningAlgorithm: SPECS[job.alg] }),
    );
  };
}

async function signBySealgate(job: SignJob): Promise<SignOne> {
  const { alg, keyId } = job;
  const signer = await createKmsSigner({ keyId, alg, kms: createAwsKms({ client: createClient(job) }) });
  const issuer = createIssuer({ issuer: ISSUER, maxTokenTtlSeconds: 3600, signer });
  const claims = { sub: "user-000001", client_id: "bench", scope: "orders:read orders:write" };
  return () => issuer.sign(claims, { audience: "https://api.example.com", typ: "at+jwt" });
}

/** The same token with a key in memory, by node:crypto: what one gives up for a key that cannot be stolen. */
function signLocally({ alg }: SignJob): SignOne {
  const { privateKey } =
    alg === "RS256"
      ? generateKeyPairSync("rsa", { modulusLength: 2048 })
      : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return async () => {
    const input = signingInput(alg);
    const signature = createSign("sha256").update(input).sign({ key: privateKey, dsaEncoding: "ieee-p1363" });
    return `${input}.${signature.toString("base64url")}`;
  };
}

function signingInput(alg: string): string {
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    iss: ISSUER,
    sub: "user-000001",
    client_id: "bench",
    scope: "orders:read orders:write",
    aud: "https://api.example.com",
    iat,
    exp: iat + 300,
    jti: randomUUID(),
  };
  return `${encodePart({ alg, kid: "bench", typ: "at+jwt" })}.${encodePart(claims)}`;
}

function encodePart(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
