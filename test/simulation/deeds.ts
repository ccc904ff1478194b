/** What people and nature do in a history: outages, attacks, revocations with any tool, requests, changes of policy. */
import type { RingPolicy, RingPolicyInput } from "../../issuer/key-ring/policy.ts";
import { activeAlias, parseRingAlias } from "../../issuer/key-ring/names.ts";
import type { Kms } from "../../issuer/kms/port.ts";
import { parseKid } from "../../shared/identifiers.ts";
import type { RingName } from "../../shared/identifiers.ts";
import type { Attacker } from "./attacker.ts";
import { START_MS } from "./clock.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import { documentOf } from "./documents.ts";
import type { Removed } from "./guards.ts";
import type { KmsLag, KmsModel } from "./kms-model.ts";
import type { KvModel } from "./kv-model.ts";
import type { WorldRecord } from "./record.ts";
import type { Rng } from "./rng.ts";
import { changeRoot } from "./root-change.ts";
import type { Rotator } from "./rotator.ts";
import type { Deed, Schedule } from "./schedule.ts";
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
  readonly ring: RingName;
  readonly record: WorldRecord;
  readonly attacker: Attacker;
  readonly rotators: readonly Rotator[];
  readonly signers: readonly SignerHost[];
  readonly schedule: Schedule;
  readonly traffic: Traffic;
  readonly removed: Removed;
  readonly policyOf: (input: Omit<RingPolicyInput, "ring" | "issuer">) => RingPolicy;
  readonly onDefect: (error: unknown) => void;
}

export function startDeeds(options: DeedsOptions): void {
  const { clock, onDefect, schedule } = options;
  for (const deed of schedule.deeds) {
    clock.at(START_MS + deed.atSeconds * 1000, () => void carryOut(deed, options).catch(onDefect));
  }
}

async function carryOut(deed: Deed, options: DeedsOptions): Promise<void> {
  const { clock, rng, coverage, kms, kv, ring, attacker, rotators, signers } = options;
  coverage.count(`deed: ${deed.kind}`);
  const byHand = kms.client(() => 0);
  const active = kms.truth.target(activeAlias(ring));
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
    case "revoke":
      return revoke(deed, options, byHand);
    case "rotate": {
      const from = active === undefined ? undefined : await numberOf(byHand, ring, active);
      if (from !== undefined) rng.pick(rotators).ask({ request: { kind: "rotate", from } });
      return;
    }
    case "adopt": {
      const { keyArn } = await byHand.createKey({
        keySpec: "ECC_NIST_P256",
        description: "made by somebody else",
        tags: {},
      });
      rng.pick(rotators).ask({ request: { kind: "adopt" }, candidate: keyArn });
      return;
    }
    case "hand_move": {
      if (active === undefined) return;
      const { keyArn } = await byHand.createKey({ keySpec: "ECC_NIST_P256", description: "no generation", tags: {} });
      await byHand.updateAlias(activeAlias(ring), keyArn);
      await clock.sleep(deed.forSeconds * 1000);
      return kms.truth.target(activeAlias(ring)) === keyArn ? byHand.updateAlias(activeAlias(ring), active) : undefined;
    }
    case "policy": {
      const policy = options.policyOf({ ...options.schedule.policy, ...deed.change });
      for (const rotator of rotators) clock.at(clock.nowMs + rng.between(0, 60_000), () => rotator.setPolicy(policy));
      // Shorter lifetimes are used at once; longer ones only when edges are known to allow them.
      const longest = policy.timing.maxTokenTtlSeconds;
      while (longest > (options.schedule.policy.timing?.maxTokenTtlSeconds ?? 0) && !allows(kv, longest, clock.nowMs))
        await clock.sleep(30_000);
      for (const signer of signers) clock.at(clock.nowMs + rng.between(0, 60_000), () => signer.setPolicy(policy));
      return;
    }
    case "restart_signer":
      return rng.pick(signers).restart();
    case "loss_and_revocation": {
      // Right after the next rotation KV loses its document, and the superseded key is withdrawn in the same minute.
      if (active === undefined) return;
      while (kms.truth.target(activeAlias(ring)) === active) await clock.sleep(1000);
      await clock.sleep(rng.between(2, 10) * 1000);
      kv.put(undefined, "other");
      options.record.revoke(active);
      return byHand.disableKey(active);
    }
    case "change_root": {
      const { traffic, removed, lag } = options;
      const policy = options.policyOf(options.schedule.policy);
      const pin = (keyArns: readonly string[]): Promise<void> => traffic.pin(keyArns);
      const operator = { kms: kms.client(lag), truth: kms.truth, policy, pin };
      return changeRoot({ clock, rng, coverage, kv, rotators, removed, ...operator });
    }
  }
}

/** Every edge has a document that allows tokens of this lifetime. */
function allows(kv: KvModel, lifetimeSeconds: number, nowMs: number): boolean {
  const first = kv.writes.findLastIndex((write) => documentOf(write).maxTokenTtlSeconds !== lifetimeSeconds) + 1;
  const write = kv.writes[first];
  return write !== undefined && write.forcedMs + SETTLED_MS < nowMs;
}

/** C and M, the longest of any policy in the simulation. */
const SETTLED_MS = 300_000;

async function numberOf(kms: Kms, ring: RingName, keyArn: string): Promise<number | undefined> {
  const aliases = await kms.listAliases("alias/");
  const roles = aliases
    .filter(({ targetKeyId }) => keyArn.endsWith(`/${targetKeyId}`))
    .map(({ aliasName }) => parseRingAlias(ring, aliasName));
  return roles.find((role) => role?.kind === "generation")?.number;
}

/** Withdraws one key that edges know: by the command, or directly in KMS by whoever found out first. */
async function revoke(
  { how, whom, enabledAgain }: Extract<Deed, { kind: "revoke" }>,
  { clock, rng, coverage, kms, kv, ring, record, rotators }: DeedsOptions,
  byHand: Kms,
): Promise<void> {
  const active = kms.truth.target(activeAlias(ring));
  const document = kv.writes.findLast(({ by }) => by === "rotator");
  const listed = document === undefined ? [] : [...documentOf(document).keys.keys()];
  const candidates = listed.filter((kid) => {
    const keyArn = record.keyOf(kid);
    return keyArn !== undefined && kms.truth.state(keyArn) === "Enabled" && (keyArn === active) === (whom === "active");
  });
  const kid = whom === "retiring" ? candidates[0] : candidates.at(-1);
  const keyArn = kid === undefined ? undefined : record.keyOf(kid);
  const parsed = parseKid(kid);
  if (keyArn === undefined || parsed === undefined) return;
  record.revoke(keyArn);
  coverage.count(`revocations by ${how}, of ${whom}`);
  if (how === "request") {
    rng.pick(rotators).ask({ request: { kind: "revoke", kid: parsed } });
    return;
  }
  if (how === "delete") return byHand.scheduleKeyDeletion(keyArn, 7);
  await byHand.disableKey(keyArn);
  if (!enabledAgain) return;
  await clock.sleep(rng.between(10, 900) * 1000);
  // Only once the key itself says so is the revocation known for good; before that it was merely a short interruption.
  const isKnown = kms.truth.tags(keyArn)["sealgate:revoked"] !== undefined;
  if (isKnown && kms.truth.state(keyArn) === "Disabled") {
    coverage.count("revoked keys enabled again");
    kms.enableKey(keyArn);
  }
}
