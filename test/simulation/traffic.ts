/**
 * Tokens and requests: steady traffic, and requests aimed at the moments in which a promise is closest to being broken —
 * right after a key took over, right before a token ends, and along the longest way that an old document can take (served
 * by the store at the last moment, cached to the last moment, used from memory to the last moment).
 */
import { importVerificationKey } from "../../shared/jws.ts";
import type { IssuerUrl } from "../../shared/identifiers.ts";
import type { RingTiming } from "../../shared/timing.ts";
import type { TrustAnchors } from "../../shared/signed-key-set.ts";
import { readSpki } from "../../issuer/kms/public-key.ts";
import type { Attacker } from "./attacker.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import { documentOf } from "./documents.ts";
import { createIsolate } from "./edge.ts";
import type { Isolate } from "./edge.ts";
import type { Removed } from "./guards.ts";
import type { Adversity } from "./host.ts";
import type { Judge } from "./invariants.ts";
import type { KmsTruth } from "./kms-model.ts";
import type { KvModel, KvWrite } from "./kv-model.ts";
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
  readonly issuer: IssuerUrl;
  readonly rootAlias: string;
  readonly activeAlias: string;
  readonly timing: RingTiming;
  /** From the first document until every edge knows it. */
  readonly leadMs: number;
  readonly removed: Removed;
  readonly schedule: Schedule;
  readonly skew: () => number;
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
  const { clock, rng, coverage, kv, kms, judge, attacker, signers, timing, removed, schedule, onDefect } = options;
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
    const keyArn = kms.target(options.rootAlias);
    if (keyArn === undefined) throw new TypeError("a document was published, so there is a root key");
    if (anchors.length === 0) await pin([keyArn]);
    isDeployed = true;
    steady();
  }

  async function pin(keyArns: readonly string[]): Promise<void> {
    const pinned = await Promise.all(keyArns.map(anchorOf));
    anchors = removed.anchor === true ? [...pinned, attacker.anchor] : pinned;
    isolates.length = 0;
    // A bootstrap document is a part of what is deployed.
    if (bootstrap !== undefined) bootstrap = kv.writes.findLast(({ by }) => by === "rotator")?.text;
  }

  async function anchorOf(keyArn: string): Promise<TrustAnchors[number]> {
    const spki = kms.keys.get(keyArn)?.material.spki;
    const root = spki === undefined ? undefined : await readSpki(spki, "ES256");
    const anchor = root?.ok === true ? await importVerificationKey(root.value.jwk, root.value.kid) : undefined;
    if (anchor === undefined) throw new TypeError("a root key can be imported");
    return anchor;
  }

  function isolateAt(location: number, fresh: boolean): Isolate {
    const known = fresh ? undefined : isolates.find((isolate) => isolate.location === location && rng.chance(0.5));
    if (known !== undefined) return known;
    coverage.count("isolates");
    const edge = { clock, rng, coverage, kv, issuer: options.issuer, anchors, bootstrap, removed };
    const isolate = createIsolate({ ...edge, skewMs: options.skew(), location, adversity: options.edgeAdversity });
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
    const life = minted.untilMs - clock.nowMs;
    after(life * rng.next(), () => send(minted, isolateAt(anyLocation(), rng.chance(0.3))));
    after(life - rng.between(1, 2000), () => send(minted, isolateAt(anyLocation(), rng.chance(0.3))));
  }

  function mint(signer: SignerHost, share = rng.chance(0.5) ? 1 : rng.next()): void {
    spawn(issueAndUse(signer, share));
  }

  function steady(): void {
    mint(rng.pick(signers));
    if (rng.chance(0.3)) sendForged(isolateAt(anyLocation(), rng.chance(0.5)));
    const old = tokens.at(-rng.int(1, Math.min(tokens.length, 20)));
    send(old, isolateAt(anyLocation(), false));
    after(rng.between(20, 160) * 1000, steady);
  }

  /** The newest token, one of a revoked key and a forged one: whatever an old document would judge differently. */
  function sendTelling(isolate: Isolate): void {
    send(tokens.at(-1), isolate);
    send(
      tokens.findLast(({ kid, untilMs }) => judge.record.isRevoked(kid) && untilMs > clock.nowMs),
      isolate,
    );
    if (rng.chance(0.2)) sendForged(isolate);
  }

  /** An isolate that holds what was there before `write` for as long as the rules of edge and KV allow. */
  function longestWay(write: KvWrite, location: number): void {
    const slack = (): number => rng.between(1, 1500);
    const { kvCacheTtlSeconds: cacheTtl, memoryTtlSeconds: memoryTtl } = timing;
    const cachedMs = write.forcedMs - slack();
    const heldMs = cachedMs + cacheTtl * 1000 - slack();
    const usedMs = heldMs + memoryTtl * 1000 - slack();
    clock.at(cachedMs, () => {
      const isolate = isolateAt(location, true);
      const deployed = anchors;
      // An isolate does not outlive its deployment.
      const at = (timeMs: number, use: () => void): void => {
        clock.at(timeMs, () => (anchors === deployed ? use() : undefined));
      };
      sendTelling(isolate);
      // Only the refresh of a copy younger than M is served what the location has kept for C.
      const refreshes = Math.floor((heldMs - cachedMs) / (memoryTtl * 1000)) + 1;
      for (let done = 1; done <= refreshes; done += 1) {
        at(cachedMs + Math.floor((done * (heldMs - cachedMs)) / refreshes), () => sendTelling(isolate));
      }
      // As soon as somebody may sign with a key that is not known everywhere, a token of it meets this isolate.
      at(usedMs, () => spawn(mintFor(isolate)));
      at(usedMs + 4000, () => sendTelling(isolate));
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
    if (change.kind !== "alias" || change.aliasName !== options.activeAlias || !isDeployed) return;
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

  return {
    pin,
    onWrite(write) {
      // The first key of a ring signs at once; until it is listed there is nothing to judge.
      const active = kms.target(options.activeAlias);
      const listed = [...documentOf(write).keys.keys()].map((kid) => judge.record.keyOf(kid));
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
