/** The rotators and the signer of a ring, in a history in which tokens are taken back. */
import { START_MS } from "./clock.ts";
import { CALM, createHost } from "./host.ts";
import type { Host } from "./host.ts";
import type { RevocationStore } from "./ports.ts";
import { clockWithout, storeWithout } from "./revocations-guards.ts";
import { DEPLOYED_SECONDS } from "./revocations-schedule.ts";
import type { ListRing, ListWorld } from "./revocations-world.ts";
import type { Rng } from "./rng.ts";
import { createRotator } from "./rotator.ts";
import type { Rotator } from "./rotator.ts";
import { createSignerHost } from "./signer.ts";
import type { SignerHost } from "./signer.ts";

/** Milliseconds, steady. Where one clock steps, all others stay close. */
export function skewOf({ schedule: { skewSeconds, hasClockStep } }: ListWorld, rng: Rng): number {
  return 1000 * rng.between(-1, 1) * (hasClockStep ? skewSeconds / 4 : skewSeconds);
}

/** The first rotator's clock goes from one end of what is allowed to the other. */
function rotatorSkew(world: ListWorld, index: number, rng: Rng): (nowMs: number) => number {
  const { schedule } = world;
  const steady = skewOf(world, rng);
  if (!schedule.hasClockStep || index > 0) return () => steady;
  const atMs = START_MS + 1000 * rng.between(DEPLOYED_SECONDS, schedule.busySeconds);
  const halfMs = 1000 * 1.5 * schedule.skewSeconds * rng.pick([1, -1]);
  return (nowMs) => (nowMs < atMs ? -halfMs : halfMs);
}

interface RotatorParts extends Omit<ListRing, "rotators" | "anchors"> {
  readonly index: number;
  readonly number: number;
}

export function makeRotator(world: ListWorld, parts: RotatorParts, rng: Rng): Rotator {
  const { clock, coverage, schedule, judge, removed, through } = world;
  const { index, number, policy, kms, kv, lists, table } = parts;
  const isDown = (): boolean => clock.nowMs < (world.downUntilMs.get(index) ?? 0);
  const adversity = (): typeof CALM => (isDown() ? { ...CALM, failing: 1 } : schedule.rotatorAdversity);
  let tableHost: Host | undefined;
  /** When a call to the table failed last: refused, cut off, or written late. */
  let failedMs = 0;
  /** The table's troubles are its own: a run may be calm for KMS and Cloudflare while the table is not. */
  const storeOf = (process: Host): RevocationStore => {
    const ofTable = (): typeof CALM => (isDown() ? { ...CALM, failing: 1 } : schedule.tableAdversity);
    const host = createHost({ clock, rng, coverage, adversity: ofTable, onCrash: () => {} });
    tableHost = host;
    const both: Host = {
      isDead: false,
      lastTroubleMs: 0,
      crashAfter: () => {},
      async call(work, fail) {
        try {
          return await process.call(() => host.call(work, fail), fail);
        } catch (error) {
          failedMs = clock.nowMs;
          throw error;
        }
      },
    };
    return storeWithout(table.store(both, ofTable), policy, removed, () => clock.nowMs / 1000);
  };
  return createRotator({
    name: `rotator ${number + 1} of ${policy.ring}`,
    clock,
    rng,
    coverage,
    kms: kms.client(() => (rng.chance(0.5) ? 0 : 1000 * rng.between(0, schedule.kmsLagSeconds)), "rotator"),
    kv,
    skew: rotatorSkew(world, number, rng),
    everySeconds: schedule.rotatorEverySeconds,
    isPunctual: schedule.isPunctual,
    forgetful: schedule.forgetful,
    policy,
    removed: {},
    adversity,
    onAudit: ({ actor, step, reasons, result, fault }) =>
      world.tell(`${actor}, ${step}, ${reasons.join(" ")}, ${fault ?? result}`),
    onConfirmed: () => {},
    onRun: (run) => judge.onRun(index, run),
    lists: {
      kv: lists,
      storeOf,
      through,
      clockOf: (own) => clockWithout(own, removed),
      isTroubledSince: (timeMs) => Math.max(table.cutUntilMs, failedMs, tableHost?.lastTroubleMs ?? 0) > timeMs,
    },
    onDefect: world.onDefect,
  });
}

export function startSigner(
  world: ListWorld,
  { policy, kms }: ListRing,
  index: number,
  rng: Rng,
  claims: () => object,
): SignerHost {
  const { clock, coverage, schedule } = world;
  const skew = skewOf(world, rng);
  const isDown = (): boolean => clock.nowMs < (world.downUntilMs.get(index) ?? 0);
  return createSignerHost({
    index,
    clock,
    rng,
    coverage,
    kms: kms.client(() => 0, "signer"),
    skew: () => skew,
    policy,
    removed: {},
    isLambda: schedule.isLambda,
    claims,
    adversity: () => (isDown() ? { ...CALM, failing: 1 } : CALM),
    onAttempt: () => {},
    onDefect: world.onDefect,
  });
}
