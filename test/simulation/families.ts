/**
 * Families of trouble, by name. Each puts one kind of it into a schedule, at times and in amounts drawn from the seed; `--family`
 * asks for one. A family is a sentence about the world, and says nothing about what the product should make of it.
 */
import { KMS_LAG_MS } from "./facts.ts";
import { CHANGES, LETTERS, policyWith } from "./policies.ts";
import type { Letters } from "./policies.ts";
import type { Rng } from "./rng.ts";
import type { Deed, Schedule, Whom } from "./schedule.ts";

export type Family = (rng: Rng, schedule: Schedule) => Schedule;

const LAG_SECONDS = KMS_LAG_MS / 1000;

/** Some deeds at times when troubles may be. */
function adding(make: (rng: Rng, atSeconds: number) => readonly Deed[], most = 2): Family {
  return (rng, schedule) => {
    const deeds = Array.from({ length: rng.int(1, most) }, () => make(rng, rng.between(900, schedule.busySeconds)));
    return { ...schedule, deeds: [...schedule.deeds, ...deeds.flat()] };
  };
}

const anyKey = (rng: Rng): Whom => rng.pick(["active", "active", "standby", "retiring"]);

/** The letters before and after, whichever way. */
function changing(rng: Rng, schedule: Schedule, [from, to]: readonly [Partial<Letters>, Partial<Letters>]): Schedule {
  const [first, second] = [
    { ...LETTERS, ...from },
    { ...LETTERS, ...to },
  ];
  const change = policyWith(second, [first]);
  const deeds: Deed[] = [{ kind: "policy", atSeconds: rng.between(900, 0.6 * schedule.busySeconds), change }];
  // Back again, before or after the first has come to its end.
  if (rng.chance(0.4)) {
    const back = policyWith(first, [second]);
    deeds.push({ kind: "policy", atSeconds: rng.between(0.6, 1) * schedule.busySeconds, change: back });
  }
  const kept = schedule.deeds.filter(({ kind }) => kind !== "policy");
  const skewSeconds = Math.min(schedule.skewSeconds, first.K / 2, second.K / 2);
  return { ...schedule, policy: policyWith(first, [second]), deeds: [...kept, ...deeds], skewSeconds };
}

export const FAMILIES: Readonly<Record<string, Family>> = {
  "frozen signers": (rng, schedule) => ({ ...schedule, isLambda: true, signers: rng.int(1, 3) }),
  "frozen isolates": (rng, schedule) => ({
    ...schedule,
    frozenIsolates: true,
    edgeAdversity: { ...schedule.edgeAdversity, slow: rng.pick([0.05, 0.3]) },
  }),
  "clock step": (rng, schedule) => ({
    ...schedule,
    clockStep: { who: rng.pick(["rotator", "signer", "isolates"]), bySeconds: rng.pick([30, -30, 90, -90]) },
  }),
  "rotators at the same second": (rng, schedule) => ({
    ...schedule,
    isPunctual: true,
    rotators: rng.int(2, 3),
    rotatorEverySeconds: 60,
  }),
  "clocks far apart": (rng, schedule) => ({
    ...schedule,
    rotators: rng.int(2, 3),
    rotatorEverySeconds: rng.pick([30, 60]),
    isSkewExtreme: true,
    deeds: [
      ...schedule.deeds,
      ...Array.from(
        { length: 10 },
        (_, index) => ({ kind: "rotate", atSeconds: 900 + index * rng.between(150, 400) }) as const,
      ),
    ],
  }),
  "API down at a revocation": adding((rng, atSeconds) => {
    const how = rng.pick(["request", "disable", "delete"] as const);
    return [
      { kind: "outage", atSeconds: atSeconds - rng.between(0, 30), forSeconds: rng.between(300, 1800), where: "api" },
      { kind: "revoke", atSeconds, how, whom: "active", enabledAgain: false },
    ];
  }, 1),
  "loss after a confirmed read-back": adding((_rng, atSeconds) => [{ kind: "lose_confirmed", atSeconds }], 3),
  "aliases removed": adding((rng, atSeconds) => [
    {
      kind: "remove_alias",
      atSeconds,
      which: rng.pick(["active", "active", "standby", "retiring"]),
      forSeconds: rng.between(60, 900),
    },
  ]),
  "tags removed": adding((rng, atSeconds) => [{ kind: "remove_tags", atSeconds, whom: anyKey(rng) }]),
  "tags may not be read": adding(
    (rng, atSeconds) => [{ kind: "deny_tags", atSeconds, forSeconds: rng.between(60, 900) }],
    1,
  ),
  "root key disabled": adding(
    (rng, atSeconds) => [{ kind: "root_disabled", atSeconds, forSeconds: rng.between(60, 1500) }],
    1,
  ),
  "disabled and enabled again": adding((rng, atSeconds) => [
    { kind: "interrupt", atSeconds, how: "disable", whom: anyKey(rng), forSeconds: rng.between(5, 900) },
  ]),
  "deletion scheduled and cancelled": adding((rng, atSeconds) => [
    { kind: "interrupt", atSeconds, how: "delete", whom: anyKey(rng), forSeconds: rng.between(5, 900) },
  ]),
  "rotators down": (rng, schedule) => {
    const lifeSeconds = schedule.policy.documentLifetimeSeconds ?? 3600;
    const forSeconds = lifeSeconds * rng.between(0.5, 1.3);
    const atSeconds = rng.between(900, 2500);
    const deeds: readonly Deed[] = [{ kind: "rotators_down", atSeconds, forSeconds }];
    // They are back before the ring has to come to rest.
    const busySeconds = Math.max(schedule.busySeconds + forSeconds / 2, atSeconds + forSeconds);
    return { ...schedule, deeds: [...schedule.deeds, ...deeds], busySeconds };
  },
  "an old copy restored": adding((rng, atSeconds) => [
    { kind: "restore_copy", atSeconds, ageSeconds: rng.between(60, 4000) },
  ]),
  "timing lowered": (rng, schedule) => {
    const [high, low] = rng.pick(CHANGES);
    return changing(rng, schedule, [high, low]);
  },
  "timing raised": (rng, schedule) => {
    const [high, low] = rng.pick(CHANGES);
    return changing(rng, schedule, [low, high]);
  },
  "timing lowered, and the document lost": (rng, schedule) => {
    const changed = changing(rng, { ...schedule, forgetful: true }, [{ L: 900 }, { L: 60 }]);
    const at = changed.deeds.find(({ kind }) => kind === "policy")?.atSeconds ?? 1200;
    return { ...changed, deeds: [...changed.deeds, { kind: "empty_kv", atSeconds: at - rng.between(0, 20) }] };
  },
  "a rotator with hours-old memory": (rng, schedule) => ({ ...schedule, seldomSeconds: rng.pick([1500, 3000, 4500]) }),
  RSA: (rng, schedule) => {
    const [alg, next] = rng.pick([
      ["RS256", "PS256"],
      ["PS256", "RS512"],
      ["ES256", "RS256"],
      ["PS384", "ES256"],
    ] as const);
    const policy = { ...schedule.policy, alg };
    const kept = schedule.deeds.filter(({ kind }) => kind !== "policy");
    const at = rng.between(900, 0.6 * schedule.busySeconds);
    const deeds: Deed[] = [...kept, { kind: "policy", atSeconds: at, change: { ...policy, alg: next } }];
    if (rng.chance(0.5))
      deeds.push({ kind: "deny_tags", atSeconds: at + rng.between(0, 60), forSeconds: rng.between(60, 900) });
    return { ...schedule, policy, deeds, rotatorEverySeconds: 200 };
  },
  // A change that names a new key may be refused for as long as KMS may show the past: most often right after a creation.
  "keys that cannot be named yet": (rng, schedule) => ({
    ...schedule,
    kmsLagSeconds: LAG_SECONDS,
    deeds: [
      ...schedule.deeds,
      { kind: "revoke", atSeconds: rng.between(300, 900), how: "disable", whom: "standby", enabledAgain: false },
      { kind: "revoke", atSeconds: rng.between(900, 1200), how: "disable", whom: "active", enabledAgain: false },
    ],
  }),
  "keys withdrawn before a hold ends": (rng, schedule) => {
    const standbySeconds = rng.between(150, 350);
    return {
      ...schedule,
      kmsLagSeconds: LAG_SECONDS,
      deeds: [
        { kind: "rotate", atSeconds: 1500 },
        {
          kind: "withdraw_before_hold_ends",
          atSeconds: 1501,
          standbySeconds,
          activeSeconds: rng.between(20, standbySeconds),
        },
      ],
    };
  },
  "standby withdrawn": adding((_rng, atSeconds) => [
    { kind: "revoke", atSeconds, how: "disable", whom: "standby", enabledAgain: false },
  ]),
  "root key changed": (rng, schedule) => ({
    ...schedule,
    deeds: [
      ...schedule.deeds.filter(({ kind }) => kind !== "change_root"),
      { kind: "change_root", atSeconds: rng.between(800, 1500) },
    ],
  }),
};
