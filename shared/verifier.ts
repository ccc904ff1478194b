/**
 * One verifier everywhere: the edge's own key ladder, token memory and rules, in Workers, Node, Deno, Bun and browsers. It
 * follows the ring through the signed key set document and needs no AWS credential.
 */
import { ALGS } from "./algorithms.ts";
import type { Alg } from "./algorithms.ts";
import { parseAudience, parseIssuerUrl, parseRingName } from "./identifiers.ts";
import type { IssuerUrl, RingName } from "./identifiers.ts";
import { parsePublicJwk } from "./jwk.ts";
import { isRev } from "./key-set.ts";
import type { KeySets } from "./key-sets.ts";
import type { KeysUnavailable } from "./keys/held-key-set.ts";
import type { LadderStatus } from "./keys/key-ladder.ts";
import { createVerification } from "./keys/verification.ts";
import type { Verification } from "./keys/verification.ts";
import { refuseUnknownOptions } from "./options.ts";
import type { KnownOptions, OptionHints } from "./options.ts";
import type { TokenRejection } from "./rejection.ts";
import { err } from "./result.ts";
import type { Result } from "./result.ts";
import { importTrustAnchors, isSignedKeySet, MAX_TRUST_ANCHORS } from "./signed-key-set.ts";
import { DEFAULT_MAX_TOKEN_BYTES, TOKEN_TYPS } from "./verify-token.ts";
import type { TokenPolicy, TokenTyp, VerifiedToken } from "./verify-token.ts";

/** What is left out of the optional ones gets its default; no check is switched off by leaving anything out. */
export interface VerifierOptions {
  /** Expected `iss`, of tokens and of key set documents. */
  readonly issuer: string;
  /** At least one; a token must name one of them in `aud`. */
  readonly audiences: readonly string[];
  /** The pinned root keys: one to three public JWKs, as `sealgate ring anchors` prints them. */
  readonly anchors: readonly object[];
  /** Where the key set documents are. */
  readonly keySets: KeySets;
  /** Default "main". */
  readonly ring?: string;
  /** Documents with a lower `rev` are refused. No floor by default. */
  readonly minRev?: number;
  /** A signed document that is used when no other can be. None by default. */
  readonly bootstrapKeySet?: string;
  /** Accepted algorithms. Default all of the table. */
  readonly algs?: readonly Alg[];
  /** Accepted `typ`; "none" stands for a header without one. Default all three. */
  readonly typs?: readonly (TokenTyp | "none")[];
  /** Epoch milliseconds. Default the platform's clock. */
  readonly clock?: () => number;
}

/** What a Worker is given with each request. The key set is refreshed behind the answer, which the platform must wait for. */
export interface VerificationContext {
  waitUntil(work: Promise<unknown>): void;
}

export interface Verifier {
  /**
   * Verifies a compact JWT, without "Bearer".
   * @param context in Workers the request's `ExecutionContext`; elsewhere work goes on by itself
   * @returns the frozen header and claims, the first check that failed, or that there are no keys to check with (a fault, to
   *   be answered 503 and never 401)
   * @throws {TypeError} (as a rejection) for anchors whose `kid` is not their thumbprint
   */
  verify(
    token: string,
    context?: VerificationContext,
  ): Promise<Result<VerifiedToken, TokenRejection | KeysUnavailable>>;
  /** What the verifier stands on: rev, age, source, and what went wrong with the last read. Reads nothing. */
  status(): Promise<LadderStatus>;
}

/**
 * Makes a verifier. Make one and keep it: it holds the key set and remembers verified tokens.
 * @throws {TypeError} for options that are missing or cannot work, all of them named at once
 */
export function createVerifier(options: VerifierOptions): Verifier {
  refuseUnknownOptions("createVerifier", options, OPTIONS, HINTS);
  const { policy, ring, minRev, bootstrapKeySet, reader } = readOptions(options);
  const { anchors, clock = Date.now } = options;
  // Settled values only: a promise that requests share would hang them in Workers.
  let made: Verification | undefined;

  async function verification(): Promise<Verification> {
    if (made !== undefined) return made;
    const imported = await importTrustAnchors(anchors);
    if (!imported.ok) {
      const lines = imported.error.map(({ index, problem }) => `anchors[${index}] ${problem}`);
      throw new TypeError(`createVerifier: ${lines.join("; ")}`);
    }
    const { issuer } = policy;
    made ??= createVerification(reader, { issuer, ring, anchors: imported.value, minRev, bootstrapKeySet });
    return made;
  }

  function readClock(): number {
    const nowMs = clock();
    if (!Number.isFinite(nowMs)) throw new TypeError("createVerifier: clock must return epoch milliseconds");
    return nowMs;
  }

  return {
    async verify(token, context) {
      if (typeof token !== "string") return err({ code: "token_malformed", part: "segments" });
      const verifier = (await verification()).verifiers.under(policy);
      const nowMs = readClock();
      const waitUntil = (work: Promise<unknown>): void => context?.waitUntil(work);
      return verifier.verify(token, nowMs, waitUntil);
    },
    async status() {
      return (await verification()).ladder.status(readClock());
    },
  };
}

const OPTIONS: KnownOptions<VerifierOptions> = {
  issuer: true,
  audiences: true,
  anchors: true,
  keySets: true,
  ring: true,
  minRev: true,
  bootstrapKeySet: true,
  algs: true,
  typs: true,
  clock: true,
};

/** What other libraries, and this package's middleware, call the same things. */
const HINTS: OptionHints = {
  audience: "audiences",
  aud: "audiences",
  iss: "issuer",
  trustAnchors: "anchors",
  kv: "keySets",
  alg: "algs",
  algorithms: "algs",
  typ: "typs",
};

const DEFAULT_RING = "main";

const ALL_TYPS: readonly (TokenTyp | "none")[] = [...TOKEN_TYPS, "none"];

function readOptions(options: VerifierOptions): {
  readonly policy: TokenPolicy;
  readonly ring: RingName;
  readonly minRev: number;
  readonly bootstrapKeySet: string | undefined;
  readonly reader: ReturnType<KeySets["readerOf"]>;
} {
  const { ring = DEFAULT_RING, minRev = 1, bootstrapKeySet, algs = ALGS, typs = ALL_TYPS, keySets, clock } = options;
  const issuer = parseIssuerUrl(options.issuer);
  const name = parseRingName(ring);
  const problems = [
    ...(issuer.ok ? [] : [`issuer ${issuer.error}`]),
    ...(isListOf(options.audiences, (one) => parseAudience(one) !== undefined)
      ? []
      : ["audiences must be one or more strings of 1 to 512 visible ASCII characters"]),
    ...anchorProblems(options.anchors),
    ...(typeof keySets?.readerOf === "function"
      ? []
      : ["keySets must be what fromKv, fromUrl or fromDocument returns"]),
    ...(name === undefined ? ["ring must be 1 to 63 of a-z, 0-9 and inner -"] : []),
    ...(isRev(minRev) ? [] : ["minRev must be a positive whole number"]),
    ...(bootstrapKeySet === undefined || isDocument(bootstrapKeySet)
      ? []
      : ["bootstrapKeySet must be a signed key set document"]),
    ...(isListOf(algs, (alg) => ALGS.includes(alg)) ? [] : [`algs must be of ${ALGS.join(", ")}`]),
    ...(isListOf(typs, (typ) => ALL_TYPS.includes(typ)) ? [] : [`typs must be of ${ALL_TYPS.join(", ")}`]),
    ...(clock === undefined || typeof clock === "function" ? [] : ["clock must be a function"]),
  ];
  if (!issuer.ok || name === undefined || problems.length > 0) {
    throw new TypeError(`createVerifier: ${problems.join("; ")}`);
  }
  const policy = tokenPolicy(issuer.value, options.audiences, algs, typs);
  return { policy, ring: name, minRev, bootstrapKeySet, reader: keySets.readerOf(name) };
}

function tokenPolicy(
  issuer: IssuerUrl,
  audiences: readonly string[],
  algs: readonly Alg[],
  typs: readonly (TokenTyp | "none")[],
): TokenPolicy {
  return {
    issuer,
    audiences: audiences.map((one) => parseAudience(one)).filter((one) => one !== undefined),
    algs: new Set(algs),
    typs: new Set(typs.map((typ) => (typ === "none" ? undefined : typ))),
    maxTokenBytes: DEFAULT_MAX_TOKEN_BYTES,
  };
}

function anchorProblems(anchors: readonly unknown[]): readonly string[] {
  if (!isListOf(anchors, () => true) || anchors.length > MAX_TRUST_ANCHORS) {
    return [`anchors must be an array of 1 to ${MAX_TRUST_ANCHORS} public JWKs`];
  }
  return anchors.flatMap((anchor, index) => {
    const jwk = parsePublicJwk(anchor);
    return jwk.ok ? [] : [`anchors[${index}] ${jwk.error}`];
  });
}

function isListOf<One>(list: readonly One[], fits: (one: One) => boolean): boolean {
  return Array.isArray(list) && list.length > 0 && list.every((one) => fits(one));
}

function isDocument(text: string): boolean {
  return typeof text === "string" && isSignedKeySet(text);
}
