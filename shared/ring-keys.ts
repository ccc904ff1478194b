/**
 * Which keys count: the options that every verifier of a ring has, and the ladder that follows the ring by them. What a token
 * must say beside that is the caller's.
 */
import { parseIssuerUrl } from "./identifiers.ts";
import type { IssuerUrl } from "./identifiers.ts";
import { parsePublicJwk } from "./jwk.ts";
import { isRev } from "./key-set.ts";
import type { WaitUntil } from "./keys/held-key-set.ts";
import type { KeySets } from "./keys/key-set-reader.ts";
import { createVerification } from "./keys/verification.ts";
import type { KeySetConfig, RingConfig, Verification } from "./keys/verification.ts";
import type { KnownOptions, OptionHints } from "./options.ts";
import { DEFAULT_RING, parseRingNames, readByRing, RING_NAMES } from "./rings.ts";
import type { ReportProblem, RingOption } from "./rings.ts";
import { createSharedRun } from "./shared-run.ts";
import { importTrustAnchors, isSignedKeySet, MAX_TRUST_ANCHORS } from "./signed-key-set.ts";

/** A value, or one for each ring by its name. Several rings need the latter. */
export type ByRing<Value> = Value | Readonly<Record<string, Value>>;

/** What is left out of the optional ones gets its default; no check is switched off by leaving anything out. */
export interface RingKeysOptions {
  /** Expected `iss`, of tokens and of key set documents. */
  readonly issuer: string;
  /** The pinned root keys: one to three public JWKs, as `sealgate ring anchors` prints them. Any ring's mint for the issuer. */
  readonly anchors: ByRing<readonly object[]>;
  /** Where the key set documents are. */
  readonly keySets: KeySets;
  /** Default "main". Several names where the issuer has several rings, one in each Region for example. */
  readonly ring?: string | readonly string[];
  /** Documents with a lower `rev` are refused. No floor by default. */
  readonly minRev?: ByRing<number>;
  /** A signed document that is used when no other can be. None by default. */
  readonly bootstrapKeySet?: ByRing<string>;
  /** Epoch milliseconds. Default the platform's clock. */
  readonly clock?: () => number;
}

export const RING_KEYS_OPTIONS: KnownOptions<RingKeysOptions> = {
  issuer: true,
  anchors: true,
  keySets: true,
  ring: true,
  minRev: true,
  bootstrapKeySet: true,
  clock: true,
};

/** What other libraries, and this package's middleware, call the same things. */
export const RING_KEYS_HINTS: OptionHints = { iss: "issuer", trustAnchors: "anchors", kv: "keySets" };

/** What a Worker is given with each request. The key set is refreshed behind the answer, which the platform must wait for. */
export interface VerificationContext {
  waitUntil(work: Promise<unknown>): void;
}

/**
 * What keeps a refresh going: the context, if there is one; elsewhere work goes on by itself.
 * @throws {TypeError} for any other value: otherwise only a request that begins a refresh would fail
 */
export function waitUntilOf(what: string, context: VerificationContext | undefined): WaitUntil {
  if (context !== undefined && typeof context?.waitUntil !== "function") {
    throw new TypeError(`${what}: the context must be the request's ExecutionContext, or be left out`);
  }
  return (work) => context?.waitUntil(work);
}

export interface RingVerification extends Verification {
  /** What it was made with. */
  readonly config: KeySetConfig;
}

export interface RingKeys {
  readonly issuer: IssuerUrl;
  /** @throws {TypeError} for anchors whose `kid` is not their thumbprint */
  verification(): Promise<RingVerification>;
  /** Epoch milliseconds. @throws {TypeError} when the clock returns none */
  readClock(): number;
}

/**
 * @param what the caller's name, for messages
 * @param otherProblems what is wrong with the caller's own options
 * @throws {TypeError} for options that are missing or cannot work, all of them named at once
 */
export function createRingKeys(
  what: string,
  options: RingKeysOptions,
  otherProblems: readonly string[] = [],
): RingKeys {
  const { keySets, clock = Date.now } = options;
  const issuer = parseIssuerUrl(options.issuer);
  const problems = issuer.ok ? [] : [`issuer ${issuer.error}`];
  const unread = readRings(options, (name, problem) => {
    problems.push(`${name} ${problem}`);
  });
  problems.push(
    ...(typeof keySets?.readerOf === "function"
      ? []
      : ["keySets must be what fromKv, fromUrl or fromDocument returns"]),
    ...(typeof clock === "function" ? [] : ["clock must be a function"]),
    ...otherProblems,
  );
  if (!issuer.ok || problems.length > 0) throw new TypeError(`${what}: ${problems.join("; ")}`);
  let made: RingVerification | undefined;

  async function make(ofIssuer: IssuerUrl): Promise<RingVerification> {
    const rings: RingConfig[] = [];
    const lines: string[] = [];
    for (const { anchors, name, ...ring } of unread) {
      const imported = await importTrustAnchors(anchors);
      if (imported.ok) rings.push({ ...ring, anchors: imported.value });
      else lines.push(...imported.error.map(({ index, problem }) => `${name}[${index}] ${problem}`));
    }
    if (lines.length > 0) throw new TypeError(`${what}: ${lines.join("; ")}`);
    const config = { issuer: ofIssuer, rings };
    made ??= { ...createVerification(keySets, config), config };
    return made;
  }

  // For a thousand calls at once, importing the root keys a thousand times takes most of a second.
  const makes = createSharedRun(
    () => make(issuer.value),
    () => clock() / 1000,
  );

  return {
    issuer: issuer.value,
    verification: async () => made ?? makes.join(),
    readClock() {
      const nowMs = clock();
      if (!Number.isFinite(nowMs)) throw new TypeError(`${what}: clock must return epoch milliseconds`);
      return nowMs;
    },
  };
}

/** Rings whose anchors are still to be imported. */
interface UnreadRing extends Omit<RingConfig, "anchors"> {
  readonly anchors: readonly unknown[];
  /** Where they stand in the options. */
  readonly name: string;
}

function readRings(
  { ring: rings = DEFAULT_RING, ...options }: RingKeysOptions,
  report: ReportProblem,
): readonly UnreadRing[] {
  const names = parseRingNames(rings);
  if (names === undefined) {
    report("ring", `must be one or more ${RING_NAMES}, each once`);
    return [];
  }
  const minRevs = readByRing("minRev", options.minRev, names, report);
  const bootstraps = readByRing("bootstrapKeySet", options.bootstrapKeySet, names, report);
  const anchors = readByRing("anchors", options.anchors, names, report);
  return names.map((ring, index) => ({
    ring,
    minRev: readMinRev(minRevs[index], report),
    bootstrapKeySet: readBootstrap(bootstraps[index], report),
    ...readAnchors(anchors[index], report),
  }));
}

function readMinRev(option: RingOption | undefined, report: ReportProblem): number {
  const { value = 1, name = "" } = option ?? {};
  if (isRev(value)) return value;
  report(name, "must be a positive whole number");
  return 1;
}

function readBootstrap(option: RingOption | undefined, report: ReportProblem): string | undefined {
  const { value, name = "" } = option ?? {};
  return value === undefined || (typeof value === "string" && isSignedKeySet(value))
    ? value
    : report(name, "must be a signed key set document");
}

function readAnchors(option: RingOption | undefined, report: ReportProblem): Pick<UnreadRing, "anchors" | "name"> {
  const { value, name = "" } = option ?? {};
  const anchors: readonly unknown[] = Array.isArray(value) ? value : [];
  if (option !== undefined && (anchors.length < 1 || anchors.length > MAX_TRUST_ANCHORS)) {
    report(name, `must be an array of 1 to ${MAX_TRUST_ANCHORS} public JWKs`);
  }
  for (const [index, anchor] of anchors.entries()) {
    const jwk = parsePublicJwk(anchor);
    if (!jwk.ok) report(`${name}[${index}]`, jwk.error);
  }
  return { anchors, name };
}
