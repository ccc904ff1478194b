/**
 * For each guard: what is taken away, the histories in which it is needed, and the promise that breaks without it. The
 * histories are drawn like all others; some have more of the trouble that the guard is for.
 */
import type { Removed } from "./guards.ts";
import type { InvariantName } from "./invariants.ts";
import { leadSchedule, plainSchedule } from "./margins.ts";
import { drawSchedule } from "./draw.ts";
import type { Deed, Schedule } from "./schedule.ts";
import { policyOf } from "./world.ts";
import { graceSeconds, holdSeconds, plannedLeadSeconds } from "../../issuer/key-ring/policy.ts";
import { LETTERS, policyWith } from "./policies.ts";
import type { Letters } from "./policies.ts";

export interface GuardTrial {
  readonly guard: string;
  readonly removed: Removed;
  readonly make: (seed: string) => Schedule;
  readonly breaks: InvariantName;
  /** Which of the histories is tried first: the one that showed it when this was written. Default 0. */
  readonly first?: number;
}

/** Edges that are slower to follow than a document takes to settle: then all depends on the lead. */
const SLOW_EDGES: Letters = { ...LETTERS, C: 240, M: 60, P: 60 };

const plain = policyOf(policyWith(LETTERS));
const slow = policyOf(policyWith(SLOW_EDGES));

export function withSlowEdges(seed: string): Schedule {
  return { ...leadSchedule(seed), policy: policyWith(SLOW_EDGES) };
}

/** Consumers that keep the plain JWK Set for ten minutes, and a rotation as soon as it may be. */
function withConsumers(seed: string): Schedule {
  return { ...plainSchedule(seed), policy: policyWith({ ...LETTERS, P: 600 }), consumers: 2 };
}

function ofFamily(name: string): (seed: string) => Schedule {
  return (seed) => drawSchedule(seed, name);
}

/** C below a minute: a location may keep what a reader has asked for with the default. */
function withShortCaches(seed: string): Schedule {
  return { ...withdrawn(seed), policy: policyWith({ ...LETTERS, C: 30, M: 5 }) };
}

function deedsEvery(everySeconds: number, deed: (atSeconds: number) => Deed): readonly Deed[] {
  return Array.from({ length: Math.floor(3000 / everySeconds) }, (_, index) => deed(700 + index * everySeconds));
}

/** Somebody writes to KV again and again. */
function struck(seed: string): Schedule {
  return {
    ...drawSchedule(seed),
    busySeconds: 3600,
    deeds: deedsEvery(200, (atSeconds) => ({ kind: "strike", atSeconds })),
  };
}

/** KMS shows what is past, and keys are withdrawn by anybody. */
function withdrawn(seed: string): Schedule {
  const drawn = drawSchedule(seed);
  const deeds = deedsEvery(1200, withdrawal);
  return { ...drawn, kmsLagSeconds: 300, rotators: 3, busySeconds: 3600, deeds };
}

/** Machines that stop for up to half an hour at any call, while rotations are asked for. */
function paused(seed: string): Schedule {
  const { rotatorAdversity, ...drawn } = plainSchedule(seed);
  return {
    ...drawn,
    kmsLagSeconds: 0,
    rotators: 3,
    quietSeconds: 1500,
    rotatorAdversity: { ...rotatorAdversity, pausing: 0.02, longestPauseSeconds: 1800 },
  };
}

/** The same while KMS shows what is past, and the active key is withdrawn before the standby is known. */
function pausedAndWithdrawn(seed: string): Schedule {
  const schedule = paused(seed);
  const withdrawals = deedsEvery(900, withdrawal);
  return {
    ...schedule,
    kmsLagSeconds: plainSchedule(seed).kmsLagSeconds,
    deeds: [...schedule.deeds, ...withdrawals].toSorted((left, right) => left.atSeconds - right.atSeconds),
  };
}

function withdrawal(atSeconds: number): Extract<Deed, { kind: "revoke" }> {
  return { kind: "revoke", atSeconds, how: "disable", whom: "active", enabledAgain: false };
}

export const GUARD_TRIALS: readonly GuardTrial[] = [
  {
    guard: "lead before activation",
    removed: { leadSeconds: plannedLeadSeconds(slow.timing, slow) },
    make: withSlowEdges,
    breaks: "1 good token refused",
  },
  {
    guard: "hold before removal",
    removed: { holdSeconds: holdSeconds(plain.timing) + graceSeconds(plain.timing, plain) },
    make: plainSchedule,
    breaks: "1 good token refused",
  },
  {
    guard: "the lead waits for consumers of the plain JWK Set",
    removed: { consumers: true },
    make: withConsumers,
    breaks: "1 good token refused",
    first: 6,
  },
  {
    guard: "a key is dropped only once its return would be seen",
    removed: { grace: true },
    make: ofFamily("keys withdrawn before a hold ends"),
    breaks: "1 good token refused",
    first: 15,
  },
  {
    guard: "a read that refreshes nothing is kept for 30 s",
    removed: { edgeFreshRead: true },
    make: withShortCaches,
    breaks: "2 revoked key accepted too late",
  },
  {
    guard: "the larger of old and new timing",
    removed: { largerTiming: true },
    make: drawSchedule,
    breaks: "1 good token refused",
    first: 78,
  },
  {
    guard: "tombstones carried forward",
    removed: { tombstones: true },
    make: withdrawn,
    breaks: "2 revoked key accepted too late",
    first: 85,
  },
  { guard: "a standby at all times", removed: { standby: true }, make: withdrawn, breaks: "6 no key can sign" },
  {
    guard: "cleaning of keys without an alias",
    removed: { orphanCleaning: true },
    make: drawSchedule,
    breaks: "7 key without an alias",
  },
  {
    guard: "the previous root key is kept until nobody needs it",
    removed: { rootHold: true },
    make: rerooted,
    breaks: "1 good token refused",
    first: 3,
  },
  {
    guard: "a rev that runs ahead after a loss",
    removed: { revLead: true },
    make: forgotten,
    breaks: "2 revoked key accepted too late",
    first: 11,
  },
  {
    guard: "deadline of composing",
    removed: { composeDeadline: true },
    make: pausedAndWithdrawn,
    breaks: "12 active moved without a cause",
    first: 702,
  },
  {
    guard: "the newest document known is built on",
    removed: { newerDocument: true },
    make: pausedAndWithdrawn,
    breaks: "1 good token refused",
    first: 61,
  },
  {
    guard: "signers take up published keys only",
    removed: { publishedCheck: true },
    make: handMoved,
    breaks: "1 good token refused",
  },
  { guard: "signers look again", removed: { signerMaxAge: true }, make: drawSchedule, breaks: "1 good token refused" },
  { guard: "lifetime of tokens", removed: { tokenLifetime: true }, make: drawSchedule, breaks: "1 good token refused" },
  { guard: "rev only grows at an edge", removed: { edgeRev: true }, make: struck, breaks: "5 rev went back" },
  { guard: "signature of the root key", removed: { anchor: true }, make: struck, breaks: "8 forged token accepted" },
  { guard: "edges obey C", removed: { edgeCacheTtl: true }, make: drawSchedule, breaks: "1 good token refused" },
  {
    guard: "edges obey M",
    removed: { edgeMemoryTtl: true },
    make: withdrawn,
    breaks: "2 revoked key accepted too late",
  },
];

/** Somebody points `active` to a key that is no generation. */
function handMoved(seed: string): Schedule {
  const deeds = deedsEvery(1000, (atSeconds) => ({ kind: "hand_move", atSeconds, forSeconds: 400 }));
  return { ...drawSchedule(seed), deeds, busySeconds: 3600 };
}

/**
 * Rotators that remember nothing, look every few seconds and have clocks up to K apart; KV loses its document in the minute in
 * which a key is withdrawn that needs no successor, so that nothing else is published for long.
 */
function forgotten(seed: string): Schedule {
  const deeds = [900, 1700, 2500].flatMap((atSeconds): readonly Deed[] => [
    { kind: "rotate", atSeconds },
    { kind: "loss_and_revocation", atSeconds },
  ]);
  const hosts = { rotators: 3, rotatorEverySeconds: 15, forgetful: true, kmsLagSeconds: 0, apiLagSeconds: 0 };
  return { ...plainSchedule(seed), ...hosts, deeds, busySeconds: 3300 };
}

/** The root key is changed while stores are slow. */
function rerooted(seed: string): Schedule {
  return { ...plainSchedule(seed), deeds: [{ kind: "change_root", atSeconds: 800 }], quietSeconds: 1500 };
}
