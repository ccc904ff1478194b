/** What the texts that were ever written to KV say, as far as the judge needs it. Signatures are not looked at here. */
import type { KvWrite } from "./kv-model.ts";

export interface SeenDocument {
  /** `x` of each listed key, by kid; a key with a tombstone is not listed. */
  readonly keys: ReadonlyMap<string, string>;
  /** Of each listed key, by kid. */
  readonly states: ReadonlyMap<string, string>;
  readonly revoked: ReadonlySet<string>;
  readonly maxTokenTtlSeconds: number | undefined;
  readonly rev: number;
  /** Epoch seconds, as the document says. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

const NOTHING: SeenDocument = {
  keys: new Map(),
  states: new Map(),
  revoked: new Set(),
  maxTokenTtlSeconds: undefined,
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
  const listed = entries(payload, "keys").map((entry) => [member(entry, "kid"), member(entry, "x")] as const);
  const timing: unknown = typeof payload === "object" && payload !== null ? Reflect.get(payload, "timing") : undefined;
  return {
    keys: new Map(listed.filter(([kid]) => !revoked.has(kid))),
    states: new Map(entries(payload, "keys").map((entry) => [member(entry, "kid"), member(entry, "state")] as const)),
    revoked,
    maxTokenTtlSeconds: Number(member(timing, "max_token_ttl")),
    rev: Number(member(payload, "rev")),
    issuedAt: Number(member(payload, "iat")),
    expiresAt: Number(member(payload, "exp")),
  };
}

function entries(value: unknown, name: string): readonly unknown[] {
  const list: unknown = typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
  return Array.isArray(list) ? list : [];
}

function member(value: unknown, name: string): string {
  return typeof value === "object" && value !== null ? String(Reflect.get(value, name)) : "";
}
