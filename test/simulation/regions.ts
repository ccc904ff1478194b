/**
 * One history of two rings: the real rotators, signers and edges over a model of KMS and KV for each Region. The judge knows two promises:
 * no good token is refused, and no `sign()` fails, since one of the rings can always sign. Nothing is excused.
 */
import { epochSecondsFromMs } from "../../shared/identifiers.ts";
import { START_MS, createWorldClock } from "./clock.ts";
import type { WorldClock } from "./clock.ts";
import { createCoverage } from "./coverage.ts";
import type { Coverage } from "./coverage.ts";
import { createIsolate } from "./edge.ts";
import type { Isolate } from "./edge.ts";
import { ALWAYS_AWAKE, CALM, createFreezer, createHost, createHostClock, kmsThrough } from "./host.ts";
import type { Adversity } from "./host.ts";
import type { InvariantName, Violation } from "./invariants.ts";
import { createKmsModel } from "./kms-model.ts";
import type { KmsModel } from "./kms-model.ts";
import { createKvModel } from "./kv-model.ts";
import type { KvModel } from "./kv-model.ts";
import { SealgateError, aliasesOf, amongOthersOf, createPolicy, createRingsSigner, importAnchors } from "./ports.ts";
import type { RingPolicy, SigningRing, TokenSigner, TrustAnchors } from "./ports.ts";
import { REGION_FAMILY, RING_NAMES, RIPE_SECONDS } from "./regions-schedule.ts";
import type { Outage, RegionIndex, RegionSchedule } from "./regions-schedule.ts";
import { createRng } from "./rng.ts";
import type { Rng } from "./rng.ts";
import { createRotator } from "./rotator.ts";
import type { Rotator } from "./rotator.ts";
import { AUDIENCE } from "./signer.ts";
import type { Listener } from "./story.ts";
import type { History } from "./world.ts";

/** Guards of a signer that has several rings. */
export interface RegionGuards {
  /** A ring signs as soon as its KMS answers, also after its document has expired. */
  readonly documentLife?: boolean;
  /** A ring signs until its document ends, though its tokens live longer. */
  readonly documentEnd?: boolean;
  /** There is no other ring. */
  readonly otherRing?: boolean;
}

interface Region {
  readonly policy: RingPolicy;
  readonly kms: KmsModel;
  readonly kv: KvModel;
  readonly rotator: Rotator;
  /** The pinned root key, once there is one. */
  anchors: TrustAnchors;
}

interface World {
  readonly clock: WorldClock;
  readonly coverage: Coverage;
  readonly schedule: RegionSchedule;
  readonly removed: RegionGuards;
  readonly isolates: (readonly Isolate[])[];
  readonly report: (invariant: InvariantName, detail: string) => void;
}

/** Hosts differ by less than K. */
function skewOf(rng: Rng, { timing }: RingPolicy): number {
  return (rng.between(-1, 1) * timing.clockSkewSeconds * 1000) / 2;
}

export async function liveRegions(
  schedule: RegionSchedule,
  removed: RegionGuards = {},
  listener: Listener = () => {},
): Promise<History> {
  const rng = createRng(schedule.seed);
  const clock = createWorldClock();
  const coverage = createCoverage();
  const violations: Violation[] = [];
  const world: World = {
    clock,
    coverage,
    schedule,
    removed,
    isolates: [],
    report(invariant, detail) {
      const atSeconds = (clock.nowMs - START_MS) / 1000;
      violations.push({ invariant, atSeconds, detail });
      listener(`${atSeconds} s: ${invariant}: ${detail}`);
    },
  };
  const regions = [startRegion(world, 0, rng.fork("main")), startRegion(world, 1, rng.fork("west"))] as const;
  for (const outage of schedule.outages) plan(world, regions[outage.region], outage, listener);
  for (const seconds of schedule.rotatesBySeconds) {
    const region = rng.pick(regions);
    clock.at(START_MS + seconds * 1000, () => {
      const { active } = aliasesOf(region.policy);
      const current = region.kms.truth.target(active);
      const from = [1, 2, 3, 4, 5, 6, 7, 8].find(
        (number) => region.kms.truth.target(aliasesOf(region.policy).generation(number)) === current,
      );
      if (from !== undefined) region.rotator.ask({ request: { kind: "rotate", from } });
    });
  }
  for (let index = 0; index < schedule.signers; index++) startSigner(world, regions, rng.fork(`signer ${index}`));
  await clock.runUntil(START_MS + schedule.lastSeconds * 1000, () => violations.length > 0);
  coverage.count("schedules");
  coverage.count(`family: ${REGION_FAMILY}`);
  return { violations, coverage: coverage.report() };
}

function plan({ clock, coverage }: World, region: Region, outage: Outage, listener: Listener): void {
  const { fromSeconds, kmsBackSeconds, rotatorBackSeconds, kind } = outage;
  const tell = (seconds: number, what: string): void =>
    void clock.at(START_MS + seconds * 1000, () => listener(`${seconds.toFixed(0)} s: ${region.policy.ring}: ${what}`));
  clock.at(START_MS + fromSeconds * 1000, () => {
    coverage.count(`a Region's outage: ${kind}`);
    region.rotator.rest(START_MS + rotatorBackSeconds * 1000);
  });
  tell(fromSeconds, `down, ${kind}`);
  tell(kmsBackSeconds, "KMS answers");
  tell(rotatorBackSeconds, "the rotator runs");
}

/** How the Region treats calls now. */
function adversityOf({ clock, schedule }: World, index: RegionIndex): Adversity {
  const seconds = (clock.nowMs - START_MS) / 1000;
  const outage = schedule.outages.find(
    ({ region, fromSeconds, kmsBackSeconds }) => region === index && seconds >= fromSeconds && seconds < kmsBackSeconds,
  );
  if (outage !== undefined) return { ...CALM, failing: 1, slow: outage.kind === "silent" ? 1 : 0 };
  const isThrottled = schedule.throttlings.some(
    ({ region, fromSeconds, untilSeconds }) => region === index && seconds >= fromSeconds && seconds < untilSeconds,
  );
  return isThrottled ? { ...CALM, failing: 0.6 } : CALM;
}

function startRegion(world: World, index: RegionIndex, rng: Rng): Region {
  const { clock, coverage, schedule } = world;
  const policy = createPolicy({ ...schedule.policy, ring: RING_NAMES[index], issuer: "https://auth.example.com" });
  const kms = createKmsModel(clock, skewOf(rng, policy), index * 1000);
  const kv = createKvModel({
    clock,
    rng: rng.fork("kv"),
    locations: Array.from({ length: schedule.locations }, () => "oldest" as const),
    marginMs: policy.timing.kvPropagationSeconds * 1000,
    propagationFactor: 1,
    apiLagMs: 60_000,
  });
  const skew = skewOf(rng, policy);
  const rotator = createRotator({
    name: `rotator of ${policy.ring}`,
    clock,
    rng: rng.fork("rotator"),
    coverage,
    kms: kms.client(() => lagOf(rng, schedule), "rotator"),
    kv,
    skew: () => skew,
    everySeconds: schedule.rotatorEverySeconds,
    isPunctual: false,
    forgetful: false,
    policy,
    removed: {},
    adversity: () => adversityOf(world, index),
    onAudit: () => {},
    onConfirmed: () => {},
    onRun: () => {},
    onDefect: (error) => onDefect(world, error),
  });
  const region: Region = { policy, kms, kv, rotator, anchors: [] };
  kv.onWrite(() => {
    const root = region.anchors.length === 0 ? kms.truth.target(aliasesOf(policy).root) : undefined;
    const spki = root === undefined ? undefined : kms.truth.keys.get(root)?.material.spki;
    if (spki !== undefined) void importAnchors([spki]).then((anchors) => (region.anchors = anchors));
  });
  rotator.ask({ request: { kind: "init" } });
  rotator.start(START_MS + rng.between(0, 5000));
  return region;
}

function lagOf(rng: Rng, { kmsLagSeconds }: RegionSchedule): number {
  return rng.chance(0.5) ? 0 : 1000 * (rng.chance(0.5) ? kmsLagSeconds : rng.between(0, kmsLagSeconds));
}

function onDefect(world: World, error: unknown): void {
  world.report("unexpected error", error instanceof Error ? (error.stack ?? error.message) : String(error));
}

/** A process that issues tokens of either ring, and the requests with each of them. */
function startSigner(world: World, regions: readonly [Region, Region], rng: Rng): void {
  const { clock, coverage, schedule, removed } = world;
  const freezer = schedule.isLambda ? createFreezer() : ALWAYS_AWAKE;
  const skew = skewOf(rng, regions[0].policy);
  const hostClock = createHostClock(clock, () => skew, freezer);
  let issued = 0;
  const rings = regions.map(({ kms, policy }, index): SigningRing => {
    const adversity = (): Adversity => adversityOf(world, index === 0 ? 0 : 1);
    const host = createHost({ clock, rng, coverage, adversity, freezer, onCrash: () => {} });
    const seen = kms.client(() => lagOf(rng, schedule), "signer");
    return { policy, kms: kmsThrough(host, seen, rng, () => {}) };
  });
  const signer = createRingsSigner({
    rings: removed.otherRing === true ? rings.slice(0, 1) : rings,
    clock: hostClock,
    random: () => rng.next(),
    newJti: () => String(++issued),
    amongOthers: (ring) => amongOthersWithout(ring, removed),
  });
  const loop = async (): Promise<void> => {
    await signOnce(world, regions, { signer, skew, rng, run: (work) => freezer.run(work) });
    const everyMs = schedule.everySeconds * 1000 * rng.between(0.5, 1.5);
    clock.at(clock.nowMs + everyMs, () => void loop());
  };
  clock.at(START_MS + RIPE_SECONDS * 1000, () => void loop());
}

/** For ever, as far as a history goes. */
const ALWAYS = { since: epochSecondsFromMs(1000), until: epochSecondsFromMs(2 * START_MS) };

function amongOthersWithout(ring: SigningRing, removed: RegionGuards): ReturnType<typeof amongOthersOf> {
  const { documents, leastDocumentSeconds } = amongOthersOf(ring);
  return {
    documents: removed.documentLife === true ? { read: async () => ALWAYS } : documents,
    leastDocumentSeconds: removed.documentEnd === true ? 0 : leastDocumentSeconds,
  };
}

interface SignerProcess {
  readonly signer: TokenSigner;
  readonly skew: number;
  readonly rng: Rng;
  readonly run: <Value>(work: () => Promise<Value>) => Promise<Value>;
}

async function signOnce(world: World, regions: readonly [Region, Region], process: SignerProcess): Promise<void> {
  const { clock, coverage, report } = world;
  const { signer, skew, rng, run } = process;
  const { maxTokenTtlSeconds } = regions[0].policy.timing;
  const ttlSeconds = Math.max(1, Math.floor(maxTokenTtlSeconds * (rng.chance(0.5) ? 1 : rng.next())));
  const askedMs = clock.nowMs;
  try {
    const { token, expiresAt, kid } = await run(() =>
      signer.sign({ sub: "someone" }, { ttlSeconds, audience: AUDIENCE }),
    );
    coverage.count("tokens issued");
    coverage.bound("sign() with another ring", (clock.nowMs - askedMs) / 1000, 10);
    const untilMs = expiresAt * 1000 - skew;
    const fromMs = Math.max(clock.nowMs, untilMs - ttlSeconds * 1000);
    // At once, some time, and right before its end.
    for (const atMs of [fromMs, rng.between(fromMs, untilMs), untilMs - 1]) {
      if (atMs >= clock.nowMs && atMs < untilMs) clock.at(atMs, () => void present(world, regions, token, kid, rng));
    }
  } catch (error) {
    if (!(error instanceof SealgateError)) return onDefect(world, error);
    report("9 no token issued", `${error.code}: ${error.message}`);
  }
}

/** Isolates that live at the same time, each with a ladder for each ring. */
const MOST_ISOLATES = 6;

/** An isolate that has been there, with what it holds in memory, or a new one. */
function isolateFor(
  { clock, coverage, schedule, isolates }: World,
  regions: readonly Region[],
  rng: Rng,
): readonly Isolate[] {
  const [one] = rng.chance(0.7) && isolates.length > 0 ? [rng.pick(isolates)] : [];
  if (one !== undefined) return one;
  const location = rng.int(0, schedule.locations - 1);
  const made = regions.map(({ kv, policy, anchors }): Isolate => {
    const skew = skewOf(rng, policy);
    const options = { clock, rng, coverage, kv, policy, anchors, bootstrap: undefined, removed: {}, location };
    return createIsolate({ ...options, skew: () => skew, isFrozen: false, adversity: () => CALM });
  });
  isolates.push(made);
  if (isolates.length > MOST_ISOLATES) isolates.shift();
  return made;
}

/** An edge that accepts both rings: what either of the two ladders accepts. */
async function present(world: World, regions: readonly Region[], token: string, kid: string, rng: Rng): Promise<void> {
  const isolate = isolateFor(world, regions, rng);
  try {
    const answers = await Promise.all(isolate.map((ring) => ring.request(token)));
    if (answers.some(({ isAccepted }) => isAccepted)) return world.coverage.count("requests accepted with either ring");
    world.report("1 good token refused", `${kid}: ${answers.map(({ code }) => code).join(", ")}`);
  } catch (error) {
    onDefect(world, error);
  }
}
