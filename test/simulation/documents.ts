/** What the texts that were ever written to KV say, as far as the judge needs it. Signatures are not looked at here. */
import type { KvWrite } from "./kv-model.ts";

export interface SeenDocument {
  /** `x` (`n` of an RSA key) of each listed key, by kid; a key with a tombstone is not listed. */
  readonly keys: ReadonlyMap<string, string>;
  /** Of each listed key, by kid. */
  readonly states: ReadonlyMap<string, string>;
  readonly revoked: ReadonlySet<string>;
  /** Of each listed key, by kid. */
  readonly algs: ReadonlyMap<string, string>;
  /** C, M, K and L; undefined for what is no document of a rotator. */
  readonly timing: SeenTiming | undefined;
  readonly rev: number;
  /** Epoch seconds, as the document says. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** All in seconds. */
export interface SeenTiming {
  readonly kvCacheTtl: number;
  readonly memoryTtl: number;
  readonly clockSkew: number;
  readonly maxTokenTtl: number;
}

const NOTHING: SeenDocument = {
  keys: new Map(),
  states: new Map(),
  revoked: new Set(),
  algs: new Map(),
  timing: undefined,
  rev: 0,
  issuedAt: 0,
  expiresAt: 0,
};
const seen = new WeakMap<KvWrite, SeenDocument>();

/** The document of a rotator's write; an empty one for anything else. */
export function documentOf(write: KvWrite): SeenDocument {
  if (write.by === "other" || write.text === undefined) return NOTHING;
  const known = seen.get(write) ?? read(write.text);
  seen.set(write, known);
  return known;
}

function read(text: string): SeenDocument {
  const payload: unknown = JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString("utf8"));
  const revoked = new Set(entries(payload, "revoked").map((entry) => member(entry, "kid")));
  const listed = entries(payload, "keys").map((entry) => [member(entry, "kid"), keyOf(entry)] as const);
  const timing: unknown = typeof payload === "object" && payload !== null ? Reflect.get(payload, "timing") : undefined;
  return {
    keys: new Map(listed.filter(([kid]) => !revoked.has(kid))),
    states: new Map(entries(payload, "keys").map((entry) => [member(entry, "kid"), member(entry, "state")] as const)),
    revoked,
    algs: new Map(entries(payload, "keys").map((entry) => [member(entry, "kid"), member(entry, "alg")] as const)),
    timing: {
      kvCacheTtl: Number(member(timing, "kv_cache_ttl")),
      memoryTtl: Number(member(timing, "memory_ttl")),
      clockSkew: Number(member(timing, "clock_skew")),
      maxTokenTtl: Number(member(timing, "max_token_ttl")),
    },
    rev: Number(member(payload, "rev")),
    issuedAt: Number(member(payload, "iat")),
    expiresAt: Number(member(payload, "exp")),
  };
}

/** `x` of a key on a curve, `n` of an RSA key. */
function keyOf(entry: unknown): string {
  const isRsa = member(entry, "kty") === "RSA";
  return member(entry, isRsa ? "n" : "x");
}

function entries(value: unknown, name: string): readonly unknown[] {
  const list: unknown = typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
  return Array.isArray(list) ? list : [];
}

function member(value: unknown, name: string): string {
  return typeof value === "object" && value !== null ? String(Reflect.get(value, name)) : "";
}
