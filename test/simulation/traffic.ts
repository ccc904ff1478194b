/**
 * Tokens and requests: steady traffic, and requests aimed at the moments in which a promise is closest to being broken —
 * right after a key took over, right before a token ends, and along the longest way that an old document can take (served
 * by the store at the last moment, cached to the last moment, used from memory to the last moment).
 */
import type { Attacker } from "./attacker.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import { documentOf } from "./documents.ts";
import { createIsolate, createPlainConsumer } from "./edge.ts";
import type { Isolate, PlainConsumer } from "./edge.ts";
import type { Removed } from "./guards.ts";
import type { Adversity, Skew } from "./host.ts";
import type { Judge } from "./invariants.ts";
import type { KmsTruth } from "./kms-model.ts";
import type { KvModel, KvWrite } from "./kv-model.ts";
import { aliasesOf, importAnchors } from "./ports.ts";
import type { RingPolicy, TrustAnchors } from "./ports.ts";
import type { Rng } from "./rng.ts";
import type { Schedule } from "./schedule.ts";
import type { MintedToken, SignerHost } from "./signer.ts";

export interface TrafficOptions {
  readonly clock: WorldClock;
  readonly rng: Rng;
  readonly coverage: Coverage;
  readonly kv: KvModel;
  readonly kms: KmsTruth;
  readonly judge: Judge;
  readonly attacker: Attacker;
  readonly signers: readonly SignerHost[];
  readonly policy: RingPolicy;
  /** From the first document until every edge knows it. */
  readonly leadMs: number;
  readonly removed: Removed;
  readonly schedule: Schedule;
  readonly skew: () => Skew;
  readonly edgeAdversity: () => Adversity;
  readonly onDefect: (error: unknown) => void;
}

export interface Traffic {
  onWrite(write: KvWrite): void;
  /** Deploys every edge anew, with these root keys pinned, by ARN. */
  pin(keyArns: readonly string[]): Promise<void>;
}

/** Isolates that live at the same time. */
const MOST_ISOLATES = 40;

export function startTraffic(options: TrafficOptions): Traffic {
  const { clock, rng, coverage, kv, kms, judge, attacker, signers, policy, removed, schedule, onDefect } = options;
  const aliases = aliasesOf(policy);
  const consumers: PlainConsumer[] = [];
  const isolates: Isolate[] = [];
  const tokens: MintedToken[] = [];
  let anchors: TrustAnchors = [];
  let isDeployed = false;
  let cancelDeployment = (): void => {};
  let bootstrap: string | undefined;
  const spawn = (work: Promise<unknown>): void => void work.catch(onDefect);
  const after = (ms: number, event: () => void): void => void clock.at(clock.nowMs + ms, event);

  /** Edges are deployed, with the root key pinned, once the ring has been known everywhere for a while. */
  async function deploy(): Promise<void> {
    const keyArn = kms.target(aliases.root);
    if (keyArn === undefined) throw new TypeError("a document was published, so there is a root key");
    if (anchors.length === 0) await pin([keyArn]);
    isDeployed = true;
    judge.onDeployed();
    const { who, bySeconds } = schedule.clockStep ?? { who: "rotator", bySeconds: 0 };
    const setBackMs = who === "isolates" ? Math.abs(bySeconds) * 1000 : 0;
    const keepsSeconds = policy.downstreamCacheSeconds;
    for (let index = 0; index < schedule.consumers; index++)
      consumers.push(
        createPlainConsumer(clock, keepsSeconds, setBackMs, () => isolateAt(anyLocation(), rng.chance(0.5))),
      );
    steady();
    if (schedule.isLambda) for (const signer of signers) seldom(signer);
  }

  async function pin(keyArns: readonly string[]): Promise<void> {
    const pinned = await importAnchors(keyArns.flatMap((keyArn) => kms.keys.get(keyArn)?.material.spki ?? []));
    anchors = removed.anchor === true ? [...pinned, attacker.anchor] : pinned;
    isolates.length = 0;
    // A bootstrap document is a part of what is deployed.
    if (bootstrap !== undefined) bootstrap = kv.writes.findLast(({ by }) => by === "rotator")?.text;
  }

  function isolateAt(location: number, fresh: boolean): Isolate {
    const known = fresh ? undefined : isolates.find((isolate) => isolate.location === location && rng.chance(0.5));
    if (known !== undefined) return known;
    coverage.count("isolates");
    const edge = { clock, rng, coverage, kv, policy, anchors, bootstrap, removed, isFrozen: schedule.frozenIsolates };
    const isolate = createIsolate({ ...edge, skew: options.skew(), location, adversity: options.edgeAdversity });
    isolates.push(isolate);
    if (isolates.length > MOST_ISOLATES) isolates.splice(rng.int(0, MOST_ISOLATES - 1), 1);
    return isolate;
  }

  // The last location is a quiet one: nobody else's request fills its cache at another time than the aimed ones do.
  const quietLocation = kv.locations - 1;
  const anyLocation = (): number => rng.int(0, quietLocation - 1);

  function send(minted: MintedToken | undefined, isolate: Isolate): void {
    if (minted === undefined) return;
    spawn(isolate.request(minted.token).then((answer) => judge.onAnswer(minted, answer, isolate)));
  }

  function sendToConsumers(minted: MintedToken | undefined): void {
    if (minted === undefined) return;
    for (const consumer of consumers) {
      coverage.count("requests to consumers of the plain JWK Set");
      spawn(consumer.request(minted.kid).then((answer) => judge.onAnswer(minted, answer, undefined)));
    }
  }

  function sendForged(isolate: Isolate): void {
    const kids = tokens.slice(-5).map(({ kid }) => kid);
    spawn(isolate.request(attacker.forge(kids)).then((answer) => judge.onForged(answer, isolate)));
  }

  /** Issues a token and uses it at once, sometime, and at its last moment. */
  async function issueAndUse(signer: SignerHost, share: number): Promise<void> {
    const minted = await signer.mint(share);
    if (minted === undefined) return;
    tokens.push(minted);
    if (tokens.length > 60) tokens.shift();
    send(minted, isolateAt(anyLocation(), rng.chance(0.3)));
    sendToConsumers(minted);
    const life = minted.untilMs - clock.nowMs;
    after(life * rng.next(), () => send(minted, isolateAt(anyLocation(), rng.chance(0.3))));
    after(life - rng.between(1, 2000), () => send(minted, isolateAt(anyLocation(), rng.chance(0.3))));
    if (rng.chance(0.2)) after(life * rng.next(), () => sendToConsumers(minted));
  }

  function mint(signer: SignerHost, share = rng.chance(0.5) ? 1 : rng.next()): void {
    spawn(issueAndUse(signer, share));
  }

  function steady(): void {
    if (!schedule.isLambda) mint(rng.pick(signers));
    if (rng.chance(0.3)) sendForged(isolateAt(anyLocation(), rng.chance(0.5)));
    const old = tokens.at(-rng.int(1, Math.min(tokens.length, 20)));
    send(old, isolateAt(anyLocation(), false));
    after(rng.between(20, 160) * 1000, steady);
  }

  const isRevoked = (kid: string): boolean => {
    const keyArn = judge.facts.keyOf(kid);
    return keyArn !== undefined && judge.facts.withdrawals.standing(keyArn) === "revoked";
  };

  /** The newest token, one of a revoked key and a forged one: whatever an old document would judge differently. */
  function sendTelling(isolate: Isolate): void {
    send(tokens.at(-1), isolate);
    send(
      tokens.findLast(({ kid, untilMs }) => isRevoked(kid) && untilMs > clock.nowMs),
      isolate,
    );
    if (rng.chance(0.2)) sendForged(isolate);
  }

  function documentBefore(write: KvWrite): ReturnType<typeof documentOf> | undefined {
    const before = kv.writes.findLast((other) => other.by === "rotator" && other.putMs < write.putMs);
    return before === undefined ? undefined : documentOf(before);
  }

  /** An isolate that holds what was there before `write` for as long as the rules of edge and KV allow. */
  function longestWay(write: KvWrite, location: number): void {
    const slack = (): number => rng.between(1, 1500);
    // C as a reader may ask: of the policy, of the document, or before there is one.
    const cacheTtl = rng.pick([
      policy.timing.kvCacheTtlSeconds,
      documentOf(write).timing?.kvCacheTtl ?? policy.timing.kvCacheTtlSeconds,
      documentBefore(write)?.timing?.kvCacheTtl ?? policy.timing.kvCacheTtlSeconds,
      60,
      30,
    ]);
    const memoryTtl = documentBefore(write)?.timing?.memoryTtl ?? policy.timing.memoryTtlSeconds;
    const cachedMs = write.forcedMs - slack();
    const heldMs = cachedMs + cacheTtl * 1000 - slack();
    const usedMs = heldMs + memoryTtl * 1000 - slack();
    clock.at(cachedMs, () => {
      const first = isolateAt(location, true);
      const deployed = anchors;
      // An isolate does not outlive its deployment.
      const at = (timeMs: number, use: () => void): void => {
        clock.at(timeMs, () => (anchors === deployed ? use() : undefined));
      };
      sendTelling(first);
      // The one that takes it from the location's cache at the last moment: a new one, one that was idle, or this one, which has
      // refreshed its copy all the while.
      const who = rng.pick(["same", "new", "idle"] as const);
      const refreshes = who === "same" ? Math.floor((heldMs - cachedMs) / (memoryTtl * 1000)) : 0;
      for (let done = 1; done <= refreshes; done += 1)
        at(cachedMs + Math.floor((done * (heldMs - cachedMs)) / (refreshes + 1)), () => sendTelling(first));
      at(heldMs, () => {
        const holder = who === "same" ? first : isolateAt(location, who === "new");
        sendTelling(holder);
        // As soon as a signer may use a key that is not known everywhere, a token of it meets this isolate.
        at(usedMs, () => spawn(mintFor(holder)));
        at(usedMs + 4000, () => sendTelling(holder));
      });
    });
  }

  /** The first token may still be of the key before, and makes its signer look where `active` points. */
  async function mintFor(isolate: Isolate): Promise<void> {
    const signer = rng.pick(signers);
    const minted = [await signer.mint(1), await signer.mint(1)].filter((token) => token !== undefined);
    tokens.push(...minted);
    for (const token of minted) send(token, isolate);
    sendTelling(isolate);
  }

  kms.onChange((change) => {
    if (change.kind !== "alias" || change.aliasName !== aliases.active || !isDeployed) return;
    // Signers follow at different times; some late, with the key that has been superseded.
    for (const signer of signers)
      for (let times = 0; times < 3; times++) after(rng.between(0, 420) * 1000, () => mint(signer, 1));
    for (const signer of signers) {
      // A look at what is about to be visible, and a token just before the next look is due.
      const lookMs = rng.between(295, 299) * 1000;
      after(lookMs, () => mint(signer, 1));
      after(lookMs + rng.between(59, 60) * 1000, () => mint(signer, 1));
    }
  });

  // When a key that signs is taken away, each signer is asked again and again, until all has been seen to be well.
  kms.onChange((change) => {
    if (change.kind !== "disabled" && change.kind !== "deletion" && change.kind !== "alias_removed") return;
    if (!isDeployed || change.keyArn !== kms.target(aliases.active)) return;
    for (const signer of signers)
      for (let times = 1; times < 60; times++) after((times + rng.next()) * 20_000, () => mint(signer, 0.2));
  });

  /** A signer that is not asked for a while: now and then, as a Lambda is. */
  function seldom(signer: SignerHost): void {
    mint(signer, 0.3);
    if (rng.chance(0.3)) after(rng.between(20, 80) * 1000, () => mint(signer, 0.3));
    after(rng.pick([40, 100, 300, 900, 3600]) * rng.between(500, 1500), () => seldom(signer));
  }

  return {
    pin,
    onWrite(write) {
      // The first key of a ring signs at once; until it is listed there is nothing to judge.
      const active = kms.target(aliases.active);
      const listed = [...documentOf(write).keys.keys()].map((kid) => judge.facts.keyOf(kid));
      if (isDeployed) return aim(write);
      cancelDeployment();
      if (active !== undefined && listed.includes(active))
        cancelDeployment = clock.at(clock.nowMs + options.leadMs, () => spawn(deploy()));
    },
  };

  function aim(write: KvWrite): void {
    if (schedule.bootstrap && bootstrap === undefined && write.by === "rotator") bootstrap = write.text;
    if (rng.chance(0.6)) longestWay(write, anyLocation());
    longestWay(write, quietLocation);
  }
}
