/** The tokens that people fear, made by somebody who knows everything public and holds keys of their own. */
import { createHmac, createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import { encodeBase64url } from "../../shared/base64url.ts";
import type { Alg } from "../../shared/algorithms.ts";
import { addSeconds, epochSecondsFromMs } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { calculateThumbprint, parsePublicJwk } from "../../shared/jwk.ts";
import { keySetKvKey } from "../../shared/key-set.ts";
import { createIssuer } from "../../issuer/issuer.ts";
import { exportPublicKey } from "../../issuer/public-key.ts";
import { composeKeySet } from "../../issuer/publish/compose.ts";
import { signKeySet } from "../../issuer/publish/sign-key-set.ts";
import type { Signer } from "../../issuer/signer.ts";
import { DEFAULT_TIMING } from "../../shared/timing.ts";
import { REVS_PER_SECOND } from "../../issuer/key-ring/rev.ts";
import { LOCAL_NAMESPACE_ID } from "./gateway.ts";
import { LOCAL_AUDIENCE } from "./stack.ts";
import type { Stack } from "./stack.ts";

export interface Forgery {
  readonly what: string;
  readonly token: string;
}

/** Each of them must be refused. */
export async function forgeries(stack: Stack): Promise<readonly Forgery[]> {
  const rsa = generationFor(stack, "RS256");
  const ec = generationFor(stack, "ES256");
  const good = await createIssuer({ issuer: stack.issuer, signer: ec, maxTokenTtlSeconds: 3600 }).sign(
    { sub: "user-1" },
    { audience: LOCAL_AUDIENCE },
  );
  const [header = "", payload = "", signature = ""] = good.token.split(".");
  const pem = await exportPublicKey(rsa.keyArn, "pem", { kms: stack.kms.kms });
  const hmacInput = `${segment({ alg: "HS256", kid: rsa.kid, typ: "JWT" })}.${payload}`;
  const hmac = createHmac("sha256", pem).update(hmacInput).digest("base64url");
  const attacker = createAttackersSigner();
  const past = shifted(-7200);
  return [
    { what: 'alg "none", no signature', token: `${segment({ alg: "none", typ: "JWT" })}.${payload}.` },
    { what: 'alg "none", some signature', token: `${segment({ alg: "nOnE", kid: ec.kid })}.${payload}.${signature}` },
    { what: "HS256 with the RSA public key", token: `${hmacInput}.${hmac}` },
    { what: "changed payload", token: `${header}.${segment({ ...decode(payload), sub: "admin" })}.${signature}` },
    {
      what: "alg of another key",
      token: `${segment({ alg: "ES384", kid: ec.kid, typ: "JWT" })}.${payload}.${signature}`,
    },
    { what: "unknown kid, own key", token: (await issue(await attacker, stack.issuer)).token },
    { what: "known kid, own key", token: (await issue({ ...(await attacker), kid: ec.kid }, stack.issuer)).token },
    { what: "another issuer", token: (await issue(ec, "https://evil.example.com")).token },
    { what: "another audience", token: (await issue(ec, stack.issuer, "https://other.example.com")).token },
    { what: "expired an hour ago", token: (await issue(ec, stack.issuer, LOCAL_AUDIENCE, past)).token },
    { what: "key set document as a token", token: (await stack.publisher.read(stack.ringName)) ?? "" },
    { what: "empty signature", token: `${header}.${payload}.` },
  ];
}

/**
 * What somebody with a leaked Cloudflare API token would do: put a key set of their own into KV.
 * @returns a token signed with the attacker's key
 */
export async function overwriteKeySet(stack: Stack): Promise<string> {
  const root = await createAttackersSigner();
  const key = await createAttackersSigner();
  const now = epochSecondsFromMs(Date.now());
  const document = composeKeySet({
    issuer: stack.issuer,
    ring: stack.ringName,
    keys: [{ kid: key.kid, jwk: key.jwk, state: "active", publishedAt: undefined }],
    revoked: [],
    timing: { ...DEFAULT_TIMING, memoryTtlSeconds: 1 },
    roots: [root.kid],
    rev: (now + 3600) * REVS_PER_SECOND,
    documentLifetimeSeconds: 86_400,
    now,
  });
  const value = await signKeySet(document, root, now);
  const response = await fetch(`${stack.gateway.kvBaseUrl}/storage/kv/namespaces/${LOCAL_NAMESPACE_ID}/bulk`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([{ key: keySetKvKey(stack.ringName), value }]),
  });
  if (!response.ok) throw new Error(`the local KV API answered ${String(response.status)}`);
  return (await issue(key, stack.issuer)).token;
}

/** A key pair in this process: what sealgate itself never has. */
async function createAttackersSigner(): Promise<Signer> {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const jwk = parsePublicJwk({ ...publicKey.export({ format: "jwk" }), alg: "ES256" });
  if (!jwk.ok) throw new TypeError(`a new key is always a JWK: ${jwk.error}`);
  const key = createPrivateKey(privateKey.export({ format: "pem", type: "pkcs8" }));
  return {
    kid: await calculateThumbprint(jwk.value),
    alg: "ES256",
    jwk: jwk.value,
    keyArn: "the attacker's own",
    sign: async (signingInput) =>
      new Uint8Array(sign("sha256", Buffer.from(signingInput), { key, dsaEncoding: "ieee-p1363" })),
  };
}

function issue(
  signer: Signer,
  issuer: string,
  audience: string = LOCAL_AUDIENCE,
  at?: EpochSeconds,
): Promise<{ readonly token: string }> {
  const clock = at === undefined ? {} : { clock: () => at };
  return createIssuer({ issuer, signer, maxTokenTtlSeconds: 3600, ...clock }).sign(
    { sub: "admin", scope: "admin" },
    { audience, ttlSeconds: 3600 },
  );
}

function generationFor(stack: Stack, alg: Alg): Signer {
  const signer = stack.ring.generations.find((generation) => generation.alg === alg);
  if (signer === undefined) throw new TypeError(`the ring has no generation for ${alg}`);
  return signer;
}

function shifted(seconds: number): EpochSeconds {
  return addSeconds(epochSecondsFromMs(Date.now()), seconds);
}

function segment(value: object): string {
  return encodeBase64url(new TextEncoder().encode(JSON.stringify(value)));
}

function decode(encoded: string): object {
  const value: unknown = JSON.parse(Buffer.from(encoded, "base64url").toString());
  if (typeof value !== "object" || value === null) throw new TypeError("a payload is always an object");
  return value;
}
