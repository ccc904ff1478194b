/**
 * Histories in which single tokens are taken back, as data: who runs, what goes wrong, who does what and when. Each family puts one
 * kind of trouble into an otherwise calm history; one of them mixes several.
 */
import { CALM } from "./host.ts";
import type { Adversity } from "./host.ts";
import type { LocationHabit } from "./kv-model.ts";
import { LETTERS, policyWith, VARIANTS } from "./policies.ts";
import type { Letters } from "./policies.ts";
import { createRng } from "./rng.ts";
import type { Rng } from "./rng.ts";
import type { SchedulePolicy } from "./schedule.ts";

/** What people, attackers and nature do. */
export type ListDeed = { readonly atSeconds: number; readonly ring: number } & (
  | { readonly kind: "outage"; readonly where: "api" | "table" | "locations"; readonly forSeconds: number }
  /** All that runs in the Region: table, rotators and signers. */
  | { readonly kind: "region_down"; readonly forSeconds: number }
  | { readonly kind: "rotators_down"; readonly forSeconds: number }
  /** Someone with write access to KV. */
  | { readonly kind: "strike"; readonly how: Strike }
  /** The table is put back to a backup: it cannot be reached while that is done. */
  | { readonly kind: "restore"; readonly ageSeconds: number; readonly forSeconds: number }
  | { readonly kind: "rotate" }
  | { readonly kind: "disable_active" }
  /** So many tokens are taken back within a minute. */
  | { readonly kind: "burst"; readonly times: number }
  /** L, for signers at once and for rotators a minute later. */
  | { readonly kind: "policy"; readonly change: SchedulePolicy }
);

export const STRIKES = [
  "the list dropped",
  "an older list put back",
  "an older list and key set put back",
  "the list cut short",
  "the list of another ring",
  "a list signed by another key",
] as const;

export type Strike = (typeof STRIKES)[number];

export interface ListSchedule {
  readonly seed: string;
  readonly family: string;
  readonly policy: SchedulePolicy;
  readonly rings: 1 | 2;
  /** Of each ring. */
  readonly rotators: number;
  readonly rotatorEverySeconds: number;
  readonly isPunctual: boolean;
  readonly forgetful: boolean;
  /** Rotators are told of each change of the table. */
  readonly isWatched: boolean;
  readonly rotatorAdversity: Adversity;
  /** Of all calls to the table. */
  readonly tableAdversity: Adversity;
  readonly edgeAdversity: Adversity;
  readonly isLambda: boolean;
  readonly frozenIsolates: boolean;
  readonly locations: readonly LocationHabit[];
  readonly apiLagSeconds: number;
  readonly kmsLagSeconds: number;
  /** No two hosts differ by more than twice this. */
  readonly skewSeconds: number;
  /** The clock of the first rotator steps from one end to the other. */
  readonly hasClockStep: boolean;
  /** Between two tokens. */
  readonly everySeconds: number;
  readonly deeds: readonly ListDeed[];
  readonly busySeconds: number;
  readonly quietSeconds: number;
}

/** When every edge has the first key set and the first list. */
export const DEPLOYED_SECONDS = 1200;

type Family = (rng: Rng, schedule: ListSchedule) => ListSchedule;

function some(rng: Rng, busySeconds: number, most: number, make: (atSeconds: number) => ListDeed): readonly ListDeed[] {
  return Array.from({ length: rng.int(1, most) }, () => make(rng.between(DEPLOYED_SECONDS, busySeconds)));
}

const pausing = (longestPauseSeconds: number): Adversity => ({ ...CALM, pausing: 0.02, longestPauseSeconds });

/** Without the prefix that names them on the command line. */
const FAMILIES: Readonly<Record<string, Family>> = {
  calm: (_rng, schedule) => schedule,
  "crashes and lost answers": (rng, schedule) => ({
    ...schedule,
    rotators: rng.int(1, 3),
    rotatorAdversity: { ...CALM, crashing: 0.2, lostAnswer: 0.02, failing: 0.02, slow: 0.05, lateWrite: 0.1 },
  }),
  "several rotators": (rng, schedule) => ({
    ...schedule,
    rotators: rng.int(2, 3),
    isPunctual: rng.chance(0.5),
    rotatorEverySeconds: 60,
    isWatched: rng.chance(0.5),
    rotatorAdversity: { ...CALM, slow: 0.2, lateWrite: rng.pick([0, 0.1]) },
    deeds: some(rng, schedule.busySeconds, 3, (atSeconds) => ({ kind: "burst", atSeconds, ring: 0, times: 6 })),
  }),
  "frozen rotators": (rng, schedule) => ({
    ...schedule,
    rotators: rng.int(2, 3),
    isWatched: rng.chance(0.5),
    rotatorAdversity: pausing(rng.pick([20, 120, 900, 7200])),
  }),
  "a bad table": (rng, schedule) => ({
    ...schedule,
    rotators: rng.int(1, 2),
    tableAdversity: {
      ...CALM,
      failing: rng.pick([0, 0.1]),
      lostAnswer: rng.pick([0, 0.1]),
      lateWrite: rng.pick([0, 0.2]),
      slow: rng.pick([0, 0.3, 1]),
    },
    deeds: [
      ...some(rng, schedule.busySeconds, 2, (atSeconds) => ({
        kind: "outage",
        where: "table",
        atSeconds,
        ring: 0,
        forSeconds: rng.between(60, 2400),
      })),
      ...some(rng, schedule.busySeconds, 2, (atSeconds) => ({ kind: "disable_active", atSeconds, ring: 0 })),
    ],
  }),
  attackers: (rng, schedule) => ({
    ...schedule,
    rings: rng.pick([1, 2]),
    forgetful: rng.chance(0.6),
    deeds: [
      ...some(rng, schedule.busySeconds, 6, (atSeconds) => ({
        kind: "strike",
        atSeconds,
        ring: 0,
        how: rng.pick(STRIKES),
      })),
      ...some(rng, schedule.busySeconds, 2, (atSeconds) => ({ kind: "rotate", atSeconds, ring: 0 })),
    ],
  }),
  outages: (rng, schedule) => ({
    ...schedule,
    edgeAdversity: { ...CALM, slow: 0.05 },
    deeds: some(rng, schedule.busySeconds, 4, (atSeconds) => ({
      kind: "outage",
      where: rng.pick(["api", "table", "locations"]),
      atSeconds,
      ring: 0,
      forSeconds: rng.between(10, 1500),
    })),
  }),
  "rotators down for half a list's life": (rng, schedule) => ({
    ...schedule,
    busySeconds: 6000,
    deeds: [
      {
        kind: "rotators_down",
        atSeconds: rng.between(DEPLOYED_SECONDS, 1800),
        ring: 0,
        forSeconds: rng.between(600, 3900),
      },
    ],
  }),
  rotations: (rng, schedule) => ({
    ...schedule,
    isLambda: rng.chance(0.5),
    kmsLagSeconds: rng.pick([0, 300]),
    deeds: [
      ...some(rng, schedule.busySeconds, 3, (atSeconds) => ({ kind: "rotate", atSeconds, ring: 0 })),
      ...some(rng, schedule.busySeconds, 2, (atSeconds) => ({ kind: "disable_active", atSeconds, ring: 0 })),
    ],
  }),
  "a table put back to a backup": (rng, schedule) => ({
    ...schedule,
    forgetful: rng.chance(0.5),
    deeds: some(rng, schedule.busySeconds, 1, (atSeconds) => ({
      kind: "restore",
      atSeconds,
      ring: 0,
      ageSeconds: rng.between(10, 1800),
      forSeconds: rng.between(RESTORE_SECONDS, 1200),
    })),
  }),
  clocks: (rng, schedule) => ({
    ...schedule,
    rotators: rng.int(1, 3),
    hasClockStep: rng.chance(0.7),
    rotatorAdversity: { ...CALM, slow: 0.2 },
  }),
  "the timing changes": (rng, schedule) => {
    const [high, low] = rng.pick([
      [{ L: 900 }, { L: 60 }],
      [{ L: 600 }, { L: 120 }],
    ] as const);
    const [first, second] = [policyOf(high, low), policyOf(low, high)];
    const change = { kind: "policy", atSeconds: rng.between(DEPLOYED_SECONDS, 3000), ring: 0, change: second } as const;
    return { ...schedule, policy: first, skewSeconds: LETTERS.K / 2, deeds: [change] };
  },
  "two Regions": (rng, schedule) => ({
    ...schedule,
    rings: 2,
    deeds: some(rng, schedule.busySeconds, 2, (atSeconds) => ({
      kind: "region_down",
      atSeconds,
      ring: rng.int(0, 1),
      forSeconds: rng.between(300, 1800),
    })),
  }),
  "frozen isolates": (_rng, schedule) => ({
    ...schedule,
    frozenIsolates: true,
    edgeAdversity: { ...CALM, slow: 0.3 },
  }),
};

/** The least time in which a table is put back: until then the clock has overtaken every rev that was taken before. */
const RESTORE_SECONDS = 300;

const PREFIX = "lists: ";
const MIXED = `${PREFIX}mixed`;

/** The name that asks for any of these histories on the command line. */
export const ANY_LIST_FAMILY = "lists";

/** The names that ask for one family. */
export const LIST_FAMILIES: readonly string[] = [MIXED, ...Object.keys(FAMILIES).map((name) => `${PREFIX}${name}`)];

function policyOf(letters: Partial<Letters>, other: Partial<Letters> = letters): SchedulePolicy {
  return policyWith({ ...LETTERS, ...letters }, [{ ...LETTERS, ...other }]);
}

function calm(seed: string, family: string, rng: Rng): ListSchedule {
  const letters = { ...LETTERS, ...rng.pick(VARIANTS) };
  return {
    seed,
    family,
    policy: policyWith(letters),
    rings: 1,
    rotators: rng.int(1, 2),
    rotatorEverySeconds: rng.pick([60, 120, 170]),
    isPunctual: false,
    forgetful: rng.chance(0.3),
    isWatched: rng.chance(0.3),
    rotatorAdversity: CALM,
    tableAdversity: CALM,
    edgeAdversity: CALM,
    isLambda: false,
    frozenIsolates: false,
    locations: Array.from({ length: rng.int(2, 4) }, () => rng.pick(["oldest", "oldest", "newest", "either"] as const)),
    apiLagSeconds: rng.pick([0, 60]),
    kmsLagSeconds: rng.pick([0, 20]),
    skewSeconds: letters.K / 2,
    hasClockStep: false,
    everySeconds: rng.pick([20, 40, 60]),
    deeds: [],
    busySeconds: rng.pick([3000, 4000]),
    quietSeconds: 900,
  };
}

/** One history of a family, or of any. @throws TypeError for a family that there is none of */
export function drawListSchedule(seed: string, family: string | undefined): ListSchedule {
  const rng = createRng(`${seed} lists`);
  const choice = rng.fork("family");
  const name = family ?? (choice.chance(0.35) ? MIXED : `${PREFIX}${choice.pick(Object.keys(FAMILIES))}`);
  const base = calm(seed, name, rng);
  if (name !== MIXED) return FAMILIES[name.slice(PREFIX.length)]?.(rng, base) ?? unknown(name);
  return { ...mix(rng, base), seed, family: name };
}

function unknown(name: string): never {
  throw new TypeError(`no family ${name}: ${LIST_FAMILIES.join(", ")}`);
}

/** Three families on top of each other: deeds add up, of everything else the last word counts. */
function mix(rng: Rng, base: ListSchedule): ListSchedule {
  let mixed = base;
  for (let times = 0; times < 3; times++) {
    const family = FAMILIES[rng.pick(Object.keys(FAMILIES))];
    if (family === undefined || mixed.policy !== base.policy) continue;
    const next = family(rng, mixed);
    mixed = { ...next, deeds: next.deeds === mixed.deeds ? mixed.deeds : [...mixed.deeds, ...next.deeds] };
  }
  return mixed;
}
