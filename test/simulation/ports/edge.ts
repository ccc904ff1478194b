/** The edge's half of `ports.ts`: one isolate, and the root keys that are pinned in it. */
import { readSpki } from "../../../issuer/kms/public-key.ts";
import type { RingPolicy } from "../../../issuer/key-ring/policy.ts";
import { ALGS } from "../../../shared/algorithms.ts";
import type { Alg } from "../../../shared/algorithms.ts";
import { parseAudience } from "../../../shared/identifiers.ts";
import { importVerificationKey } from "../../../shared/jws.ts";
import { createKeyLadder } from "../../../shared/keys/key-ladder.ts";
import { createKeyRings } from "../../../shared/keys/key-rings.ts";
import { createTokenVerifier } from "../../../shared/keys/token-verifier.ts";
import type { TrustAnchors } from "../../../shared/signed-key-set.ts";
import { DEFAULT_MAX_TOKEN_BYTES } from "../../../shared/verify-token.ts";
import type { HostClock, Random } from "./clock.ts";

export interface EdgeOptions {
  readonly policy: RingPolicy;
  /** The root keys that are pinned; {@link importAnchors} makes them. */
  readonly anchors: TrustAnchors;
  readonly audience: string;
  /**
   * One read of the ring's entry, as Workers KV answers at the isolate's location.
   * @param cacheTtlSeconds how long the location may keep serving what it has read
   * @returns null when there is no entry
   */
  readonly readKv: (cacheTtlSeconds: number) => Promise<string | null>;
  readonly clock: HostClock;
  readonly random: Random;
  /** A signed document bundled at deploy. */
  readonly bootstrap?: string | undefined;
  /** Default 1: no floor. */
  readonly minRev?: number;
  /** How long a request waits for its own read of KV. Default 2000. */
  readonly readDeadlineMs?: number;
  /** Default: all that tokens may have. */
  readonly algs?: readonly Alg[];
}

export interface EdgeStatus {
  /** The rung that the key set in use came from; undefined when there is none. */
  readonly source: string | undefined;
  readonly rev: number | undefined;
}

export interface Edge {
  /** @returns "accepted", or the stable code of the refusal */
  verify(token: string): Promise<string>;
  /** Kids that the plain JWK Set at `/.well-known/jwks.json` lists now; undefined when it is answered with 503. */
  plainKids(): Promise<readonly string[] | undefined>;
  status(): EdgeStatus;
}

/** A new isolate, which knows nothing. */
export function createEdge(options: EdgeOptions): Edge {
  const { policy, anchors, readKv, clock, random, bootstrap, minRev = 1, readDeadlineMs = 2000 } = options;
  const audience = parseAudience(options.audience);
  if (audience === undefined) throw new TypeError("audience is not one");
  const ladder = createKeyLadder({
    reader: {
      async read(cacheTtlSeconds) {
        const text = await readKv(cacheTtlSeconds);
        return text === null ? null : { text, ageSeconds: 0 };
      },
    },
    anchors,
    issuer: policy.issuer,
    ring: policy.ring,
    acceptsUnnamed: true,
    minRev,
    bootstrapKeySet: bootstrap,
    readDeadlineMs,
    random,
    startTimer: (delayMs, onTime) => clock.startTimer(delayMs, onTime),
  });
  const verifier = createTokenVerifier({
    rings: createKeyRings([{ name: policy.ring, ladder }]),
    policy: {
      issuer: policy.issuer,
      audiences: [audience],
      algs: new Set(options.algs ?? ALGS),
      typs: new Set(["jwt", undefined]),
      maxTokenBytes: DEFAULT_MAX_TOKEN_BYTES,
    },
    memoryLimits: { maxEntries: 64, maxCharacters: 1_000_000 },
  });
  // Work goes on after the answer; the ladder's never rejects.
  const waitUntil = (): void => {};
  return {
    async verify(token) {
      const verified = await verifier.verify(token, clock.epochMs(), waitUntil);
      return verified.ok ? "accepted" : verified.error.code;
    },
    async plainKids() {
      const held = await ladder.current(clock.epochMs(), waitUntil);
      return held.ok
        ? [...held.value.keySet.keys.keys()].filter((kid) => held.value.keySet.find(kid) !== "revoked")
        : undefined;
    },
    status() {
      const { source, rev } = ladder.status(clock.epochMs());
      return { source, rev };
    },
  };
}

/** @param spkis DER SubjectPublicKeyInfo of each root key, as GetPublicKey answers */
export async function importAnchors(spkis: readonly Uint8Array[], alg: Alg = "ES256"): Promise<TrustAnchors> {
  return Promise.all(
    spkis.map(async (spki) => {
      const read = await readSpki(spki, alg);
      const anchor = read.ok ? await importVerificationKey(read.value.jwk, read.value.kid) : undefined;
      if (anchor === undefined) throw new TypeError("a root key that cannot be imported");
      return anchor;
    }),
  );
}
