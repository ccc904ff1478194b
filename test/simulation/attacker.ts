/**
 * Somebody who may write the KV namespace and read whatever was ever in it, and who has signing keys of their own, but none
 * of the ring's. Tokens they have forged must never pass; what else they can do is deny service, until the next run repairs
 * the entry.
 */
import { keySetKvKey } from "../../shared/key-set.ts";
import type { IssuerUrl, Kid } from "../../shared/identifiers.ts";
import { calculateThumbprint } from "../../shared/jwk.ts";
import type { PublicJwk } from "../../shared/jwk.ts";
import { importVerificationKey } from "../../shared/jws.ts";
import type { VerificationKey } from "../../shared/jws.ts";
import { readSpki } from "../../issuer/kms/public-key.ts";
import { messageFor, toJoseSignature } from "../../issuer/kms/signature.ts";
import { poolKey } from "./cheap-crypto.ts";
import type { PoolKey } from "./cheap-crypto.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import type { KvModel } from "./kv-model.ts";
import type { Rng } from "./rng.ts";
import { AUDIENCE } from "./signer.ts";

export interface Attacker {
  /** The key that an edge without the anchor guard would trust. */
  readonly anchor: VerificationKey;
  /** One write to KV. */
  strike(): void;
  /** A token for somebody who was never signed in: by the attacker's key, under that key's name or a good one's. */
  forge(kids: readonly string[]): string;
}

interface OwnKey {
  readonly key: PoolKey;
  readonly kid: Kid;
  readonly jwk: PublicJwk;
}

async function ownKey(number: number): Promise<OwnKey> {
  const key = poolKey("ECC_NIST_P256", number);
  const read = await readSpki(key.spki, "ES256");
  if (!read.ok) throw new TypeError(read.error);
  return { key, kid: await calculateThumbprint(read.value.jwk), jwk: read.value.jwk };
}

const FIRST_NUMBER = 9001;

export async function createAttacker(
  clock: WorldClock,
  rng: Rng,
  kv: KvModel,
  issuer: IssuerUrl,
  coverage: Coverage,
): Promise<Attacker> {
  const [root, key] = [await ownKey(FIRST_NUMBER), await ownKey(FIRST_NUMBER + 1)];
  const anchor = await importVerificationKey(root.jwk, root.kid);
  if (anchor === undefined) throw new TypeError("the attacker's own key can be imported");
  const now = (): number => Math.floor(clock.nowMs / 1000);

  /** A complete document with the attacker's key, of the highest rev there can be. */
  function ownDocument(kid: string): string {
    const { x, y } = { y: undefined, ...key.jwk, x: key.key.x };
    const keys = [
      { kty: "EC", crv: "P-256", x, y, alg: "ES256", use: "sig", kid: key.kid, state: "active", published_at: 1 },
    ];
    const timing = { kv_cache_ttl: 86_400, memory_ttl: 86_400, clock_skew: 60, max_token_ttl: 86_400 };
    const payload = {
      iss: issuer,
      iat: now(),
      exp: now() + 86_400,
      rev: Number.MAX_SAFE_INTEGER,
      keys,
      revoked: [],
      timing,
    };
    return signWith(root.key, { alg: "ES256", kid, typ: "jwk-set+jwt" }, payload);
  }

  function earlier(): string | undefined {
    const texts = kv.writes.flatMap(({ text, by }) => (text === undefined || by === "other" ? [] : [text]));
    return texts.length === 0 ? undefined : rng.pick(texts);
  }

  /** Somebody's good document with one member changed, its signature kept. */
  function altered(): string | undefined {
    const text = kv.stored();
    const [header, payload, signature] = text?.split(".") ?? [];
    if (header === undefined || payload === undefined || signature === undefined) return undefined;
    const json = Buffer.from(payload, "base64url").toString("utf8").replaceAll('"revoked":[{', '"revoked":[],"was":[{');
    return `${header}.${Buffer.from(json.replace(/"rev":\d/u, '"rev":9')).toString("base64url")}.${signature}`;
  }

  const strikes: Readonly<Record<string, () => string | undefined>> = {
    "KV emptied": () => undefined,
    "KV overwritten with garbage": () => rng.pick(["", "{}", "a.b.c", keySetKvKey.name, "x".repeat(5000)]),
    "an earlier document put back": earlier,
    "a document signed by somebody else": () => ownDocument(root.kid),
    "a document under the root key's name": () => ownDocument(rootKidOf(earlier()) ?? root.kid),
    "a document with another content": altered,
  };

  return {
    anchor,
    strike() {
      const name = rng.pick(Object.keys(strikes));
      coverage.count(name);
      kv.put(strikes[name]?.());
    },
    forge(kids) {
      const kid = kids.length === 0 || rng.chance(0.6) ? key.kid : rng.pick(kids);
      const claims = { iss: issuer, aud: AUDIENCE, sub: "admin", iat: now(), exp: now() + 300, jti: "forged" };
      return signWith(key.key, { alg: "ES256", kid, typ: "JWT" }, claims);
    },
  };
}

function rootKidOf(text: string | undefined): string | undefined {
  const header = text?.split(".", 1)[0];
  const parsed: unknown =
    header === undefined ? undefined : JSON.parse(Buffer.from(header, "base64url").toString("utf8"));
  return typeof parsed === "object" && parsed !== null && "kid" in parsed ? String(parsed.kid) : undefined;
}

function signWith(key: PoolKey, header: object, payload: object): string {
  const encode = (json: object): string => Buffer.from(JSON.stringify(json)).toString("base64url");
  const signingInput = `${encode(header)}.${encode(payload)}`;
  const signature = toJoseSignature("ES256", key.sign(messageFor("ES256", signingInput)));
  if (signature === undefined) throw new TypeError("the pool signs as KMS does");
  return `${signingInput}.${Buffer.from(signature).toString("base64url")}`;
}
