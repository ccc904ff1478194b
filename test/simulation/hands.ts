/** People lay hands on keys, aliases and tags, with the command or with any tool that KMS allows. */
import { START_MS } from "./clock.ts";
import { documentOf } from "./documents.ts";
import type { DeedsOptions } from "./deeds.ts";
import { aliasesOf } from "./ports.ts";
import type { Kms } from "./ports.ts";
import { parseKid } from "../../shared/identifiers.ts";
import type { Deed, Whom } from "./schedule.ts";

type DeedOf<Kind extends Deed["kind"]> = Extract<Deed, { readonly kind: Kind }>;

/** The key that is meant: what the last document lists as that, and KMS says of `active`. Never another in its place. */
function find(whom: Whom, { kms, kv, facts, policy }: DeedsOptions): string | undefined {
  const active = kms.truth.target(aliasesOf(policy).active);
  if (whom === "active") return active !== undefined && facts.isGeneration(active) ? active : undefined;
  const document = kv.writes.findLast(({ by }) => by === "rotator");
  const listed = document === undefined ? [] : [...documentOf(document).keys.keys()];
  return listed
    .flatMap((kid) => facts.keyOf(kid) ?? [])
    .filter((keyArn) => keyArn !== active && kms.truth.state(keyArn) === "Enabled")
    .find((keyArn) => facts.wasEverActive(keyArn) === (whom === "retiring"));
}

/** Withdraws one key that edges know: by the command, or directly in KMS by the one who found out first. */
export async function revoke(
  { how, whom, enabledAgain }: DeedOf<"revoke">,
  options: DeedsOptions,
  byHand: Kms,
): Promise<void> {
  const { clock, rng, coverage, kms, facts, rotators } = options;
  const keyArn = find(whom, options);
  if (keyArn === undefined || kms.truth.state(keyArn) !== "Enabled") return;
  const kid = parseKid(facts.kidOf(keyArn));
  if (kid === undefined) return;
  facts.withdrawals.mean(keyArn);
  coverage.count(`revocations by ${how}, of ${whom}`);
  if (how === "request") {
    rng.pick(rotators).ask({ request: { kind: "revoke", kid } });
    return;
  }
  if (how === "delete") return byHand.scheduleKeyDeletion(keyArn, 7);
  await byHand.disableKey(keyArn);
  if (!enabledAgain) return;
  await clock.sleep(rng.between(10, 900) * 1000);
  // Only once the key itself says so is the revocation known for good; before that see `interrupt`.
  const isKnown = kms.truth.tags(keyArn)["sealgate:revoked"] !== undefined;
  if (!isKnown || kms.truth.state(keyArn) !== "Disabled") return;
  coverage.count("revoked keys enabled again");
  kms.hands.enableKey(keyArn);
}

/** A key is out for a while. People do not mean to revoke it; a rotator that sees it will. */
export async function interrupt(
  { how, whom, forSeconds }: DeedOf<"interrupt">,
  options: DeedsOptions,
  byHand: Kms,
): Promise<void> {
  const { clock, coverage, kms } = options;
  const keyArn = find(whom, options);
  if (keyArn === undefined || kms.truth.state(keyArn) !== "Enabled") return;
  coverage.count(`interruptions by ${how}, of ${whom}`);
  if (how === "delete") await byHand.scheduleKeyDeletion(keyArn, 7);
  else await byHand.disableKey(keyArn);
  await clock.sleep(forSeconds * 1000);
  if (how === "delete") kms.hands.cancelDeletion(keyArn);
  if (kms.truth.state(keyArn) === "Disabled") kms.hands.enableKey(keyArn);
}

/** A person points `active` to a key that is no generation, and back. */
export async function handMove(
  { forSeconds }: DeedOf<"hand_move">,
  { clock, kms, facts, policy }: DeedsOptions,
  byHand: Kms,
): Promise<void> {
  const aliases = aliasesOf(policy);
  const active = kms.truth.target(aliases.active);
  if (active === undefined) return;
  facts.onMeddling(clock.nowMs + forSeconds * 1000);
  const { keyArn } = await byHand.createKey({ keySpec: "ECC_NIST_P256", description: "no generation", tags: {} });
  await byHand.updateAlias(aliases.active, keyArn);
  await clock.sleep(forSeconds * 1000);
  if (kms.truth.target(aliases.active) === keyArn) await byHand.updateAlias(aliases.active, active);
}

/** An alias is gone for a while, and is put back by the one who finds it missing. */
export async function removeAlias(
  { which, forSeconds }: DeedOf<"remove_alias">,
  options: DeedsOptions,
  byHand: Kms,
): Promise<void> {
  const { clock, coverage, kms, facts, policy } = options;
  const aliases = aliasesOf(policy);
  const keyArn = find(which, options);
  const number = Array.from({ length: 200 }, (_, index) => index + 1).find(
    (one) => kms.truth.target(aliases.generation(one)) === keyArn,
  );
  if (keyArn === undefined || number === undefined) return;
  const aliasName = which === "active" ? aliases.active : aliases.generation(number);
  coverage.count(`aliases removed, of ${which}`);
  facts.onMeddling(clock.nowMs + forSeconds * 1000);
  kms.hands.removeAlias(aliasName);
  await clock.sleep(forSeconds * 1000);
  facts.onMeddling(clock.nowMs);
  await byHand.createAlias(aliasName, keyArn);
}

const TAGS = [
  "sealgate:published",
  "sealgate:kid",
  "sealgate:alg",
  "sealgate:ring",
  "sealgate:generation",
  "sealgate:managed",
];

/** A rotator puts them back; until KMS shows them again, signers and rotators may not know what they say. */
export async function removeTags({ whom }: DeedOf<"remove_tags">, options: DeedsOptions): Promise<void> {
  const { rng, kms, facts } = options;
  const keyArn = find(whom, options);
  if (keyArn === undefined) return;
  facts.onTagsRemoved();
  kms.hands.removeTags(
    keyArn,
    TAGS.filter(() => rng.chance(0.6)),
  );
  return Promise.resolve();
}

export function denyTags({ forSeconds }: DeedOf<"deny_tags">, { clock, kms, facts }: DeedsOptions): void {
  facts.onMeddling(clock.nowMs + forSeconds * 1000);
  facts.onTagsDenied(clock.nowMs + forSeconds * 1000);
  kms.hands.denyTags(forSeconds * 1000);
}

/** Nothing can be published meanwhile. */
export async function rootDisabled(
  { forSeconds }: DeedOf<"root_disabled">,
  { clock, kms, policy }: DeedsOptions,
  byHand: Kms,
): Promise<void> {
  const keyArn = kms.truth.target(aliasesOf(policy).root);
  if (keyArn === undefined) return;
  await byHand.disableKey(keyArn);
  await clock.sleep(forSeconds * 1000);
  kms.hands.enableKey(keyArn);
}

/** Standby first, then the active key, so long before the hold of the one before ends. */
export async function withdrawBeforeHoldEnds(
  { standbySeconds, activeSeconds }: DeedOf<"withdraw_before_hold_ends">,
  options: DeedsOptions,
  byHand: Kms,
): Promise<void> {
  const { clock, kms, facts, policy, coverage, schedule } = options;
  const alias = aliasesOf(policy).active;
  const before = kms.truth.target(alias);
  // After that a history must come to rest.
  const latestMs = START_MS + (schedule.busySeconds + schedule.quietSeconds / 2) * 1000;
  for (let waited = 0; kms.truth.target(alias) === before; waited++) {
    if (waited > 3600) return;
    await clock.sleep(1000);
  }
  const endMs = clock.nowMs + facts.spans.longestHoldMs;
  for (const [whom, seconds] of [
    ["standby", standbySeconds],
    ["active", activeSeconds],
  ] as const) {
    await clock.sleep(endMs - seconds * 1000 - clock.nowMs);
    if (clock.nowMs > latestMs) return;
    const keyArn = find(whom, options);
    if (keyArn === undefined || kms.truth.state(keyArn) !== "Enabled") continue;
    coverage.count(`withdrawn before a hold ends: ${whom}`);
    facts.withdrawals.mean(keyArn);
    await byHand.disableKey(keyArn);
  }
}
