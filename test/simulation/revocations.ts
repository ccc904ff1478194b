/**
 * One history in which single tokens are taken back: the real revoker, rotators, publisher, issuer and edge over models of DynamoDB,
 * KMS, Workers KV and Cloudflare's API. Same schedule, same history.
 */
import { leadSeconds } from "../../shared/timing.ts";
import { START_MS, createWorldClock } from "./clock.ts";
import { createCoverage } from "./coverage.ts";
import { createKmsModel } from "./kms-model.ts";
import { createKvModel } from "./kv-model.ts";
import type { KvModel, KvWrite } from "./kv-model.ts";
import { aliasesOf, importAnchors } from "./ports.ts";
import type { RingPolicy } from "./ports.ts";
import { policyOf } from "./revocations-world.ts";
import type { ListRing, ListWorld } from "./revocations-world.ts";
import { limitCalls } from "./revocations-calls.ts";
import { startListDeeds } from "./revocations-deeds.ts";
import { createListIsolate } from "./revocations-edge.ts";
import type { ListIsolate } from "./revocations-edge.ts";
import { edgeWithout, revokerWithout } from "./revocations-guards.ts";
import type { ListGuards } from "./revocations-guards.ts";
import { makeRotator, skewOf, startSigner } from "./revocations-hosts.ts";
import { createListJudge } from "./revocations-judge.ts";
import { DEPLOYED_SECONDS } from "./revocations-schedule.ts";
import type { ListSchedule } from "./revocations-schedule.ts";
import { createListTraffic } from "./revocations-traffic.ts";
import type { ListTraffic } from "./revocations-traffic.ts";
import { RING_NAMES } from "./regions-schedule.ts";
import { createRng } from "./rng.ts";
import type { Rng } from "./rng.ts";
import type { Listener } from "./story.ts";
import { createTableModel } from "./table-model.ts";
import type { History } from "./world.ts";

/** Isolates that live at the same time. */
const MOST_ISOLATES = 24;

export async function liveRevocations(
  schedule: ListSchedule,
  removed: ListGuards = {},
  listener: Listener = () => {},
  stopsEarly = true,
): Promise<History> {
  const rng = createRng(schedule.seed);
  const clock = createWorldClock();
  const coverage = createCoverage();
  const tell = (what: string): void =>
    listener(`${((clock.nowMs - START_MS) / 1000).toFixed(1).padStart(8)} s  ${what}`);
  const policies = RING_NAMES.slice(0, schedule.rings).map((ring) => policyOf(schedule, ring));
  const [policy] = policies;
  if (policy === undefined) throw new TypeError("a history has a ring");
  const rings: ListRing[] = [];
  const judge = createListJudge({
    clock,
    coverage,
    policy,
    rings: policies.map((_, index) => ({
      get kms() {
        return ringOf(rings, index).kms.truth;
      },
      get kv() {
        return ringOf(rings, index).kv;
      },
      get lists() {
        return ringOf(rings, index).lists;
      },
      get table() {
        return ringOf(rings, index).table;
      },
    })),
    forgetful: schedule.forgetful,
    edgeSkewSeconds: schedule.skewSeconds / (schedule.hasClockStep ? 4 : 1),
    pauses: schedule.rotatorAdversity.pausing > 0,
    onViolation: ({ invariant, detail }) => tell(`BROKEN ${invariant}: ${detail}`),
  });
  const onDefect = (error: unknown): void =>
    judge.report("unexpected error", error instanceof Error ? (error.stack ?? error.message) : String(error));
  const through = limitCalls(clock, coverage, (calls) => judge.onBlocked(calls));
  const world: ListWorld = {
    clock,
    coverage,
    schedule,
    removed,
    judge,
    downUntilMs: new Map(),
    through,
    tell,
    onDefect,
  };
  let traffic: ListTraffic | undefined;
  for (const [index, one] of policies.entries()) {
    rings.push(startRing(world, index, one, rng.fork(one.ring), (write) => traffic?.onList(write)));
  }
  const signers = rings.map((ring, index) =>
    startSigner(world, ring, index, rng.fork(`signer ${index}`), () => traffic?.claims() ?? {}),
  );
  const isolates: ListIsolate[] = [];
  traffic = createListTraffic({
    clock,
    rng: rng.fork("traffic"),
    coverage,
    schedule,
    policy,
    judge,
    tables: rings.map(({ table }) => table),
    signers,
    isolateAt: (location, isFresh) => isolateAt(world, rings, isolates, rng, location, isFresh),
    skew: skewOf(world, rng),
    wrap: (revocations, now) => revokerWithout(revocations, policy, removed, now),
    onDefect,
  });
  startWhenListed(world, rings, () => traffic?.start());
  await startListDeeds(world, rings, signers, traffic, rng.fork("deeds"));
  const endMs = START_MS + (schedule.busySeconds + schedule.quietSeconds) * 1000;
  await clock.runUntil(endMs, () => stopsEarly && judge.violations.length > 0);
  coverage.count("schedules");
  coverage.count(`family: ${schedule.family}`);
  return { violations: judge.violations, coverage: coverage.report() };
}

/** Edges that need a list are deployed once every location has the first one: S + K + 1 after it. */
function startWhenListed({ clock, removed }: ListWorld, rings: readonly ListRing[], start: () => void): void {
  const waiting = new Set(rings);
  let lastMs = START_MS + DEPLOYED_SECONDS * 1000;
  for (const ring of rings) {
    if (removed.waitForList === true) waiting.clear();
    if (waiting.size === 0) return void clock.at(START_MS, start);
    ring.lists.onWrite(({ composedMs }) => {
      if (!waiting.delete(ring)) return;
      lastMs = Math.max(lastMs, composedMs + 1000 * leadSeconds(ring.policy.timing));
      if (waiting.size === 0) clock.at(lastMs, start);
    });
  }
}

function ringOf(rings: readonly ListRing[], index: number): ListRing {
  const ring = rings[index];
  if (ring === undefined) throw new TypeError("the judge asks once the world stands");
  return ring;
}

function startRing(
  world: ListWorld,
  index: number,
  policy: RingPolicy,
  rng: Rng,
  onList: (write: KvWrite) => void,
): ListRing {
  const { clock, coverage, schedule, judge, removed } = world;
  const kms = createKmsModel(clock, skewOf(world, rng), index * 1000);
  const entry = (name: string): KvModel =>
    createKvModel({
      clock,
      rng: rng.fork(name),
      locations: schedule.locations,
      marginMs: policy.timing.kvPropagationSeconds * 1000,
      propagationFactor: 1,
      apiLagMs: schedule.apiLagSeconds * 1000,
    });
  const [kv, lists] = [entry("key sets"), entry("lists")];
  const table = createTableModel(`table of ${policy.ring}`, { clock, rng: rng.fork("table"), coverage }, removed);
  const rotators = Array.from({ length: schedule.rotators }, (_, number) =>
    makeRotator(world, { index, number, policy, kms, kv, lists, table }, rng.fork(`rotator ${number}`)),
  );
  const ring: ListRing = { policy, kms, kv, lists, table, rotators, anchors: [] };
  kv.onWrite((write) => {
    world.tell(`key set of ${policy.ring}, by ${write.by}`);
    judge.onKeySet(index, write);
    const root = ring.anchors.length === 0 ? kms.truth.target(aliasesOf(policy).root) : undefined;
    const spki = root === undefined ? undefined : kms.truth.keys.get(root)?.material.spki;
    if (spki !== undefined) void importAnchors([spki]).then((anchors) => (ring.anchors = anchors));
  });
  lists.onWrite((write) => {
    world.tell(`list of ${policy.ring}, by ${write.by}${write.isLate ? ", late" : ""}: ${summaryOf(write)}`);
    judge.onList(index, write);
    onList(write);
  });
  table.onEntry((stored) => {
    world.tell(`${table.name} has ${stored.key}`);
    judge.onEntry(index, stored);
    // A stream shows a change within seconds.
    if (schedule.isWatched) clock.at(clock.nowMs + rng.between(200, 3000), () => rotators.forEach((one) => one.wake()));
  });
  for (const rotator of rotators) {
    rotator.ask({ request: { kind: "init" } });
    rotator.start(START_MS + (schedule.isPunctual ? 0 : rng.between(0, 5000)));
  }
  return ring;
}

function summaryOf({ text, composedMs }: KvWrite): string {
  const payload = Buffer.from(text?.split(".")[1] ?? "", "base64url").toString("utf8");
  return `${payload.slice(0, 300)}, read at ${((composedMs - START_MS) / 1000).toFixed(1)} s`;
}

function isolateAt(
  world: ListWorld,
  rings: readonly ListRing[],
  isolates: ListIsolate[],
  rng: Rng,
  location: number,
  isFresh: boolean,
): ListIsolate {
  const known = isFresh ? undefined : isolates.find((isolate) => isolate.location === location && rng.chance(0.5));
  if (known !== undefined) return known;
  const { clock, coverage, schedule, removed } = world;
  const skew = skewOf(world, rng);
  coverage.count("isolates");
  const isolate = createListIsolate({
    clock,
    rng,
    coverage,
    location,
    isFrozen: schedule.frozenIsolates,
    adversity: () => schedule.edgeAdversity,
    skew: () => skew,
    rings: rings.map((ring) => edgeWithout(ring, removed)),
    removed,
  });
  isolates.push(isolate);
  if (isolates.length > MOST_ISOLATES) isolates.splice(rng.int(0, MOST_ISOLATES - 1), 1);
  return isolate;
}
