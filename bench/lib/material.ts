/**
 * Keys, tokens and the signed key set that all contenders get: made once per run with the platform's WebCrypto, so that
 * nothing of the product measures itself with its own signer.
 */
import { algorithmOf } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import { calculateThumbprint, parsePublicJwk } from "../../shared/jwk.ts";
import { serialiseJwk } from "../../shared/key-set.ts";
import { DEFAULT_TIMING, serialiseTiming } from "../../shared/timing.ts";
import type { Settings } from "../contenders/settings.ts";

export const ISSUER = "https://auth.example.com";
export const FOREIGN_ISSUER = "https://login.example.com";
export const AUDIENCE = "https://api.example.com";

/** Everything that a contender needs to check tokens of one algorithm. */
export interface Material {
  readonly settings: Settings;
  readonly tokens: readonly string[];
  /** Tokens that every contender must refuse, by what is wrong with them. */
  readonly badTokens: Readonly<Record<string, string>>;
  /** A compact JWS by the root key. */
  readonly signAsRoot: (typ: string, payload: object) => Promise<string>;
}

export interface MaterialOptions {
  readonly alg: Alg;
  /** Distinct tokens. */
  readonly tokens: number;
  /** Keys in the set; all but one sign nothing. */
  readonly keys?: number;
  /** The tokens are of another issuer, whose key is not in the set. */
  readonly foreign?: true;
  /** Octets of a filler claim. */
  readonly fillerBytes?: number;
}

interface SigningKey {
  readonly alg: Alg;
  readonly kid: string;
  readonly jwk: JsonWebKey;
  readonly privateKey: CryptoKey;
}

export async function makeMaterial(options: MaterialOptions): Promise<Material> {
  const [root, signer] = [await generateKey("ES256"), await generateKey(options.alg)];
  const isForeign = options.foreign === true;
  const others = await generateKeys(options.alg, (options.keys ?? 1) - (isForeign ? 0 : 1));
  // The signing key stands in the middle: a search from either end does not find it at once.
  const keys = isForeign ? others : others.toSpliced(Math.floor(others.length / 2), 0, signer);
  const claimsFor = (index: number): ReturnType<typeof claimsOf> => ({
    ...claimsOf(index, options.fillerBytes ?? 0),
    ...(isForeign ? { iss: FOREIGN_ISSUER } : {}),
  });
  const tokens: string[] = [];
  for (let index = 0; index < options.tokens; index += 1) {
    tokens.push(await signToken(signer, claimsFor(index)));
  }
  return {
    settings: {
      alg: options.alg,
      issuer: ISSUER,
      audience: AUDIENCE,
      kid: signer.kid,
      jwks: keys.map(({ jwk }) => jwk),
      anchors: [root.jwk],
      keySet: await signKeySet(root, keys),
      ...(isForeign ? { foreignKey: signer.jwk } : {}),
    },
    tokens,
    badTokens: await makeBadTokens(signer, tokens, claimsFor(0)),
    signAsRoot: (typ, payload) => signCompact(root, { alg: root.alg, kid: root.kid, typ }, payload),
  };
}

async function makeBadTokens(
  signer: SigningKey,
  tokens: readonly string[],
  claims: ReturnType<typeof claimsOf>,
): Promise<Readonly<Record<string, string>>> {
  const [first = "", second = ""] = tokens;
  return {
    signature: `${first.slice(0, first.lastIndexOf("."))}${second.slice(second.lastIndexOf("."))}`,
    issuer: await signToken(signer, { ...claims, iss: "https://other.example.com" }),
    audience: await signToken(signer, { ...claims, aud: "https://other.example.com" }),
    expired: await signToken(signer, { ...claims, iat: claims.iat - 7200, exp: claims.iat - 3600 }),
  };
}

/** Access tokens of RFC 9068, which every contender can be told to accept. */
function claimsOf(index: number, fillerBytes: number) {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: `user-${String(index).padStart(6, "0")}`,
    client_id: "bench",
    jti: crypto.randomUUID(),
    iat: now,
    exp: now + 3600,
    scope: "orders:read orders:write",
    ...(fillerBytes > 0 ? { filler: "x".repeat(fillerBytes) } : {}),
  };
}

async function generateKeys(alg: Alg, count: number): Promise<readonly SigningKey[]> {
  const keys: SigningKey[] = [];
  while (keys.length < count) keys.push(await generateKey(alg));
  return keys;
}

async function generateKey(alg: Alg): Promise<SigningKey> {
  const { kty, params } = algorithmOf(alg);
  const keyParams = kty === "RSA" ? { ...params, modulusLength: 2048, publicExponent: RSA_F4 } : params;
  const pair = await crypto.subtle.generateKey(keyParams, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new TypeError("not an asymmetric algorithm");
  const { kty: type, crv, n, e, x, y } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const parsed = parsePublicJwk(JSON.parse(JSON.stringify({ kty: type, crv, n, e, x, y, alg })));
  if (!parsed.ok) throw new TypeError(`a generated key is refused: ${parsed.error}`);
  const kid = await calculateThumbprint(parsed.value);
  return { alg, kid, jwk: { ...serialiseJwk(parsed.value, kid) }, privateKey: pair.privateKey };
}

const RSA_F4: Uint8Array<ArrayBuffer> = new Uint8Array([1, 0, 1]);

function signToken(key: SigningKey, claims: object): Promise<string> {
  return signCompact(key, { alg: key.alg, kid: key.kid, typ: "at+jwt" }, claims);
}

function signKeySet(root: SigningKey, keys: readonly SigningKey[]): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const payload = {
    iss: ISSUER,
    iat: now,
    exp: now + 86_400,
    rev: now,
    keys: keys.map(({ jwk }, index) => ({ ...jwk, state: index === 0 ? "active" : "pending", published_at: now })),
    revoked: [],
    timing: serialiseTiming(DEFAULT_TIMING),
  };
  return signCompact(root, { alg: root.alg, kid: root.kid, typ: "jwk-set+jwt" }, payload);
}

async function signCompact(key: SigningKey, header: object, payload: object): Promise<string> {
  const input = `${encodePart(header)}.${encodePart(payload)}`;
  const { params } = algorithmOf(key.alg);
  const signature = await crypto.subtle.sign(params, key.privateKey, new TextEncoder().encode(input));
  return `${input}.${Buffer.from(signature).toString("base64url")}`;
}

function encodePart(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
