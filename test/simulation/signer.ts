/**
 * A machine that issues tokens: the real issuer and ring signer over the model of KMS. It may be started again at any time; a
 * Lambda is frozen whenever it is not asked for a token.
 */
import { createSigner, SealgateError } from "./ports.ts";
import type { Kms, RingPolicy, TokenSigner } from "./ports.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import { signerWithout } from "./guards.ts";
import type { Removed } from "./guards.ts";
import { ALWAYS_AWAKE, createFreezer, createHost, createHostClock, kmsThrough } from "./host.ts";
import type { Adversity, Host, Skew } from "./host.ts";
import type { Rng } from "./rng.ts";

export const AUDIENCE = "https://api.example.com";

export interface MintedToken {
  readonly token: string;
  readonly kid: string;
  /** True times between which the issuer's own clock says that the token is in its life. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** True time at which it was asked for; what was known then may have changed since. */
  readonly askedMs: number;
}

/** What came of asking a signer for a token. */
export interface Attempt {
  readonly signer: number;
  readonly askedMs: number;
  readonly endedMs: number;
  /** Undefined when there was none to be had. */
  readonly minted: MintedToken | undefined;
  /** The stable code of the refusal: for the reader of a story, never for the judge. */
  readonly code: string | undefined;
  /** KMS has answered each call that was made for it, at once. */
  readonly isKmsCalm: boolean;
}

export interface SignerHostOptions {
  readonly index: number;
  readonly clock: WorldClock;
  readonly rng: Rng;
  readonly coverage: Coverage;
  readonly kms: Kms;
  readonly skew: Skew;
  readonly policy: RingPolicy;
  readonly removed: Removed;
  /** Frozen whenever nothing is asked of it. */
  readonly isLambda: boolean;
  /** Of the next token; by default one user's. */
  readonly claims?: () => object;
  readonly adversity: () => Adversity;
  readonly onAttempt: (attempt: Attempt) => void;
  readonly onDefect: (error: unknown) => void;
}

export interface SignerHost {
  /** A token of this share of the longest lifetime; undefined when none can be issued. */
  mint(share: number): Promise<MintedToken | undefined>;
  restart(): void;
  /** L, as it obeys it now. */
  readonly maxTokenTtlSeconds: number;
  setPolicy(policy: RingPolicy): void;
}

export function createSignerHost(options: SignerHostOptions): SignerHost {
  const { index, clock, rng, coverage, skew, removed, adversity, isLambda } = options;
  const { claims = () => ({ sub: "someone" }) } = options;
  let { policy } = options;
  let issued = 0;
  let process = boot();

  function boot(): { readonly host: Host; readonly signer: TokenSigner; readonly freezer: typeof ALWAYS_AWAKE } {
    const freezer = isLambda ? createFreezer() : ALWAYS_AWAKE;
    const host = createHost({ clock, rng, coverage, adversity, freezer, onCrash: () => {} });
    const { kms, policy: used } = signerWithout(
      kmsThrough(host, options.kms, rng, () => {}),
      policy,
      removed,
    );
    const hostClock = createHostClock(clock, skew, freezer);
    const newJti = (): string => `${index}/${++issued}`;
    return { host, freezer, signer: createSigner({ kms, policy: used, clock: hostClock, newJti }) };
  }

  /** A call that was begun a moment before may be waited for. */
  const isCalmSince = (host: Host, askedMs: number): boolean => host.lastTroubleMs < askedMs - 1500;

  async function attempt(share: number): Promise<Attempt> {
    const { host, signer, freezer } = process;
    const askedMs = clock.nowMs;
    const longest = policy.timing.maxTokenTtlSeconds * (removed.tokenLifetime === true ? 3 : 1);
    const ttlSeconds = Math.max(1, Math.floor(longest * share));
    try {
      const signed = await freezer.run(() => signer.sign(claims(), { ttlSeconds, audience: AUDIENCE }));
      coverage.count("tokens issued");
      const untilMs = signed.expiresAt * 1000 - skew(clock.nowMs);
      const minted: MintedToken = {
        token: signed.token,
        kid: signed.kid,
        fromMs: untilMs - ttlSeconds * 1000,
        untilMs,
        askedMs,
      };
      return {
        signer: index,
        askedMs,
        endedMs: clock.nowMs,
        minted,
        code: undefined,
        isKmsCalm: isCalmSince(host, askedMs),
      };
    } catch (error) {
      if (!(error instanceof SealgateError)) options.onDefect(error);
      coverage.count("tokens that could not be issued");
      const code = error instanceof SealgateError ? error.code : "unexpected";
      return {
        signer: index,
        askedMs,
        endedMs: clock.nowMs,
        minted: undefined,
        code,
        isKmsCalm: isCalmSince(host, askedMs),
      };
    }
  }

  return {
    async mint(share) {
      const made = await attempt(share);
      options.onAttempt(made);
      return made.minted;
    },
    get maxTokenTtlSeconds() {
      return policy.timing.maxTokenTtlSeconds;
    },
    restart() {
      process = boot();
    },
    setPolicy(changed) {
      policy = changed;
      process = boot();
    },
  };
}
