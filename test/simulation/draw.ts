/**
 * Schedules drawn from a seed. A third is mixed: each kind of trouble is absent from about half of them, so that each is also
 * seen alone. A third has one family of trouble in an otherwise calm world, a third has two on top of everything else.
 */
import { FAMILIES } from "./families.ts";
import { CALM } from "./host.ts";
import type { LocationHabit } from "./kv-model.ts";
import { CHANGES, LETTERS, policyWith, VARIANTS } from "./policies.ts";
import { createRng } from "./rng.ts";
import type { Rng } from "./rng.ts";
import type { Deed, Schedule, SchedulePolicy } from "./schedule.ts";

/** Room for one to three rotations. */
const BUSY_SECONDS = [3000, 4500, 6000] as const;

/** @param only one family instead of a choice */
export function drawSchedule(seed: string, only?: string): Schedule {
  const rng = createRng(`${seed} families`);
  const names = Object.keys(FAMILIES);
  if (only !== undefined) return withFamilies(rng.chance(0.5) ? calmSchedule(seed) : mixedSchedule(seed), [only]);
  const kind = rng.next();
  if (kind < 0.34) return mixedSchedule(seed);
  if (kind < 0.67) return withFamilies(calmSchedule(seed), [rng.pick(names)]);
  return withFamilies(mixedSchedule(seed), [rng.pick(names), rng.pick(names)]);
}

function withFamilies(schedule: Schedule, names: readonly string[]): Schedule {
  const troubled = [...new Set(names)].reduce((changed, name) => {
    const family = FAMILIES[name];
    if (family === undefined) throw new TypeError(`no family ${name}: ${Object.keys(FAMILIES).join(", ")}`);
    const made = family(createRng(`${schedule.seed} ${name}`), changed);
    const deeds = made.deeds.toSorted((left, right) => left.atSeconds - right.atSeconds);
    return { ...made, deeds, families: [...changed.families, name] };
  }, schedule);
  return { ...troubled, busySeconds: Math.max(troubled.busySeconds, lastEnd(troubled) - troubled.quietSeconds / 2) };
}

/** The last trouble is over by the middle of the quiet time: a ring comes to rest afterwards, not before. */
function lastEnd({ deeds }: Schedule): number {
  return Math.max(...deeds.map((deed) => deed.atSeconds + ("forSeconds" in deed ? deed.forSeconds : 0)));
}

/** A history without troubles but with the slowest stores and the largest clock skew: margins are all that protects. */
export function calmSchedule(seed: string): Schedule {
  const rng = createRng(seed);
  const letters = { ...LETTERS, ...rng.pick(VARIANTS) };
  return {
    seed,
    families: [],
    policy: policyWith(letters),
    rotators: rng.int(1, 2),
    rotatorEverySeconds: rng.pick([60, 120, 200]),
    isPunctual: false,
    forgetful: rng.chance(0.3),
    seldomSeconds: 0,
    signers: 2,
    isLambda: false,
    frozenIsolates: false,
    consumers: rng.int(0, 2),
    locations: ["oldest", "oldest"],
    apiLagSeconds: 60,
    kmsLagSeconds: rng.pick([0, 300]),
    signersLagSeconds: undefined,
    skewSeconds: letters.K / 2,
    isSkewExtreme: false,
    clockStep: undefined,
    rotatorAdversity: CALM,
    signerAdversity: CALM,
    edgeAdversity: CALM,
    bootstrap: false,
    // Asked for again and again, a rotation happens as soon as the lead allows it.
    deeds: rng.chance(0.5) ? asking(900, 120, 20) : [],
    busySeconds: rng.pick(BUSY_SECONDS),
    quietSeconds: 1800,
    propagationFactor: 1,
  };
}

/** Rotations that are asked for from then on, every so often. */
export function asking(fromSeconds: number, everySeconds: number, times: number): readonly Deed[] {
  return Array.from({ length: times }, (_, index) => ({
    kind: "rotate",
    atSeconds: fromSeconds + everySeconds * index,
  }));
}

function mixedSchedule(seed: string): Schedule {
  const rng = createRng(seed);
  const has = (): boolean => rng.chance(0.5);
  const habits = rng.pick([
    ["oldest"],
    ["either"],
    ["oldest", "newest", "either"],
  ] as const satisfies readonly LocationHabit[][]);
  const busySeconds = rng.pick(BUSY_SECONDS);
  const { policy, change } = drawPolicies(rng);
  return {
    ...calmSchedule(seed),
    policy,
    rotators: rng.int(1, 3),
    rotatorEverySeconds: rng.int(60, 200),
    signers: rng.int(1, 3),
    locations: Array.from({ length: rng.int(2, 6) }, () => rng.pick<LocationHabit>(habits)),
    kmsLagSeconds: rng.pick([0, 20, 300, 300]),
    skewSeconds: has() ? clockSkewOf(policy, change) / 2 : 0,
    rotatorAdversity: {
      slow: has() ? 0.05 : 0,
      failing: has() ? 0.01 : 0,
      lostAnswer: has() ? 0.005 : 0,
      pausing: has() ? 0.01 : 0,
      longestPauseSeconds: rng.pick([30, 120, 900]),
      crashing: has() ? 0.1 : 0,
      lateWrite: has() ? 0.1 : 0,
    },
    signerAdversity: { ...CALM, slow: has() ? 0.1 : 0, failing: has() ? rng.pick([0.05, 0.5]) : 0 },
    edgeAdversity: { ...CALM, slow: has() ? 0.05 : 0 },
    bootstrap: rng.chance(0.2),
    deeds: drawDeeds(rng, busySeconds, change),
    busySeconds,
    quietSeconds: 1800,
  };
}

function clockSkewOf(policy: SchedulePolicy, change: SchedulePolicy | undefined): number {
  const skews = [policy, change].map((one) => one?.timing?.clockSkewSeconds ?? LETTERS.K);
  return Math.min(...skews);
}

function drawPolicies(rng: Rng): { readonly policy: SchedulePolicy; readonly change: SchedulePolicy | undefined } {
  const letters = { ...LETTERS, ...rng.pick(VARIANTS) };
  if (!rng.chance(0.3)) return { policy: policyWith(letters), change: undefined };
  if (rng.chance(0.3)) {
    const policy = policyWith(letters);
    return { policy, change: { ...policy, alg: rng.pick(["EdDSA", "ES384"] as const) } };
  }
  const [high, low] = rng.pick(CHANGES);
  const [from, to] = rng.chance(0.7) ? [high, low] : [low, high];
  const [first, second] = [
    { ...LETTERS, ...from },
    { ...LETTERS, ...to },
  ];
  return { policy: policyWith(first, [second]), change: policyWith(second, [first]) };
}

function drawDeeds(rng: Rng, busySeconds: number, change: SchedulePolicy | undefined): readonly Deed[] {
  const deeds: Deed[] = [];
  const some = (probability: number, most: number, make: (atSeconds: number) => Deed): void => {
    if (!rng.chance(probability)) return;
    for (let times = rng.int(1, most); times > 0; times--) deeds.push(make(rng.between(700, busySeconds)));
  };
  some(0.4, 3, (atSeconds) => ({
    kind: "outage",
    atSeconds,
    forSeconds: rng.between(5, 900),
    where: rng.pick(["api", "location", "everywhere"]),
  }));
  some(0.35, 4, (atSeconds) => ({ kind: "strike", atSeconds }));
  some(0.5, 2, (atSeconds) => ({
    kind: "revoke",
    atSeconds,
    how: rng.pick(["request", "request", "disable", "delete"]),
    whom: rng.pick(["active", "active", "standby", "retiring"]),
    enabledAgain: rng.chance(0.2),
  }));
  some(0.3, 2, (atSeconds) => ({ kind: "rotate", atSeconds }));
  some(0.15, 1, (atSeconds) => ({ kind: "adopt", atSeconds }));
  some(0.1, 1, (atSeconds) => ({ kind: "hand_move", atSeconds, forSeconds: rng.between(60, 600) }));
  some(0.3, 3, (atSeconds) => ({ kind: "restart_signer", atSeconds }));
  // Early, as all its steps take half an hour.
  if (rng.chance(0.15)) deeds.push({ kind: "change_root", atSeconds: rng.between(700, 1500) });
  if (change !== undefined) some(1, 1, (atSeconds) => ({ kind: "policy", atSeconds, change }));
  return deeds.toSorted((left, right) => left.atSeconds - right.atSeconds);
}
