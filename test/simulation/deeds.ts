/** What people and nature do in a history: outages, attacks, requests, changes of policy; laying hands on keys is in `hands.ts`. */
import type { Attacker } from "./attacker.ts";
import { START_MS } from "./clock.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import { documentOf } from "./documents.ts";
import type { Facts } from "./facts.ts";
import type { Removed } from "./guards.ts";
import {
  denyTags,
  handMove,
  interrupt,
  removeAlias,
  removeTags,
  revoke,
  rootDisabled,
  withdrawBeforeHoldEnds,
} from "./hands.ts";
import type { KmsLag, KmsModel } from "./kms-model.ts";
import type { KvModel } from "./kv-model.ts";
import { aliasesOf } from "./ports.ts";
import type { RingPolicy } from "./ports.ts";
import type { Rng } from "./rng.ts";
import { changeRoot } from "./root-change.ts";
import type { Rotator } from "./rotator.ts";
import type { Deed, Schedule, SchedulePolicy } from "./schedule.ts";
import type { SignerHost } from "./signer.ts";
import type { Traffic } from "./traffic.ts";

export interface DeedsOptions {
  readonly clock: WorldClock;
  readonly rng: Rng;
  readonly coverage: Coverage;
  readonly kms: KmsModel;
  /** How far behind KMS is for a person. */
  readonly lag: KmsLag;
  readonly kv: KvModel;
  readonly facts: Facts;
  readonly attacker: Attacker;
  readonly rotators: readonly Rotator[];
  readonly signers: readonly SignerHost[];
  readonly schedule: Schedule;
  readonly traffic: Traffic;
  readonly removed: Removed;
  /** The policy at the beginning. */
  readonly policy: RingPolicy;
  readonly policyOf: (input: SchedulePolicy) => RingPolicy;
  readonly onDefect: (error: unknown) => void;
}

/** What the deeds of a history know of each other. */
interface Plans {
  /** The policy that people want by now: what is left to do of an earlier change is not done any more. */
  wanted: SchedulePolicy | undefined;
}

export function startDeeds(options: DeedsOptions): void {
  const { clock, onDefect, schedule } = options;
  const plans: Plans = { wanted: undefined };
  for (const deed of schedule.deeds) {
    clock.at(START_MS + deed.atSeconds * 1000, () => void carryOut(deed, options, plans).catch(onDefect));
  }
}

async function carryOut(deed: Deed, options: DeedsOptions, plans: Plans): Promise<void> {
  const { clock, rng, coverage, kms, kv, attacker, rotators, signers, facts, policy } = options;
  coverage.count(`deed: ${deed.kind}`);
  const byHand = kms.client(() => 0, "person");
  const active = kms.truth.target(aliasesOf(policy).active);
  switch (deed.kind) {
    case "outage":
      if (deed.where !== "location") kv.cut("api", deed.forSeconds * 1000);
      for (let location = 0; location < kv.locations; location++) {
        if (deed.where === "everywhere" || (deed.where === "location" && rng.chance(0.5)))
          kv.cut(location, deed.forSeconds * 1000);
      }
      return;
    case "strike":
      return attacker.strike();
    case "empty_kv":
      return kv.put(undefined);
    case "lose_confirmed":
      return loseConfirmed(options);
    case "restore_copy": {
      const thenMs = clock.nowMs - deed.ageSeconds * 1000;
      return kv.put(kv.writes.findLast(({ putMs }) => putMs <= thenMs)?.text);
    }
    case "revoke":
      return revoke(deed, options, byHand);
    case "interrupt":
      return interrupt(deed, options, byHand);
    case "rotate": {
      const from = active === undefined ? undefined : await numberOf(options, active);
      if (from === undefined) return;
      facts.onRotationAsked();
      rng.pick(rotators).ask({ request: { kind: "rotate", from } });
      return;
    }
    case "adopt": {
      const keySpec = "ECC_NIST_P256";
      const { keyArn } = await byHand.createKey({ keySpec, description: "made by somebody else", tags: {} });
      rng.pick(rotators).ask({ request: { kind: "adopt" }, candidate: keyArn });
      return;
    }
    case "hand_move":
      return handMove(deed, options, byHand);
    case "remove_alias":
      return removeAlias(deed, options, byHand);
    case "remove_tags":
      return removeTags(deed, options);
    case "deny_tags":
      return denyTags(deed, options);
    case "root_disabled":
      return rootDisabled(deed, options, byHand);
    case "withdraw_before_hold_ends":
      return withdrawBeforeHoldEnds(deed, options, byHand);
    case "rotators_down":
      for (const rotator of rotators) rotator.rest(clock.nowMs + deed.forSeconds * 1000);
      facts.onRotatorsDown(clock.nowMs + deed.forSeconds * 1000);
      return;
    case "policy":
      return changePolicy(deed.change, options, plans);
    case "restart_signer":
      return rng.pick(signers).restart();
    case "loss_and_revocation": {
      if (active === undefined) return;
      while (kms.truth.target(aliasesOf(policy).active) === active) await clock.sleep(1000);
      await clock.sleep(rng.between(2, 10) * 1000);
      kv.put(undefined);
      facts.withdrawals.mean(active);
      return byHand.disableKey(active);
    }
    case "change_root": {
      const pin = (keyArns: readonly string[]): Promise<void> => options.traffic.pin(keyArns);
      const operator = { kms: kms.client(options.lag, "person"), truth: kms.truth, policy, pin };
      return changeRoot({ clock, rng, coverage, kv, rotators, removed: options.removed, ...operator });
    }
  }
}

/** Signers are lowered first and raised last, as the docs say. */
async function changePolicy(
  change: SchedulePolicy,
  { clock, rng, kv, rotators, signers, policyOf }: DeedsOptions,
  plans: Plans,
): Promise<void> {
  const policy = policyOf(change);
  plans.wanted = change;
  const deploy = (host: Pick<SignerHost | Rotator, "setPolicy">): void => {
    clock.at(clock.nowMs + rng.between(0, 60_000), () => {
      if (plans.wanted === change) host.setPolicy(policy);
    });
  };
  const longest = policy.timing.maxTokenTtlSeconds;
  const isRaised = signers.some(({ maxTokenTtlSeconds }) => longest > maxTokenTtlSeconds);
  const toSigners = (): void => {
    for (const signer of signers) deploy(signer);
  };
  if (!isRaised) {
    toSigners();
    await clock.sleep(60_000);
  }
  for (const rotator of rotators) deploy(rotator);
  if (!isRaised) return;
  const isFollowed = (): boolean => rotators.every((rotator) => rotator.follows(policy));
  while (!isFollowed() && plans.wanted === change) await clock.sleep(30_000);
  const changedMs = clock.nowMs;
  while (!allows(kv, longest, changedMs, clock.nowMs)) await clock.sleep(30_000);
  toSigners();
}

/** Every edge has a document that allows tokens of this lifetime, and none that takes it back is under way. */
function allows(kv: KvModel, lifetimeSeconds: number, changedMs: number, nowMs: number): boolean {
  const first = kv.writes.findLastIndex((write) => (documentOf(write).timing?.maxTokenTtl ?? 0) < lifetimeSeconds) + 1;
  const write = kv.writes.slice(first).find(({ composedMs }) => composedMs > changedMs);
  return write !== undefined && write.forcedMs + SETTLED_MS < nowMs;
}

/** C, M and K, the longest of any policy in the simulation. */
const SETTLED_MS = 500_000;

/** Waits for a document that its writer has seen confirmed, and takes it away. */
async function loseConfirmed({ clock, rng, kv, facts, coverage }: DeedsOptions): Promise<void> {
  const count = kv.writes.length;
  const isConfirmed = (): boolean => kv.writes.slice(count).some((write) => facts.hasConfirmed(write));
  for (let waited = 0; waited < 1800 && !isConfirmed(); waited++) await clock.sleep(1000);
  const last = kv.writes.findLastIndex((write) => facts.hasConfirmed(write));
  if (last < count) return;
  await clock.sleep(rng.between(0, 60) * 1000);
  coverage.count("documents lost after they were confirmed");
  kv.put(kv.writes[last - 1]?.text);
}

/** The number of the generation, as everybody who looks twice finds out. */
async function numberOf({ kms, policy }: DeedsOptions, keyArn: string): Promise<number | undefined> {
  for (let number = 1; number < 200; number++)
    if (kms.truth.target(aliasesOf(policy).generation(number)) === keyArn) return number;
  return undefined;
}
