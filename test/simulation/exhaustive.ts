/**
 * A small world, gone through completely: two rotators over models without lag, one interrupted before its nth call and the
 * other let in for m calls, for all n and m, reads and changes alike; then the first goes on or is dead, at once or after a
 * pause; then the second finishes; later a third one looks after what is left.
 */
import { START_MS, createWorldClock } from "./clock.ts";
import { createCoverage } from "./coverage.ts";
import { createHostClock } from "./host.ts";
import { createJudge } from "./invariants.ts";
import type { Violation } from "./invariants.ts";
import { createKmsModel } from "./kms-model.ts";
import { createKvModel } from "./kv-model.ts";
import { LETTERS, policyWith } from "./policies.ts";
import { aliasesOf, createRotator } from "./ports.ts";
import type { Kms, RingRequest, RotatorRun } from "./ports.ts";
import { createRng } from "./rng.ts";
import { policyOf } from "./world.ts";

export type Occasion = "creation" | "rotation" | "revocation";

export interface Interleaving {
  readonly occasion: Occasion;
  /** Calls of the first rotator, reads too, before the second is let in, and of the second before the first goes on. */
  readonly first: number;
  readonly second: number;
  readonly pauseSeconds: number;
  readonly dies: boolean;
}

export interface Ending {
  readonly violations: readonly Violation[];
  readonly isConverged: boolean;
  /** False when a rotator had fewer calls to make than asked for: longer prefixes give nothing new. */
  readonly wasFirstInterrupted: boolean;
  readonly wasSecondInterrupted: boolean;
}

/** What becomes of the first rotator, and the second's `second` mod `stride`, which selects a part of all interleavings. */
export interface Exploration {
  readonly occasion: Occasion;
  readonly pauseSeconds: number;
  readonly dies: boolean;
  /** 1: all of them. */
  readonly stride: number;
}

export interface Explored {
  readonly count: number;
  readonly broken: readonly { readonly interleaving: Interleaving; readonly ending: Ending }[];
}

export const OCCASIONS: readonly Occasion[] = ["creation", "rotation", "revocation"];

/** The first rotator goes on at once, goes on later than another one has published, or never does. */
export const FATES: readonly Pick<Exploration, "dies" | "pauseSeconds">[] = [
  { dies: false, pauseSeconds: 0 },
  { dies: false, pauseSeconds: 40 },
  { dies: true, pauseSeconds: 0 },
];

/** Goes through all interleavings, or through every `stride`th of the second rotator's, a different one for each of the first's. */
export async function exploreAll({ stride, ...world }: Exploration): Promise<Explored> {
  const broken: Explored["broken"][number][] = [];
  let count = 0;
  for (let first = 0, more = true; more; first++) {
    more = false;
    for (let second = first % stride, inner = true; inner; second += stride) {
      const interleaving: Interleaving = { ...world, first, second };
      const ending = await explore(interleaving);
      count++;
      if (ending.violations.length > 0 || !ending.isConverged) broken.push({ interleaving, ending });
      inner = ending.wasSecondInterrupted;
      more ||= ending.wasFirstInterrupted;
    }
  }
  return { count, broken };
}

const INIT: RingRequest = { kind: "init" };

const policy = policyOf(policyWith(LETTERS));

/** Lets a rotator make so many calls, and holds it before the next one. */
interface Gate {
  pass(): Promise<void>;
  allow(calls: number): void;
  readonly isHeld: boolean;
}

function createGate(): Gate {
  let left = 0;
  /** A rotator reads several keys at once. */
  const held: (() => void)[] = [];
  return {
    pass() {
      if (left > 0) {
        left--;
        return Promise.resolve();
      }
      return new Promise((resolve) => void held.push(resolve));
    },
    allow(calls) {
      left = calls;
      while (left > 0 && held.length > 0) {
        left--;
        held.shift()?.();
      }
    },
    get isHeld() {
      return held.length > 0;
    },
  };
}

/** A rotator is held before any of its calls, reads too: what it has read before may be true no more. */
function gated(real: Kms, gate: Gate): Kms {
  return {
    describeKey: async (...args) => gate.pass().then(() => real.describeKey(...args)),
    getPublicKey: async (...args) => gate.pass().then(() => real.getPublicKey(...args)),
    sign: async (...args) => gate.pass().then(() => real.sign(...args)),
    verify: async (...args) => gate.pass().then(() => real.verify(...args)),
    createKey: async (...args) => gate.pass().then(() => real.createKey(...args)),
    listKeys: async () => gate.pass().then(() => real.listKeys()),
    tagKey: async (...args) => gate.pass().then(() => real.tagKey(...args)),
    listTags: async (...args) => gate.pass().then(() => real.listTags(...args)),
    disableKey: async (...args) => gate.pass().then(() => real.disableKey(...args)),
    scheduleKeyDeletion: async (...args) => gate.pass().then(() => real.scheduleKeyDeletion(...args)),
    createAlias: async (...args) => gate.pass().then(() => real.createAlias(...args)),
    updateAlias: async (...args) => gate.pass().then(() => real.updateAlias(...args)),
    listAliases: async (...args) => gate.pass().then(() => real.listAliases(...args)),
  };
}

export async function explore({ occasion, first, second, pauseSeconds, dies }: Interleaving): Promise<Ending> {
  const clock = createWorldClock();
  const rng = createRng("exhaustive");
  const coverage = createCoverage();
  const kmsModel = createKmsModel(clock, 0);
  const kv = createKvModel({ clock, rng, locations: [], marginMs: 0, propagationFactor: 0, apiLagMs: 0 });
  const judge = createJudge({
    clock,
    kms: kmsModel.truth,
    kv,
    coverage,
    policies: [policy],
    rotatorEverySeconds: 60,
    startMs: START_MS,
  });
  kmsModel.truth.onChange((change) => judge.onKms(change));
  kv.onWrite((write) => judge.onWrite(write));
  const pass = (seconds: number): Promise<void> => clock.runUntil(clock.nowMs + seconds * 1000, () => false);

  function run(gate: Gate, request?: RingRequest): Promise<RotatorRun> {
    const kms = gated(
      kmsModel.client(() => 0, "rotator"),
      gate,
    );
    const publisher = {
      read: async () => gate.pass().then(() => kv.stored()),
      publish: async (_ring: string, text: string, rev: number) => {
        await gate.pass();
        kv.put(text, { composedMs: clock.nowMs, marginMs: 0 });
        return { rev, serverSkewSeconds: undefined };
      },
    };
    const hostClock = createHostClock(clock, () => 0);
    return createRotator({ kms, publisher, clock: hostClock, random: () => rng.next() }).run(policy, { request });
  }

  const openGate = (): Gate => ({ pass: () => Promise.resolve(), allow: () => {}, isHeld: false });
  if (occasion !== "creation") {
    await run(openGate(), INIT);
    await pass(700);
    await run(openGate());
    await pass(occasion === "rotation" ? policy.rotateEverySeconds : 100);
  }
  if (occasion === "revocation") {
    const active = kmsModel.truth.target(aliasesOf(policy).active) ?? "";
    judge.facts.withdrawals.mean(active);
    await kmsModel.client(() => 0, "person").disableKey(active);
  }
  const request = occasion === "creation" ? INIT : undefined;
  const [one, other] = [createGate(), createGate()];
  one.allow(first);
  const running = run(one, request);
  await pass(0.001);
  await turn();
  const wasFirstInterrupted = one.isHeld;
  other.allow(second);
  const runningToo = run(other, request);
  await turn();
  const wasSecondInterrupted = other.isHeld;
  await pass(pauseSeconds);
  if (dies) coverage.count("crashes");
  else {
    one.allow(Infinity);
    await running;
  }
  other.allow(Infinity);
  await runningToo;
  for (const wait of [700, 700, 700]) {
    await pass(wait);
    await run(openGate(), request);
  }
  await pass(1300);
  const { isConverged } = await run(openGate(), request);
  judge.atRest();
  return { violations: judge.violations, isConverged, wasFirstInterrupted, wasSecondInterrupted };
}

function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
