/**
 * Carries out one step. Every step is safe to repeat and safe to be cut off: what is left is seen by the next observation.
 * A step that comes too late after the observation it was planned on is not carried out, since the ring may have moved on.
 */
import type { Alg } from "../../../shared/algorithms.ts";
import type { EpochSeconds, RingName } from "../../../shared/identifiers.ts";
import type { KeySetDocument } from "../../../shared/key-set.ts";
import { requireEnabled } from "../../kms/fitness.ts";
import { describeGeneration, describeRootKey } from "../../kms/key-description.ts";
import type { Kms } from "../../kms/port.ts";
import { requireSameTime } from "../../kms/same-time.ts";
import { composeKeySet } from "../../publish/compose.ts";
import type { KeySetPublisher } from "../../publish/publisher.ts";
import { signKeySet } from "../../publish/sign-key-set.ts";
import type { Signer } from "../../signer.ts";
import { isWithdrawn } from "../plan/phases.ts";
import type { ObservedRing } from "../model/observed.ts";
import type { ListFloor, PublishStep, Step } from "../model/steps.ts";
import { nameOfRole, ringAlias, ringTags } from "../names.ts";
import type { RingPolicy } from "../policy.ts";
import { chooseRev } from "../rev.ts";

/** Asked before a document is composed. */
export interface ListFloorQuestion {
  readonly issuer: PublishStep["issuer"];
  readonly ring: RingName;
  readonly list: ListFloor;
  readonly root: Signer;
}

export interface ActPorts {
  readonly kms: Kms;
  /** Which list of taken-back tokens the document names. Answers within seconds, and fails for no fault of KV. */
  readonly chooseListFloor: ((question: ListFloorQuestion) => Promise<number | undefined>) | undefined;
  readonly publisher: KeySetPublisher;
  /** This host's clock, epoch seconds. */
  readonly clock: () => EpochSeconds;
  /** Milliseconds from any origin, never set back. */
  readonly monotonicMs: () => number;
  /** At least 0, less than 1. */
  readonly random: () => number;
  /** A signer over the root key. It compares this host's clock with KMS's; `clockSkewSeconds` is the policy's K. */
  readonly createRootSigner: (keyArn: string, alg: Alg, clockSkewSeconds: number) => Promise<Signer>;
}

/**
 * `done`: carried out. `taken`: another key has the alias. `superseded`: another rotator has published since the
 * observation, and nothing was. `too_late`: not carried out.
 */
export interface StepOutcome {
  readonly result: "done" | "taken" | "superseded" | "too_late";
  /** Of a published document. */
  readonly rev: number | undefined;
  /** What was published. */
  readonly document: KeySetDocument | undefined;
  /** Of a key that was created or used. */
  readonly keyArn: string | undefined;
}

/**
 * Carries out one step.
 * @param observed what the step was planned on
 * @throws SealgateError with a `kms_…` or `publish_…` code, or one of composing and signing the document
 */
export async function actOn(
  step: Step,
  ports: ActPorts,
  policy: Pick<RingPolicy, "ring" | "composeDeadlineSeconds" | "timing" | "newKeys">,
  observed: Pick<ObservedRing, "observedAt" | "observedAtMonotonicMs" | "storedText">,
): Promise<StepOutcome> {
  // By both clocks: one may be set back meanwhile, the other may stand still while a machine is frozen.
  const isTooLate = (): boolean =>
    ports.monotonicMs() > observed.observedAtMonotonicMs + policy.composeDeadlineSeconds * 1000 ||
    ports.clock() > observed.observedAt + policy.composeDeadlineSeconds;
  if (isTooLate()) return notDone("too_late");
  const { kms } = ports;
  const { ring } = policy;
  switch (step.kind) {
    case "create_key":
      return createKey(step, kms, policy);
    case "claim_alias":
      // First the tag: another process that KMS shows no alias yet then takes the same number, and not a second one.
      await kms.tagKey(step.keyArn, ringTags({ ring, generation: nameOfRole(step) }));
      return claim(kms, ringAlias(ring, step), step.keyArn);
    case "tag_key":
      await kms.tagKey(step.keyArn, ringTags(step.tags));
      return doneWith(step.keyArn);
    case "create_active":
      return claim(kms, ringAlias(ring, { role: "active" }), step.keyArn);
    case "move_active":
      await requireMovable(step, ports, policy.timing.clockSkewSeconds);
      await kms.updateAlias(ringAlias(ring, { role: "active" }), step.keyArn);
      return doneWith(step.keyArn);
    case "move_root":
      await kms.updateAlias(ringAlias(ring, { role: "root" }), step.keyArn);
      return doneWith(step.keyArn);
    case "publish":
      return publish(step, ports, policy, observed.storedText, isTooLate);
    case "disable_key":
      await kms.disableKey(step.keyArn);
      return doneWith(step.keyArn);
    case "schedule_deletion":
      await kms.scheduleKeyDeletion(step.keyArn, step.pendingDays);
      return doneWith(step.keyArn);
  }
}

/**
 * Looks at the key and at the clock once more, just before the key takes over.
 * - The key may have been withdrawn since the ring was observed. What KMS shows may still be old, so this makes it rare, and
 *   the next run moves on.
 * - When a key is ripe is a matter of this host's clock. An emergency does not wait for the clock to be set.
 * @throws SealgateError `kms_clock_skewed`, `kms_key_disabled` or another code for the state
 */
async function requireMovable(
  { keyArn, reason }: Extract<Step, { kind: "move_active" }>,
  { kms, clock }: ActPorts,
  clockSkewSeconds: number,
): Promise<void> {
  const startedAt = clock();
  const key = await kms.describeKey(keyArn);
  if (isWithdrawn(key.keyState)) requireEnabled(keyArn, key);
  if (reason === "revoked") return;
  const timed = { serverTime: key.serverTime, startedAt, endedAt: clock() };
  requireSameTime(timed, clockSkewSeconds, "A key could sign before every edge knows it.");
}

function notDone(result: "superseded" | "too_late"): StepOutcome {
  return { result, rev: undefined, document: undefined, keyArn: undefined };
}

function doneWith(keyArn: string): StepOutcome {
  return { result: "done", rev: undefined, document: undefined, keyArn };
}

/** The key has its tags from its first moment on, so that it is found if the alias is never made. */
async function createKey(
  step: Extract<Step, { kind: "create_key" }>,
  kms: Kms,
  { ring, newKeys }: Pick<RingPolicy, "ring" | "newKeys">,
): Promise<StepOutcome> {
  const generation = nameOfRole(step);
  const added = newKeys.description;
  const request = {
    keySpec: step.keySpec,
    description:
      step.role === "generation"
        ? describeGeneration(ring, step.number, step.alg, added)
        : describeRootKey(ring, added),
    tags: { ...newKeys.tags, ...ringTags({ ring, generation, alg: step.alg, managed: true }) },
    policy: newKeys.keyPolicy && JSON.stringify(newKeys.keyPolicy),
  };
  const keyArn = step.orphan ?? (await kms.createKey(request)).keyArn;
  return claim(kms, ringAlias(ring, step), keyArn);
}

/** Creating an alias succeeds for exactly one caller. */
async function claim(kms: Kms, aliasName: string, keyArn: string): Promise<StepOutcome> {
  const answer = await kms.createAlias(aliasName, keyArn);
  return { result: answer === "created" ? "done" : "taken", rev: undefined, document: undefined, keyArn };
}

/** A tombstone waits for nothing: what the document before said will do. */
async function listFloor(
  { list, reasons, issuer }: PublishStep,
  { chooseListFloor }: ActPorts,
  ring: RingName,
  root: Signer,
): Promise<number | undefined> {
  if (chooseListFloor === undefined || reasons.includes("revoked")) return list.leastRev;
  return chooseListFloor({ issuer, ring, list, root });
}

async function publish(
  step: PublishStep,
  ports: ActPorts,
  { ring, timing }: Pick<RingPolicy, "ring" | "timing">,
  storedText: string | undefined,
  isTooLate: () => boolean,
): Promise<StepOutcome> {
  const root = await ports.createRootSigner(step.rootKeyArn, step.rootAlg, timing.clockSkewSeconds);
  const leastListRev = await listFloor(step, ports, ring, root);
  const now = ports.clock();
  const document = composeKeySet({
    issuer: step.issuer,
    ring,
    keys: step.keys,
    revoked: step.revoked,
    timing: step.timing,
    roots: step.roots,
    rev: chooseRev(step.rev, now, ports.random()),
    documentLifetimeSeconds: step.documentLifetimeSeconds,
    leastListRev,
    now,
  });
  const text = await signKeySet(document, root, now);
  // The store has no compare-and-swap. Looking once more leaves a second writer only the time of the write itself.
  if ((await ports.publisher.read(ring)) !== storedText) return notDone("superseded");
  // W counts from composing: a process that was held up since then must not write what others have replaced meanwhile.
  if (isTooLate()) return notDone("too_late");
  const published = await ports.publisher.publish(ring, text, document.rev);
  return { result: "done", rev: published.rev, document, keyArn: undefined };
}
