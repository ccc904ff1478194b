/**
 * `sealgate token verify --ring`: by the ring's own keys. They come from the key set in KV, as an edge's do, where the variables
 * of publishing are set; otherwise from KMS.
 */
import { parseAudience } from "../../shared/identifiers.ts";
import type { Kid } from "../../shared/identifiers.ts";
import { createVerifier } from "../../shared/index.ts";
import type {
  KeySets,
  KeysUnavailable,
  Result,
  RevocationsUnavailable,
  TokenRejection,
  VerifiedToken,
} from "../../shared/index.ts";
import { importVerificationKey } from "../../shared/jws.ts";
import type { VerificationKey } from "../../shared/jws.ts";
import type { VerificationKeys } from "../../shared/verification-keys.ts";
import { DEFAULT_MAX_TOKEN_BYTES, TOKEN_TYPS, verifyToken } from "../../shared/verify-token.ts";
import { inSeconds } from "../clock.ts";
import { valueOf } from "../config/environment.ts";
import { readRingPolicy } from "../config/ring-policy.ts";
import { SealgateError } from "../errors.ts";
import { createRingMemory, observeRing, rootAnchorsOf } from "../key-ring/index.ts";
import type { ObservedRing } from "../key-ring/index.ts";
import { createAwsKms } from "../kms/aws-kms.ts";
import { UsageError } from "./exit-codes.ts";
import type { CliIo } from "./io.ts";
import { fromEnv, namedBy, readAnchors, RING_OPTIONS, withOptions } from "./options.ts";
import type { Anchors } from "../config/token-verifier.ts";
import { createRingContext, readPolicyText } from "./ring/context.ts";

export interface RingVerifyOptions {
  readonly ring: string | undefined;
  readonly policy?: string;
  readonly issuer?: string;
  readonly anchors?: string;
}

export interface RingVerdict {
  readonly verified: Result<VerifiedToken, TokenRejection | KeysUnavailable | RevocationsUnavailable>;
  /** Where the keys came from, as the end of "by the keys of …". */
  readonly keysOf: string;
}

type Verify = (
  io: CliIo,
  options: RingVerifyOptions,
  audiences: readonly string[],
  token: string,
) => Promise<RingVerdict>;

/**
 * @throws SealgateError `config_invalid` naming every variable that is missing or wrong, or the fault of KMS or KV; UsageError
 *   for anchors that are none
 */
export const verifyWithRing: Verify = (io, options, audiences, token) => {
  const env = withOptions(io, { SEALGATE_ISSUER: options.issuer });
  const verify = valueOf(env, "SEALGATE_KV_NAMESPACE_ID") === undefined ? verifyByKms : verifyByKv;
  return verify({ ...io, env }, options, audiences, token);
};

/** As an edge would: by the signed document, and the root keys that are pinned, or that the ring has in KMS. */
const verifyByKv: Verify = async (io, options, audiences, token) => {
  const { ring: name, policy } = options;
  const named = { ...(name === undefined ? {} : { ring: name }), ...(policy === undefined ? {} : { policy }) };
  const context = await createRingContext(io, named);
  const { ring, issuer } = context.policy;
  const pinned = fromEnv(io, options.anchors, "TRUST_ANCHORS");
  const { text, anchors } =
    pinned === undefined
      ? observedKeySet(await observeRing(context.ports, context.policy, context.options))
      : { text: await context.ports.publisher.read(ring), anchors: readAnchors(pinned, ring) };
  const reading = text === undefined ? null : { text, ageSeconds: 0 };
  const keySets: KeySets = { readerOf: () => ({ read: () => Promise.resolve(reading) }) };
  try {
    const verifier = createVerifier({ issuer, audiences, anchors, ring, keySets, clock: io.nowMs });
    const verified = await verifier.verify(token);
    return { verified, keysOf: `the key set in KV, rev ${(await verifier.status())[0]?.rev ?? "unknown"}` };
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
};

function observedKeySet(observed: ObservedRing): {
  readonly text: string | undefined;
  readonly anchors: Anchors;
} {
  const { document, storedText } = observed;
  if (document.kind === "unknown") throw new SealgateError(document.fault, document.message);
  const anchors = rootAnchorsOf(observed).map(({ jwk }) => jwk);
  if (anchors.length > 0) return { text: storedText, anchors };
  throw new UsageError(
    "the ring has no root key that can sign in KMS: check --ring and the Region, or run `sealgate ring init`",
  );
}

/** Without KV: every key of the ring that is enabled in KMS and has not been revoked. */
const verifyByKms: Verify = async (io, options, audiences, token) => {
  if (options.anchors !== undefined) {
    throw new UsageError("--anchors belongs to a key set: set the variables of KV, or name --gateway");
  }
  const text = await readPolicyText(options.policy);
  const env = withOptions(io, { SEALGATE_RING: options.ring, SEALGATE_POLICY: text });
  const policy = readRingPolicy(env, namedBy(RING_OPTIONS));
  const clock = inSeconds(io.nowMs);
  const publisher = { read: () => Promise.resolve(undefined) };
  const ports = { kms: createAwsKms(), publisher, clock, monotonicMs: () => performance.now() };
  const keys = await keysInKms(await observeRing(ports, policy, { memory: createRingMemory() }));
  const rules = {
    issuer: policy.issuer,
    audiences: audiences.map(parseAudience).filter((audience) => audience !== undefined),
    algs: new Set(keys.all.map(({ algorithm }) => algorithm.alg)),
    typs: new Set([...TOKEN_TYPS, undefined]),
    clockSkewSeconds: policy.timing.clockSkewSeconds,
    maxTokenTtlSeconds: policy.timing.maxTokenTtlSeconds,
    maxTokenBytes: DEFAULT_MAX_TOKEN_BYTES,
  };
  return { verified: await verifyToken(token, rules, keys, clock()), keysOf: "the ring in KMS" };
};

async function keysInKms({
  generations,
}: ObservedRing): Promise<VerificationKeys & { all: readonly VerificationKey[] }> {
  const revoked = new Set<Kid>(generations.flatMap(({ tags }) => tags.revokedOthers.map(({ kid }) => kid)));
  const keys = new Map<Kid, VerificationKey>();
  for (const { publicKey, keyState, tags } of generations) {
    const kid = publicKey?.kid ?? tags.kid;
    if (kid === undefined) continue;
    const key = publicKey === undefined ? undefined : await importVerificationKey(publicKey.jwk, kid);
    if (tags.revokedAt !== undefined || keyState !== "Enabled") revoked.add(kid);
    else if (key !== undefined) keys.set(kid, key);
  }
  return { all: [...keys.values()], find: (kid) => (revoked.has(kid) ? "revoked" : keys.get(kid)) };
}
