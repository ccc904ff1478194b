/**
 * The promise that a signer signs: while KMS answers it and a key of the ring is fit, it issues tokens. Each stretch without
 * one needs a cause that lies in the world, and each cause has a bound; the table is in `bounds.ts`.
 */
import { LATEST_RUN, createBounds } from "./bounds.ts";
import type { Bounds } from "./bounds.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import { KMS_LAG_MS } from "./facts.ts";
import type { Facts } from "./facts.ts";
import type { KmsTruth } from "./kms-model.ts";
import { aliasesOf } from "./ports.ts";
import type { KmsTags, RingPolicy } from "./ports.ts";
import type { Run } from "./rotator.ts";
import type { Attempt } from "./signer.ts";

export interface SigningOptions {
  readonly clock: WorldClock;
  readonly kms: KmsTruth;
  readonly facts: Facts;
  readonly coverage: Coverage;
  readonly policy: RingPolicy;
  readonly rotatorEverySeconds: number;
  readonly report: (detail: string) => void;
}

export interface SigningJudge {
  onAttempt(attempt: Attempt): void;
  /** Something has changed in KMS. */
  onChange(): void;
  onRun(run: Run): void;
  /** Signers are judged from now on: the ring has long been known. */
  begin(): void;
}

/** A signer asks KMS again after a second, and each call may take one. */
const AGAIN_MS = 4000;

/** Cloudflare's API may show what is past for so long. */
const STORE_LAG_MS = 60_000;

/** A ring without any fit key makes one: created, listed, tagged and moved to, each seen after KMS's lag at the latest. */
const RUNS_FOR_A_NEW_KEY = 6;

/** A signer issues none. */
interface Stretch {
  /** From then on, or from the last time on that the ring had lost its good key. */
  readonly sinceMs: number;
  readonly cause: keyof Bounds;
  /** KMS has answered the signer, and rotators where they could mend the ring. */
  isCalm: boolean;
  /** Runs that could mend the ring have come as often as the bounds suppose. */
  hasRuns: boolean;
}

function isPublished(tags: KmsTags): boolean {
  const isListed = (tags["sealgate:listed"] ?? tags["sealgate:published"]) !== undefined;
  return isListed && tags["sealgate:kid"] !== undefined && tags["sealgate:revoked"] === undefined;
}

export function createSigningJudge(options: SigningOptions): SigningJudge {
  const { clock, kms, facts, coverage, policy, report } = options;
  const aliases = aliasesOf(policy);
  const bounds = createBounds(policy, options.rotatorEverySeconds);
  const stretches = new Map<number, Stretch>();
  let isBegun = false;
  /** The end of the last run that could mend the ring. */
  let ranMs = 0;
  /** Since when `active` points to a key that can sign and that edges know; undefined while it does not. */
  let goodSinceMs: number | undefined;
  /** Since when it does not, and how many calm runs have begun long enough after that and after each other. */
  let badSinceMs: number | undefined;
  let hadFit = false;
  let calmRuns = 0;
  let countedMs = 0;
  /** When the first run began that should have moved `active`. */
  let fitRunMs: number | undefined;

  /** The key is enabled, and its own tags say that it was published: what a signer takes up. */
  function isTarget(keyArn: string | undefined): keyArn is string {
    return keyArn !== undefined && kms.state(keyArn) === "Enabled" && isPublished(kms.tags(keyArn));
  }

  function onChange(): void {
    const isGood = isTarget(kms.target(aliases.active));
    if (isGood === (goodSinceMs !== undefined)) return;
    goodSinceMs = isGood ? clock.nowMs : undefined;
    badSinceMs = isGood ? badSinceMs : clock.nowMs;
    calmRuns = 0;
    countedMs = clock.nowMs;
    fitRunMs = undefined;
    hadFit = !isGood && facts.fit().length > 0;
    if (isGood) missRuns(clock.nowMs);
    else for (const signer of stretches.keys()) stretches.set(signer, beginStretch());
  }

  function beginStretch(): Stretch {
    return { sinceMs: clock.nowMs, cause: causeNow(), isCalm: true, hasRuns: true };
  }

  /** The ring has had no good key until then, and runs should have come. */
  function missRuns(untilMs: number): void {
    const latestMs = (LATEST_RUN * options.rotatorEverySeconds + 1) * 1000;
    for (const stretch of stretches.values()) {
      stretch.hasRuns &&= untilMs - Math.max(stretch.sinceMs, ranMs) <= latestMs;
    }
  }

  /** A signer may still be shown what was before. */
  const mayBeShownBad = (): boolean => {
    const sinceMs = clock.nowMs - KMS_LAG_MS - AGAIN_MS;
    return (
      goodSinceMs === undefined ||
      goodSinceMs >= sinceMs ||
      kms
        .targetsSince(aliases.active, sinceMs)
        .some(
          (keyArn) =>
            keyArn === undefined ||
            kms.statesSince(keyArn, sinceMs).some((state) => state !== "Enabled") ||
            !kms.tagsSince(keyArn, sinceMs).every(isPublished),
        ) ||
      facts.isMeddledWith(sinceMs)
    );
  };

  const causeNow = (): keyof Bounds => {
    if (facts.isMeddledWith(clock.nowMs - KMS_LAG_MS - AGAIN_MS)) return "people had taken away what signers go by";
    return hadFit ? "the active key was withdrawn" : "the active key was withdrawn, and no other was fit";
  };

  function measure({ sinceMs, cause, isCalm, hasRuns }: Stretch, endMs: number): void {
    if (!isCalm) return;
    const what = hasRuns ? cause : "runs were late, or could not mend the ring";
    coverage.bound(`without a signer: ${what}`, (endMs - sinceMs) / 1000, hasRuns ? bounds[cause] : Infinity);
  }

  return {
    begin() {
      isBegun = true;
    },
    onChange,
    onAttempt({ signer, askedMs, endedMs, minted, code, isKmsCalm }) {
      if (!isBegun) return;
      const stretch = stretches.get(signer);
      if (minted !== undefined) {
        if (stretch !== undefined) measure(stretch, askedMs);
        stretches.delete(signer);
        return;
      }
      if (!isKmsCalm) {
        coverage.count("stretches without a signer: KMS did not answer it");
        if (stretch !== undefined) stretch.isCalm = false;
        return;
      }
      if (!mayBeShownBad()) {
        report(
          `signer ${signer + 1} has issued none at ${endedMs - askedMs} ms after being asked, though KMS has answered and the active key is fit (${code})`,
        );
        return;
      }
      if (stretch === undefined) stretches.set(signer, { ...beginStretch(), sinceMs: askedMs });
    },
    onRun({ begunMs, isKmsCalm, isStoreCalm }) {
      if (!isBegun) return;
      if (goodSinceMs === undefined && isKmsCalm && (isStoreCalm || hadFit)) {
        missRuns(begunMs);
        ranMs = clock.nowMs;
      }
      if (!isKmsCalm || !isStoreCalm) for (const stretch of stretches.values()) stretch.isCalm &&= hadFit && isKmsCalm;
      if (goodSinceMs !== undefined || badSinceMs === undefined || facts.isMeddledWith(badSinceMs - KMS_LAG_MS)) return;
      if (!isKmsCalm || begunMs < badSinceMs + KMS_LAG_MS) return;
      // With another key at hand it takes no store, but a document that has expired; without one, each of the steps to a new
      // one has to be seen. A key whose listing no rotator could note yet is not at hand: noting it takes the store.
      const seconds = (clock.nowMs - badSinceMs) / 1000;
      if (hadFit && facts.fit().some(isTarget)) {
        fitRunMs ??= begunMs;
        if (begunMs >= fitRunMs + STORE_LAG_MS)
          report(`calm runs have left \`active\` at a key that cannot sign since ${seconds} s, though another is fit`);
      } else if (isStoreCalm && begunMs >= countedMs + KMS_LAG_MS) {
        // Rotators that come back together see no more than one step of each other.
        countedMs = begunMs;
        if (++calmRuns > RUNS_FOR_A_NEW_KEY)
          report(`no key signs since ${seconds} s, and ${calmRuns} calm runs have not mended it`);
      }
    },
  };
}
