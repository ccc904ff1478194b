/** A machine that issues tokens: the real issuer and ring signer over the model of KMS. It may be started again at any time. */
import { SealgateError } from "../../issuer/errors.ts";
import { createIssuer } from "../../issuer/issuer.ts";
import type { Issuer } from "../../issuer/issuer.ts";
import { leadSeconds, signerMaxAgeSeconds } from "../../issuer/key-ring/policy.ts";
import type { RingPolicy } from "../../issuer/key-ring/policy.ts";
import { createTaggedPublishedKeys } from "../../issuer/key-ring/published-keys.ts";
import type { PublishedKeys } from "../../issuer/key-ring/published-keys.ts";
import { createRingSigner } from "../../issuer/key-ring/ring-signer.ts";
import type { Kms } from "../../issuer/kms/port.ts";
import { parseEpochSeconds } from "../../shared/identifiers.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import type { Removed } from "./guards.ts";
import { createHost, kmsThrough } from "./host.ts";
import type { Adversity } from "./host.ts";
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

export interface SignerHostOptions {
  readonly clock: WorldClock;
  readonly rng: Rng;
  readonly coverage: Coverage;
  readonly kms: Kms;
  readonly skewMs: number;
  readonly policy: RingPolicy;
  readonly removed: Removed;
  readonly adversity: () => Adversity;
}

export interface SignerHost {
  /** A token of this share of the longest lifetime; undefined when none can be issued. */
  mint(share: number): Promise<MintedToken | undefined>;
  restart(): void;
  setPolicy(policy: RingPolicy): void;
}

export function createSignerHost(options: SignerHostOptions): SignerHost {
  const { clock, rng, coverage, skewMs, removed, adversity } = options;
  let { policy } = options;
  let minted = 0;
  let issuer = boot();

  function boot(): Issuer {
    const host = createHost({ clock, rng, coverage, adversity, onCrash: () => {} });
    const kms = kmsThrough(host, options.kms, () => {});
    const now = (): ReturnType<WorldClock["secondsOf"]> => clock.secondsOf(skewMs);
    const beginning = parseEpochSeconds(0);
    const unchecked: PublishedKeys = { publishedAt: async () => beginning };
    const ring = createRingSigner({
      ring: policy.ring,
      kms,
      published: removed.publishedCheck === true ? unchecked : createTaggedPublishedKeys(kms),
      leadSeconds: Math.max(0, leadSeconds(policy.timing) - (removed.leadSeconds ?? 0)),
      maxAgeSeconds: removed.signerMaxAge === true ? 1_000_000 : signerMaxAgeSeconds(policy),
      clock: now,
    });
    const longest = policy.timing.maxTokenTtlSeconds * (removed.tokenLifetime === true ? 3 : 1);
    return createIssuer({
      issuer: policy.issuer,
      ring,
      maxTokenTtlSeconds: longest,
      defaultTtlSeconds: longest,
      clock: now,
      newJti: () => String(++minted),
    });
  }

  return {
    async mint(share) {
      const askedMs = clock.nowMs;
      try {
        const longest = policy.timing.maxTokenTtlSeconds * (removed.tokenLifetime === true ? 3 : 1);
        const ttlSeconds = Math.max(1, Math.floor(longest * share));
        const { token, kid, expiresAt } = await issuer.sign({ sub: "someone" }, { ttlSeconds, audience: AUDIENCE });
        coverage.count("tokens issued");
        const untilMs = expiresAt * 1000 - skewMs;
        return { token, kid, fromMs: untilMs - ttlSeconds * 1000, untilMs, askedMs };
      } catch (error) {
        if (!(error instanceof SealgateError)) throw error;
        coverage.count("tokens that could not be issued");
        return undefined;
      }
    },
    restart() {
      issuer = boot();
    },
    setPolicy(changed) {
      policy = changed;
      issuer = boot();
    },
  };
}
