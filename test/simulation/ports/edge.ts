/** The edge's half of `ports.ts`: one isolate of one ring or several, and the root keys that are pinned in it. */
import { readSpki } from "../../../issuer/kms/public-key.ts";
import type { RingPolicy } from "../../../issuer/key-ring/policy.ts";
import { ALGS } from "../../../shared/algorithms.ts";
import type { Alg } from "../../../shared/algorithms.ts";
import { parseAudience } from "../../../shared/identifiers.ts";
import { importVerificationKey } from "../../../shared/jws.ts";
import { createKeyLadder } from "../../../shared/keys/key-ladder.ts";
import { createKeyRings } from "../../../shared/keys/key-rings.ts";
import type { KeySetReader } from "../../../shared/keys/key-set-reader.ts";
import { createTokenVerifiers } from "../../../shared/keys/token-verifier.ts";
import { createRevocations } from "../../../shared/revocations/revocations.ts";
import type { TrustAnchors } from "../../../shared/signed-key-set.ts";
import { DEFAULT_MAX_TOKEN_BYTES } from "../../../shared/verify-token.ts";
import type { HostClock, Random } from "./clock.ts";

/** A ring that an isolate accepts. */
export interface EdgeRing {
  readonly policy: RingPolicy;
  /** The root keys that are pinned; {@link importAnchors} makes them. */
  readonly anchors: TrustAnchors;
  /**
   * One read of the ring's entry, as Workers KV answers at the isolate's location.
   * @param cacheTtlSeconds how long the location may keep serving what it has read
   * @returns null when there is no entry
   */
  readonly readKv: (cacheTtlSeconds: number) => Promise<string | null>;
  /** The same of the list of taken-back tokens. With it for each ring, tokens that a list names are refused; without, no list is read. */
  readonly readList?: ((cacheTtlSeconds: number) => Promise<string | null>) | undefined;
  /** A signed document bundled at deploy. */
  readonly bootstrap?: string | undefined;
  /** Default 1: no floor. */
  readonly minRev?: number;
}

interface EdgeHost {
  readonly audience: string;
  readonly clock: HostClock;
  readonly random: Random;
  /** How long a request waits for its own read of KV. Default 2000. */
  readonly readDeadlineMs?: number;
  /** Default: all that tokens may have. */
  readonly algs?: readonly Alg[];
}

export interface EdgeOptions extends EdgeRing, EdgeHost {}

export interface RingsEdgeOptions extends EdgeHost {
  /** At least one, all of one issuer. */
  readonly rings: readonly EdgeRing[];
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

/** A connection that goes on after its token was accepted: a WebSocket. */
export interface EdgeConnection {
  /** @returns the stable code of why it has to end; undefined when it may go on */
  recheck(): Promise<string | undefined>;
  readonly recheckEverySeconds: number;
}

export interface RingsEdge extends Edge {
  /** As `verify`, and with the connection that an accepted token opens; only where lists are read. */
  open(token: string): Promise<{ readonly code: string; readonly connection: EdgeConnection | undefined }>;
  /** The `rev` of the list that can be used, and the least that the key set asks for. */
  listStatus(ring: string): { readonly rev: number | undefined; readonly leastRev: number | undefined };
}

/** A new isolate, which knows nothing. */
export function createEdge(options: EdgeOptions): Edge {
  return createRingsEdge({ ...options, rings: [options] });
}

/** The same with several rings. @throws TypeError for options that make no sense */
export function createRingsEdge({
  rings: members,
  clock,
  random,
  readDeadlineMs = 2000,
  ...rest
}: RingsEdgeOptions): RingsEdge {
  const audience = parseAudience(rest.audience);
  const [first] = members;
  if (audience === undefined || first === undefined) throw new TypeError("an edge has an audience and a ring");
  const { issuer } = first.policy;
  const startTimer: HostClock["startTimer"] = (delayMs, onTime) => clock.startTimer(delayMs, onTime);
  const shared = { random, readDeadlineMs, startTimer };
  const rings = createKeyRings(
    members.map(({ policy: { ring }, anchors, readKv, bootstrap, minRev = 1 }) => ({
      name: ring,
      ladder: createKeyLadder({
        ...shared,
        reader: readerOf(readKv),
        anchors,
        issuer,
        ring,
        acceptsUnnamed: members.length === 1,
        minRev,
        bootstrapKeySet: bootstrap,
      }),
    })),
  );
  const isGuarded = members.every(({ readList }) => readList !== undefined);
  const memberOf = (name: string): EdgeRing | undefined => members.find(({ policy: { ring } }) => ring === name);
  const revocations = createRevocations(rings, {
    ...shared,
    issuer,
    readerOf: (ring) => readerOf(memberOf(ring)?.readList ?? (() => Promise.resolve(null))),
    anchorsOf: (ring) => memberOf(ring)?.anchors ?? [],
  });
  const plain = createTokenVerifiers({ rings, memoryLimits: { maxEntries: 64, maxCharacters: 1_000_000 } });
  const verifier = (isGuarded ? revocations.guard(plain) : plain).under({
    issuer,
    audiences: [audience],
    algs: new Set(rest.algs ?? ALGS),
    typs: new Set(["jwt", undefined]),
    maxTokenBytes: DEFAULT_MAX_TOKEN_BYTES,
  });
  const ladderOf = (name: string) => rings.rings.find((ring) => ring.name === name)?.ladder;
  // Work goes on after the answer; the ladder's never rejects.
  const waitUntil = (): void => {};
  return {
    async verify(token) {
      const verified = await verifier.verify(token, clock.epochMs(), waitUntil);
      return verified.ok ? "accepted" : verified.error.code;
    },
    async open(token) {
      const verified = await verifier.verify(token, clock.epochMs(), waitUntil);
      if (!verified.ok) return { code: verified.error.code, connection: undefined };
      const connection: EdgeConnection = {
        recheck: async () => (await revocations.recheck(verified.value, clock.epochMs(), waitUntil))?.code,
        recheckEverySeconds: revocations.recheckEverySeconds(verified.value, clock.epochMs()),
      };
      return { code: "accepted", connection: isGuarded ? connection : undefined };
    },
    async plainKids() {
      const held = await Promise.all(rings.rings.map(({ ladder }) => ladder.current(clock.epochMs(), waitUntil)));
      if (held.some(({ ok }) => !ok)) return undefined;
      return held.flatMap((one) =>
        one.ok ? [...one.value.keySet.keys.keys()].filter((kid) => one.value.keySet.find(kid) !== "revoked") : [],
      );
    },
    status() {
      const status = ladderOf(first.policy.ring)?.status(clock.epochMs());
      return { source: status?.source, rev: status?.rev };
    },
    listStatus(name) {
      const nowMs = clock.epochMs();
      const { document } = ladderOf(name)?.usable(nowMs) ?? {};
      const ring = memberOf(name)?.policy.ring;
      return {
        rev: ring && revocations.status(ring, nowMs)?.rev,
        leastRev: document?.revocations?.leastRev,
      };
    },
  };
}

function readerOf(read: EdgeRing["readKv"]): KeySetReader {
  return {
    async read(cacheTtlSeconds) {
      const text = await read(cacheTtlSeconds);
      return text === null ? null : { text, ageSeconds: 0 };
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
