/**
 * The ways to sign that are compared: the SDK's SignCommand by itself; the same with the signature verified, without which
 * no token should be handed out; sealgate; and a key in memory. Credentials come from the environment for all.
 */
import { constants, createHash, createPublicKey, generateKeyPairSync, randomUUID, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { GetPublicKeyCommand, KMSClient, SignCommand } from "@aws-sdk/client-kms";
import { createIssuer } from "../../issuer/issuer.ts";
import { kmsAlgorithmOf } from "../../issuer/kms/algorithms.ts";
import { createAwsKms } from "../../issuer/kms/aws-kms.ts";
import { createKmsSigner } from "../../issuer/kms/signer.ts";
import { algorithmOf } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";

export const WAYS = ["SignCommand", "SignCommand, verified", "sealgate", "local key"] as const;
export type Way = (typeof WAYS)[number];

export interface WayOptions {
  readonly way: Way;
  readonly alg: Alg;
  readonly endpoint: string;
  readonly region: string;
  readonly keyId: string;
  /** Undefined for what each way has by default. */
  readonly maxSockets?: number;
}

export type SignOne = () => Promise<unknown>;

const ISSUER = "https://auth.example.com";
const AUDIENCE = "https://api.example.com";
const CLAIMS = { sub: "user-000001", client_id: "bench", scope: "orders:read orders:write" };

export async function createWay(options: WayOptions): Promise<SignOne> {
  switch (options.way) {
    case "SignCommand":
      return signBySdk(options);
    case "SignCommand, verified":
      return signBySdkAndVerify(options);
    case "sealgate":
      return signBySealgate(options);
    case "local key":
      return signLocally(options.alg);
  }
}

/** The SDK as it comes, but for as many connections as are asked for. */
function createClient({ endpoint, region, maxSockets }: WayOptions): KMSClient {
  const connections =
    maxSockets === undefined ? {} : { requestHandler: { httpAgent: { keepAlive: true, maxSockets } } };
  return new KMSClient({ endpoint, region, ...connections });
}

/** The least that signing with KMS can be: a digest of what would be signed, one call, nothing done with the answer. */
function signBySdk(options: WayOptions): SignOne {
  const client = createClient(options);
  const input = Buffer.from(signingInput(options.alg));
  return () => callSign(client, options, input);
}

/** The same, with the one check that has to stand between KMS and a token, by node:crypto with a prepared key. */
async function signBySdkAndVerify(options: WayOptions): Promise<SignOne> {
  const client = createClient(options);
  const input = Buffer.from(signingInput(options.alg));
  const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: options.keyId }));
  const publicKey = createPublicKey({ key: Buffer.from(PublicKey ?? []), format: "der", type: "spki" });
  const { hash, withOptions } = nodeParameters(options.alg);
  const key = withOptions(publicKey);
  return async () => {
    const signature = await callSign(client, options, input);
    if (!verify(hash, input, key, signature)) throw new Error("the signature does not hold");
  };
}

async function callSign(client: KMSClient, { alg, keyId }: WayOptions, input: Buffer): Promise<Uint8Array> {
  const { signingAlgorithm, messageType } = kmsAlgorithmOf(alg);
  const { hash } = nodeParameters(alg);
  const Message = hash === null ? input : createHash(hash).update(input).digest();
  const command = new SignCommand({
    KeyId: keyId,
    Message,
    MessageType: messageType,
    SigningAlgorithm: signingAlgorithm,
  });
  return (await client.send(command)).Signature ?? new Uint8Array();
}

async function signBySealgate({ alg, keyId, endpoint, region, maxSockets }: WayOptions): Promise<SignOne> {
  const connections = maxSockets === undefined ? {} : { maxSockets };
  const signer = await createKmsSigner({ keyId, alg, kms: createAwsKms({ endpoint, region, ...connections }) });
  const issuer = createIssuer({ issuer: ISSUER, maxTokenTtlSeconds: 3600, signer });
  return () => issuer.sign(CLAIMS, { audience: AUDIENCE, typ: "at+jwt" });
}

/** The same token with a key in memory, by node:crypto: what one gives up for a key that cannot be stolen. */
function signLocally(alg: Alg): SignOne {
  const { hash, withOptions, generate } = nodeParameters(alg);
  const key = withOptions(generate());
  return async () => {
    const input = signingInput(alg);
    return `${input}.${sign(hash, Buffer.from(input), key).toString("base64url")}`;
  };
}

interface NodeParameters {
  readonly hash: string | null;
  readonly generate: () => KeyObject;
  /** The key with what node:crypto has to be told besides; DER is its default for ECDSA, and KMS's. */
  readonly withOptions: (key: KeyObject) => Parameters<typeof verify>[2] & Parameters<typeof sign>[2];
}

function nodeParameters(alg: Alg): NodeParameters {
  const algorithm = algorithmOf(alg);
  const alone = (key: KeyObject): KeyObject => key;
  if (algorithm.kty === "OKP") {
    return { hash: null, generate: () => generateKeyPairSync("ed25519").privateKey, withOptions: alone };
  }
  const { hash } = algorithm;
  if (algorithm.kty === "EC") {
    const generate = (): KeyObject => generateKeyPairSync("ec", { namedCurve: algorithm.crv }).privateKey;
    return { hash, generate, withOptions: alone };
  }
  const generate = (): KeyObject => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const { saltLength } = algorithm.params;
  if (saltLength === undefined) return { hash, generate, withOptions: alone };
  return { hash, generate, withOptions: (key) => ({ key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }) };
}

function signingInput(alg: Alg): string {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: ISSUER, ...CLAIMS, aud: AUDIENCE, iat, exp: iat + 300, jti: randomUUID() };
  return `${encodePart({ alg, kid: "bench", typ: "at+jwt" })}.${encodePart(claims)}`;
}

function encodePart(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
