/**
 * One history: the hosts of a schedule put together over the models, run to its end, and judged. Same schedule, same history.
 */
import { createAttacker } from "./attacker.ts";
import { START_MS, createWorldClock } from "./clock.ts";
import { createCoverage } from "./coverage.ts";
import type { CoverageReport } from "./coverage.ts";
import { startDeeds } from "./deeds.ts";
import type { Removed } from "./guards.ts";
import { CALM } from "./host.ts";
import type { Skew } from "./host.ts";
import { createJudge } from "./invariants.ts";
import type { Violation } from "./invariants.ts";
import { createKmsModel } from "./kms-model.ts";
import type { KmsLag } from "./kms-model.ts";
import { createKvModel } from "./kv-model.ts";
import { createPolicy } from "./ports.ts";
import type { RingPolicy } from "./ports.ts";
import { createRng } from "./rng.ts";
import type { Rng } from "./rng.ts";
import { createRotator } from "./rotator.ts";
import type { Rotator } from "./rotator.ts";
import type { Schedule, SchedulePolicy } from "./schedule.ts";
import { createSignerHost } from "./signer.ts";
import { createStory } from "./story.ts";
import type { Listener } from "./story.ts";
import { startTraffic } from "./traffic.ts";

export interface History {
  readonly violations: readonly Violation[];
  readonly coverage: CoverageReport;
}

/** A policy of the simulation; a schedule with a policy that the product would refuse is a mistake of the simulation. */
export function policyOf(input: SchedulePolicy): RingPolicy {
  return createPolicy({ ...input, issuer: "https://auth.example.com" });
}

export interface LiveOptions {
  /** Ends with the first broken promise. */
  readonly stopsEarly: boolean;
  /** Is told what happens. */
  readonly listener?: Listener;
}

/** Runs one history until it ends or, if asked to, until the first broken promise. */
export async function live(
  schedule: Schedule,
  removed: Removed,
  { stopsEarly, listener }: LiveOptions = { stopsEarly: true },
): Promise<History> {
  const rng = createRng(schedule.seed);
  const clock = createWorldClock();
  const coverage = createCoverage();
  const policy = policyOf(schedule.policy);
  const changed = schedule.deeds.flatMap((deed) => (deed.kind === "policy" ? [policyOf(deed.change)] : []));
  const skews = createSkews(schedule, rng.fork("skews"));

  const kmsModel = createKmsModel(clock, skews.of("kms")(START_MS));
  const kv = createKvModel({
    clock,
    rng: rng.fork("kv"),
    locations: schedule.locations,
    marginMs: policy.timing.kvPropagationSeconds * 1000,
    propagationFactor: schedule.propagationFactor,
    apiLagMs: schedule.apiLagSeconds * 1000,
  });
  const story = listener === undefined ? undefined : createStory(clock, listener);
  const judge = createJudge({
    clock,
    kms: kmsModel.truth,
    kv,
    coverage,
    policies: [policy, ...changed],
    rotatorEverySeconds: schedule.rotatorEverySeconds,
    startMs: START_MS,
    onViolation: (violation) => story?.onViolation(violation),
  });
  kmsModel.truth.onChange((change) => {
    story?.onKms(change);
    judge.onKms(change);
  });
  const onDefect = (error: unknown): void =>
    judge.report("unexpected error", error instanceof Error ? (error.stack ?? error.message) : String(error));

  const busyUntilMs = START_MS + schedule.busySeconds * 1000;
  const endMs = busyUntilMs + schedule.quietSeconds * 1000;
  const isBusy = (): boolean => clock.nowMs < busyUntilMs;
  const lag = createLag(rng.fork("lag"), schedule.kmsLagSeconds);
  const { signersLagSeconds } = schedule;
  const signersLag = signersLagSeconds === undefined ? lag : (): number => 1000 * signersLagSeconds;
  kv.onWrite((write) => {
    story?.onWrite(write);
    judge.onWrite(write);
    traffic.onWrite(write);
  });

  const makeRotator = (name: string, everySeconds: number, forgetful: boolean): Rotator =>
    createRotator({
      name,
      clock,
      rng: rng.fork(name),
      coverage,
      kms: kmsModel.client(lag, "rotator"),
      kv,
      skew: skews.of("rotator"),
      everySeconds,
      isPunctual: schedule.isPunctual,
      forgetful,
      policy,
      removed,
      adversity: () => (isBusy() ? schedule.rotatorAdversity : CALM),
      onAudit: (entry) => {
        story?.onAudit(entry);
        coverage.count(`step ${entry.step} ${entry.result}`);
      },
      onConfirmed: (process, text) => judge.facts.onConfirmed(process, text),
      onRun: (run) => judge.onRun(run),
      onDefect,
    });
  const rotators = Array.from({ length: schedule.rotators }, (_, index) =>
    makeRotator(`rotator ${index + 1}`, schedule.rotatorEverySeconds, schedule.forgetful),
  );
  const seldom =
    schedule.seldomSeconds > 0 ? [makeRotator("rotator that runs seldom", schedule.seldomSeconds, false)] : [];
  const signers = Array.from({ length: schedule.signers }, (_, index) =>
    createSignerHost({
      index,
      clock,
      rng: rng.fork(`signer ${index}`),
      coverage,
      kms: kmsModel.client(signersLag, "signer"),
      skew: skews.of("signer"),
      policy,
      removed,
      isLambda: schedule.isLambda,
      adversity: () => (isBusy() ? schedule.signerAdversity : CALM),
      onAttempt: (attempt) => {
        if (attempt.code !== undefined) story?.onNoToken(attempt);
        judge.onAttempt(attempt);
      },
      onDefect,
    }),
  );
  const attacker = await createAttacker(clock, rng.fork("attacker"), kv, policy.issuer, coverage);
  const traffic = startTraffic({
    clock,
    rng: rng.fork("traffic"),
    coverage,
    kv,
    kms: kmsModel.truth,
    judge,
    attacker,
    signers,
    policy,
    leadMs: 1000 + judge.facts.timingAt(START_MS).stalenessMs + judge.facts.timingAt(START_MS).skewMs,
    removed,
    schedule,
    skew: () => skews.of("isolates"),
    edgeAdversity: () => (isBusy() ? schedule.edgeAdversity : CALM),
    onDefect,
  });
  startDeeds({
    clock,
    rng: rng.fork("deeds"),
    coverage,
    kms: kmsModel,
    kv,
    facts: judge.facts,
    attacker,
    rotators,
    signers,
    traffic,
    removed,
    lag,
    schedule,
    policy,
    policyOf,
    onDefect,
  });
  for (const rotator of [...rotators, ...seldom]) {
    rotator.ask({ request: { kind: "init" } });
    rotator.start(START_MS + (schedule.isPunctual ? 0 : rng.between(0, 5000)));
  }

  await clock.runUntil(endMs, () => stopsEarly && judge.violations.length > 0);
  if (judge.violations.length === 0) judge.atRest();
  coverage.count("schedules");
  for (const family of schedule.families) coverage.count(`family: ${family}`);
  return { violations: judge.violations, coverage: coverage.report() };
}

/** How old a view of KMS is: half of all reads show the present, the others the past, as often as not the oldest. */
function createLag(rng: Rng, longestSeconds: number): KmsLag {
  return () => {
    if (rng.chance(0.5)) return 0;
    return 1000 * (rng.chance(0.5) ? longestSeconds : rng.between(0, longestSeconds));
  };
}

interface Skews {
  /** Of one more host of a kind. */
  of(kind: "kms" | "rotator" | "signer" | "isolates"): Skew;
}

/**
 * Two hosts never differ by more than K at one time. When the clock of one kind steps, the others keep close to the true time;
 * of rotators and signers only the first one steps.
 */
function createSkews({ skewSeconds, clockStep, isSkewExtreme, busySeconds, policy, deeds }: Schedule, rng: Rng): Skews {
  const changed = deeds.flatMap((deed) => (deed.kind === "policy" ? [deed.change] : []));
  const allowed = Math.min(...[policy, ...changed].map(({ timing }) => timing?.clockSkewSeconds ?? 60));
  const longestMs = 1000 * (clockStep === undefined ? skewSeconds : Math.min(skewSeconds, allowed / 8));
  const seen = new Map<string, number>();
  return {
    of(kind) {
      const count = seen.get(kind) ?? 0;
      seen.set(kind, count + 1);
      const steady =
        isSkewExtreme && kind === "rotator" && count < 2
          ? longestMs * (count === 0 ? 1 : -1)
          : rng.between(-1, 1) * longestMs;
      if (clockStep?.who !== kind || (kind !== "isolates" && count > 0)) return () => steady;
      const atMs = START_MS + 1000 * rng.between(900, busySeconds);
      const halfMs =
        1000 * Math.sign(clockStep.bySeconds) * Math.min(Math.abs(clockStep.bySeconds) / 2, (3 / 4) * allowed);
      return (nowMs) => (nowMs < atMs ? -halfMs : halfMs);
    },
  };
}
