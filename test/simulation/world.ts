/**
 * One history: the hosts of a schedule put together over the models, run to its end, and judged. Same schedule, same history.
 */
import { checkRingPolicy, leadSeconds } from "../../issuer/key-ring/policy.ts";
import type { RingPolicy, RingPolicyInput } from "../../issuer/key-ring/policy.ts";
import { activeAlias, rootAlias } from "../../issuer/key-ring/names.ts";
import { parseIssuerUrl, parseRingName } from "../../shared/identifiers.ts";
import { largerTiming } from "../../shared/timing.ts";
import { createAttacker } from "./attacker.ts";
import { START_MS, createWorldClock } from "./clock.ts";
import { createCoverage } from "./coverage.ts";
import type { CoverageReport } from "./coverage.ts";
import { startDeeds } from "./deeds.ts";
import type { Removed } from "./guards.ts";
import { CALM } from "./host.ts";
import { createJudge } from "./invariants.ts";
import type { Violation } from "./invariants.ts";
import { createKmsModel } from "./kms-model.ts";
import type { KmsLag } from "./kms-model.ts";
import { createKvModel } from "./kv-model.ts";
import { createRng } from "./rng.ts";
import { createRotator } from "./rotator.ts";
import type { Schedule } from "./schedule.ts";
import { createSignerHost } from "./signer.ts";
import { createStory } from "./story.ts";
import type { Listener } from "./story.ts";
import { startTraffic } from "./traffic.ts";

export interface History {
  readonly violations: readonly Violation[];
  readonly coverage: CoverageReport;
}

function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new TypeError("a constant of the simulation is valid");
  return value;
}

const issuer = parseIssuerUrl("https://auth.example.com");
if (!issuer.ok) throw new TypeError(issuer.error);
export const ISSUER = issuer.value;
export const RING = given(parseRingName("main"));

/** A policy of the simulation; a schedule with a policy that the product would refuse is a mistake of the simulation. */
export function policyOf(input: Omit<RingPolicyInput, "ring" | "issuer">): RingPolicy {
  const checked = checkRingPolicy({ ...input, ring: RING, issuer: ISSUER });
  if (!checked.ok) throw new TypeError(checked.error.map(({ member, rule }) => `${member}: ${rule}`).join("; "));
  return checked.value;
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
  const changed = schedule.deeds.flatMap((deed) =>
    deed.kind === "policy" ? [policyOf({ ...schedule.policy, ...deed.change })] : [],
  );
  const largest = changed.reduce((timing, one) => largerTiming(timing, one.timing), policy.timing);
  const skew = (): number => rng.between(-1, 1) * schedule.skewSeconds * 1000;

  const kmsModel = createKmsModel(clock, skew());
  const store = createKvModel({
    clock,
    rng: rng.fork("kv"),
    locations: schedule.locations,
    propagationMs: policy.timing.kvPropagationSeconds * 1000 * schedule.propagationFactor,
    apiLagMs: schedule.apiLagSeconds * 1000,
  });
  const story = listener === undefined ? undefined : createStory(clock, listener);
  const judge = createJudge({
    clock,
    ring: RING,
    kms: kmsModel.truth,
    kv: store,
    coverage,
    timing: largest,
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
  const lagRng = rng.fork("lag");
  const longestLagMs = 1000 * schedule.kmsLagSeconds;
  const lag: KmsLag = () => {
    if (lagRng.chance(0.5)) return 0;
    return lagRng.chance(0.5) ? longestLagMs : lagRng.between(0, longestLagMs);
  };
  const { signersLagSeconds } = schedule;
  const signersLag = signersLagSeconds === undefined ? lag : (): number => 1000 * signersLagSeconds;
  const kv: typeof store = {
    ...store,
    put(...args) {
      store.put(...args);
      const write = store.writes.at(-1);
      if (write !== undefined) {
        story?.onWrite(write);
        judge.onWrite(write);
        traffic.onWrite(write);
      }
    },
  };

  const rotators = Array.from({ length: schedule.rotators }, (_, index) =>
    createRotator({
      name: `rotator ${index + 1}`,
      clock,
      rng: rng.fork(`rotator ${index}`),
      coverage,
      kms: kmsModel.client(lag),
      kv,
      skewMs: skew(),
      everySeconds: schedule.rotatorEverySeconds,
      forgetful: schedule.forgetful,
      policy,
      removed,
      adversity: () => (isBusy() ? schedule.rotatorAdversity : CALM),
      onAudit: (entry) => {
        story?.onAudit(entry);
        judge.onAudit(entry);
      },
      onHealthyRun: () => judge.record.onHealthyRun(),
      onDefect,
    }),
  );
  const signers = Array.from({ length: schedule.signers }, (_, index) =>
    createSignerHost({
      clock,
      rng: rng.fork(`signer ${index}`),
      coverage,
      kms: kmsModel.client(signersLag),
      skewMs: skew(),
      policy,
      removed,
      adversity: () => (isBusy() ? schedule.signerAdversity : CALM),
    }),
  );
  const attacker = await createAttacker(clock, rng.fork("attacker"), kv, ISSUER, coverage);
  const traffic = startTraffic({
    clock,
    rng: rng.fork("traffic"),
    coverage,
    kv,
    kms: kmsModel.truth,
    judge,
    attacker,
    signers,
    issuer: ISSUER,
    rootAlias: rootAlias(RING),
    activeAlias: activeAlias(RING),
    timing: policy.timing,
    leadMs: leadSeconds(largest) * 1000,
    removed,
    schedule,
    skew: () => rng.fork(`edge ${clock.nowMs}`).between(-1, 1) * schedule.skewSeconds * 1000,
    edgeAdversity: () => (isBusy() ? schedule.edgeAdversity : CALM),
    onDefect,
  });
  startDeeds({
    clock,
    rng: rng.fork("deeds"),
    coverage,
    kms: kmsModel,
    kv,
    ring: RING,
    record: judge.record,
    attacker,
    rotators,
    signers,
    traffic,
    removed,
    lag,
    schedule,
    policyOf,
    onDefect,
  });
  for (const rotator of rotators) {
    rotator.ask({ request: { kind: "init" } });
    rotator.start(START_MS + rng.between(0, 5000));
  }

  await clock.runUntil(endMs, () => stopsEarly && judge.violations.length > 0);
  if (judge.violations.length === 0) judge.atRest();
  coverage.count("schedules");
  return { violations: judge.violations, coverage: coverage.report() };
}
