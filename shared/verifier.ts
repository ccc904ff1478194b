/**
 * One verifier everywhere: the edge's own key ladder, token memory and rules, in Workers, Node, Deno, Bun and browsers. It
 * follows the ring through the signed key set document and needs no AWS credential.
 */
import { ALGS } from "./algorithms.ts";
import type { Alg } from "./algorithms.ts";
import { parseAudience } from "./identifiers.ts";
import type { IssuerUrl } from "./identifiers.ts";
import type { KeysUnavailable } from "./keys/held-key-set.ts";
import { statusOf } from "./keys/verification.ts";
import type { RingStatus } from "./keys/verification.ts";
import type { KeySetReader } from "./keys/key-set-reader.ts";
import { guardVerification } from "./revocations/guard.ts";
import type { Guarded } from "./revocations/guard.ts";
import type { RevocationsUnavailable } from "./revocations/problems.ts";
import type { RevocationsStatus } from "./revocations/revocations.ts";
import { isListOf, refuseUnknownOptions } from "./options.ts";
import type { KnownOptions, OptionHints } from "./options.ts";
import type { TokenRejection } from "./rejection.ts";
import { err } from "./result.ts";
import type { Result } from "./result.ts";
import { createRingKeys, RING_KEYS_HINTS, RING_KEYS_OPTIONS, waitUntilOf } from "./ring-keys.ts";
import type { RingKeysOptions, RingVerification, VerificationContext } from "./ring-keys.ts";
import { createSharedLook } from "./shared-look.ts";
import type { SharedLook } from "./shared-look.ts";
import { DEFAULT_MAX_TOKEN_BYTES, TOKEN_TYPS } from "./verify-token.ts";
import type { TokenPolicy, TokenTyp, VerifiedToken } from "./verify-token.ts";

/** What is left out of the optional ones gets its default; no check is switched off by leaving anything out. */
export interface VerifierOptions extends RingKeysOptions {
  /** At least one; a token must name one of them in `aud`. */
  readonly audiences: readonly string[];
  /**
   * "required": tokens that were taken back are refused, and while the list of them cannot be had the answer is a fault. Left out,
   * no list is read; `status` warns where a ring publishes one.
   */
  readonly revocations?: "required";
  /** Accepted algorithms. Default all of the table. */
  readonly algs?: readonly Alg[];
  /** Accepted `typ`; "none" stands for a header without one. Default all three. */
  readonly typs?: readonly (TokenTyp | "none")[];
}

/** What a ring stands on, with its list of taken-back tokens if that is read. */
export interface VerifierStatus extends RingStatus {
  readonly revocations?: RevocationsStatus | undefined;
}

export interface Verifier {
  /**
   * Verifies a compact JWT, without "Bearer".
   * @param context in Workers the request's `ExecutionContext`; elsewhere work goes on by itself
   * @returns the frozen header and claims, the first check that failed, or that there are no keys or no list to check with (a
   *   fault, to be answered 503 and never 401)
   * @throws {TypeError} (as a rejection) for anchors whose `kid` is not their thumbprint, and for a context without `waitUntil`
   */
  verify(
    token: string,
    context?: VerificationContext,
  ): Promise<Result<VerifiedToken, TokenRejection | KeysUnavailable | RevocationsUnavailable>>;
  /** What the verifier stands on, for each ring: rev, age, source, and what went wrong with the last read. Reads nothing. */
  status(): Promise<readonly VerifierStatus[]>;
}

/** What is made once the pinned root keys are imported. */
interface Made extends Pick<Guarded, "verifiers" | "health"> {
  readonly look: SharedLook;
}

/**
 * Makes a verifier. Make one and keep it: it holds the key set and remembers verified tokens.
 * @throws {TypeError} for options that are missing or cannot work, all of them named at once
 */
export function createVerifier(options: VerifierOptions): Verifier {
  refuseUnknownOptions("createVerifier", options, OPTIONS, HINTS);
  const { audiences, revocations, algs = ALGS, typs = ALL_TYPS, keySets } = options;
  const keys = createRingKeys("createVerifier", options, [
    ...(isListOf(audiences, (one) => parseAudience(one) !== undefined)
      ? []
      : ["audiences must be one or more strings of 1 to 512 visible ASCII characters"]),
    ...(isListOf(algs, (alg) => ALGS.includes(alg)) ? [] : [`algs must be of ${ALGS.join(", ")}`]),
    ...(isListOf(typs, (typ) => ALL_TYPS.includes(typ)) ? [] : [`typs must be of ${ALL_TYPS.join(", ")}`]),
    ...(revocations === undefined || revocations === "required"
      ? []
      : ['revocations must be "required", or be left out']),
    ...(revocations === undefined || keySets?.revocationsOf !== undefined
      ? []
      : ["revocations needs a place that has lists: keySets of fromKv or fromUrl"]),
  ]);
  const policy = tokenPolicy(keys.issuer, audiences, algs, typs);
  let made: Made | undefined;

  async function verification(): Promise<Made> {
    const base = await keys.verification();
    made ??= make(base);
    return made;
  }

  function make(base: RingVerification): Made {
    const { verifiers, health } =
      revocations === undefined
        ? { verifiers: base.verifiers, health: base.rings }
        : guardVerification(base, base.config, (ring) => keySets.revocationsOf?.(ring) ?? NO_LISTS);
    return { verifiers, health, look: createSharedLook(health, () => keys.readClock()) };
  }

  return {
    async verify(token, context) {
      if (typeof token !== "string") return err({ code: "token_malformed", part: "segments" });
      const { verifiers, look } = await verification();
      const nowMs = keys.readClock();
      const waitUntil = waitUntilOf("verify", context);
      await look(nowMs);
      return verifiers.under(policy).verify(token, nowMs, waitUntil);
    },
    async status() {
      return statusOf({ rings: (await verification()).health }, keys.readClock());
    },
  };
}

/** Never asked: an option that needs lists is refused where there are none. */
const NO_LISTS: KeySetReader = { read: () => Promise.resolve(null) };

const OPTIONS: KnownOptions<VerifierOptions> = {
  ...RING_KEYS_OPTIONS,
  audiences: true,
  algs: true,
  typs: true,
  revocations: true,
};

/** What other libraries, and this package's middleware, call the same things. */
const HINTS: OptionHints = {
  ...RING_KEYS_HINTS,
  audience: "audiences",
  aud: "audiences",
  alg: "algs",
  algorithms: "algs",
  typ: "typs",
};

const ALL_TYPS: readonly (TokenTyp | "none")[] = [...TOKEN_TYPS, "none"];

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
