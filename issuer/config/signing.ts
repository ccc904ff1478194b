/**
 * Environment variables to the configuration of an issuer that runs by itself, with one key or with a ring. AWS's own
 * variables are the SDK's to read.
 */
import { ALGS, findAlgorithm } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import type { IssuerUrl } from "../../shared/identifiers.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { DEFAULT_TIMING } from "../../shared/timing.ts";
import type { RingPolicy } from "../key-ring/policy.ts";
import { ringAliasProblem } from "../kms/ring-alias.ts";
import { createEnvironmentReader, parseSeconds, readIssuer, readRings, required } from "./environment.ts";
import type { Environment, EnvironmentReader, NameOf } from "./environment.ts";
import { readRingKms } from "./ring-kms.ts";
import type { RingKms } from "./ring-kms.ts";
import { readPolicy } from "./ring-policy.ts";

/** A ring that signs, and where its keys are. */
export interface SigningRing {
  readonly policy: RingPolicy;
  readonly kms: RingKms;
}

/** What signs: always the same key, or the active key of a ring. Of several rings, the first is home. */
export type SigningKey =
  | { readonly kind: "key"; readonly keyId: string; readonly alg: Alg }
  | { readonly kind: "rings"; readonly rings: readonly [SigningRing, ...SigningRing[]] };

/** One key, and what its tokens are like. */
export interface KeyConfig {
  readonly keyId: string;
  readonly alg: Alg;
  readonly issuer: IssuerUrl;
  readonly maxTokenTtlSeconds: number;
}

export interface SignConfig {
  readonly issuer: IssuerUrl;
  readonly signWith: SigningKey;
  readonly maxTokenTtlSeconds: number;
  /** Undefined: the issuer's own default. */
  readonly defaultTtlSeconds: number | undefined;
}

/**
 * Reads `SEALGATE_ISSUER`, `SEALGATE_DEFAULT_TTL_SECONDS` (optional), and what signs: `SEALGATE_KEY_ID` (id, ARN, alias name or
 * alias ARN) with `SEALGATE_ALG` and `SEALGATE_MAX_TOKEN_TTL_SECONDS` (default 3600), or, without a key id, `SEALGATE_RING` with
 * `SEALGATE_POLICY` (see `readRingPolicy`), whose longest token lifetime then holds; `SEALGATE_MAX_TOKEN_TTL_SECONDS` may only
 * lower it. `SEALGATE_RING` may name several rings, home first; then `SEALGATE_REGION_<RING>` says where each of the others is, and
 * the shortest of their longest lifetimes holds. An empty variable counts as missing.
 * @param nameOf what messages call a variable; by default its name
 * @throws SealgateError `config_invalid`, naming every variable that is missing or wrong, and no value
 */
export function readSignConfig(env: Environment, nameOf?: NameOf): SignConfig {
  const reader = createEnvironmentReader(env, nameOf);
  const isRing = reader.text("SEALGATE_KEY_ID") === undefined && reader.text("SEALGATE_RING") !== undefined;
  const signing = isRing ? readRingSigning(reader) : readKeySigning(reader);
  const defaultTtlSeconds = reader.read("SEALGATE_DEFAULT_TTL_SECONDS", (text) =>
    text === undefined ? ok(undefined) : parseTtl(reader, text, signing?.maxTokenTtlSeconds),
  );
  if (signing === undefined || reader.hasProblems) throw reader.failure();
  return { ...signing, defaultTtlSeconds };
}

/**
 * Reads the variables of one key, for a verifier, which may follow an alias that moves.
 * @throws SealgateError `config_invalid`, naming every variable that is missing or wrong, and no value
 */
export function readKeyConfig(env: Environment, nameOf?: NameOf): KeyConfig {
  const reader = createEnvironmentReader(env, nameOf);
  const key = readKey(reader, ok, "is missing");
  if (key === undefined) throw reader.failure();
  return key;
}

type Signing = Omit<SignConfig, "defaultTtlSeconds">;

function readKeySigning(reader: EnvironmentReader): Signing | undefined {
  const { nameOf } = reader;
  const ring = nameOf("SEALGATE_RING");
  const parseKeyId = (text: string): Result<string, string> => {
    const problem = ringAliasProblem(
      text,
      (name) => `Set ${ring} to ${name} instead, and ${nameOf("SEALGATE_POLICY")} to the ring's policy if it has one`,
    );
    return problem === undefined ? ok(text) : err(problem);
  };
  const key = readKey(reader, parseKeyId, `is missing (or set ${ring}, to sign with a ring)`);
  if (key === undefined) return undefined;
  const { issuer, keyId, alg, maxTokenTtlSeconds } = key;
  return { issuer, signWith: { kind: "key", keyId, alg }, maxTokenTtlSeconds };
}

function readKey(
  reader: EnvironmentReader,
  parseKeyId: (text: string) => Result<string, string>,
  missing: string,
): KeyConfig | undefined {
  const issuer = readIssuer(reader);
  const keyId = reader.read("SEALGATE_KEY_ID", required(parseKeyId, missing));
  const alg = reader.read("SEALGATE_ALG", parseAlg);
  const maxTokenTtlSeconds = reader.read("SEALGATE_MAX_TOKEN_TTL_SECONDS", (text) =>
    text === undefined ? ok(DEFAULT_TIMING.maxTokenTtlSeconds) : parseSeconds(text),
  );
  if (issuer === undefined || keyId === undefined || alg === undefined) return undefined;
  return maxTokenTtlSeconds === undefined ? undefined : { issuer, keyId, alg, maxTokenTtlSeconds };
}

function readRingSigning(reader: EnvironmentReader): Signing | undefined {
  const names = readRings(reader);
  const read = (names ?? [undefined]).map((ring, index) => ({
    policy: readPolicy(reader, ring),
    kms: ring === undefined ? {} : readRingKms(reader, ring, index > 0),
  }));
  const [home, ...others] = read.flatMap(({ policy, kms }) => (policy === undefined ? [] : [{ policy, kms }]));
  const rings = home === undefined || others.length + 1 < read.length ? undefined : ([home, ...others] as const);
  const longest = rings && Math.min(...rings.map(({ policy }) => policy.timing.maxTokenTtlSeconds));
  const maxTokenTtlSeconds = reader.read("SEALGATE_MAX_TOKEN_TTL_SECONDS", (text) => {
    const seconds = text === undefined ? ok(longest) : parseSeconds(text);
    // Keys are kept for as long as the policy says that tokens live.
    return seconds.ok && longest !== undefined && (seconds.value ?? 0) > longest
      ? err(`must be at most timing.maxTokenTtlSeconds of the ring's policy (${longest})`)
      : seconds;
  });
  if (rings === undefined || maxTokenTtlSeconds === undefined) return undefined;
  return { issuer: rings[0].policy.issuer, signWith: { kind: "rings", rings }, maxTokenTtlSeconds };
}

function parseAlg(text: string | undefined): Result<Alg, string> {
  const algorithm = findAlgorithm(text);
  return algorithm === undefined ? err(`must be one of ${ALGS.join(", ")}`) : ok(algorithm.alg);
}

function parseTtl({ nameOf }: EnvironmentReader, text: string, max: number | undefined): Result<number, string> {
  const seconds = parseSeconds(text);
  if (!seconds.ok || max === undefined || seconds.value <= max) return seconds;
  return err(`must be at most ${nameOf("SEALGATE_MAX_TOKEN_TTL_SECONDS")} (${max})`);
}
