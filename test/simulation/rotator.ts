/**
 * A machine that runs the rotator every so often: the real reconciliation over the models, in a process that may pause,
 * crash at any call and be started again without its memory. Operators' requests wait here until a run has done them.
 */
import { SealgateError } from "../../issuer/errors.ts";
import { actOn } from "../../issuer/key-ring/act.ts";
import { auditStep } from "../../issuer/key-ring/audit.ts";
import type { AuditEntry } from "../../issuer/key-ring/audit.ts";
import type { RingRequest } from "../../issuer/key-ring/model.ts";
import { createRingMemory, rememberDocument } from "../../issuer/key-ring/observation.ts";
import { observeRing } from "../../issuer/key-ring/observe.ts";
import { planRing, stepKey } from "../../issuer/key-ring/plan.ts";
import type { RingPolicy } from "../../issuer/key-ring/policy.ts";
import { createRingPorts } from "../../issuer/key-ring/ports.ts";
import { reconcileRing } from "../../issuer/key-ring/reconcile.ts";
import type { ReconcileOptions, ReconcileReport, RingPorts } from "../../issuer/key-ring/reconcile.ts";
import type { Kms } from "../../issuer/kms/port.ts";
import type { KeySetPublisher } from "../../issuer/publish/publisher.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import { changesPlans, observedWithout, planWithout, policyWithout } from "./guards.ts";
import type { Removed } from "./guards.ts";
import { createHost, kmsThrough } from "./host.ts";
import type { Adversity, Host } from "./host.ts";
import type { KvModel } from "./kv-model.ts";
import { createModelPublisher } from "./model-publisher.ts";
import type { Rng } from "./rng.ts";

export interface RotatorOptions {
  readonly name: string;
  readonly clock: WorldClock;
  readonly rng: Rng;
  readonly coverage: Coverage;
  readonly kms: Kms;
  readonly kv: KvModel;
  readonly skewMs: number;
  readonly everySeconds: number;
  /** Nothing is remembered from one run to the next. */
  readonly forgetful: boolean;
  readonly policy: RingPolicy;
  readonly removed: Removed;
  readonly adversity: () => Adversity;
  readonly onAudit: (entry: AuditEntry) => void;
  /** A run has ended in which KMS and KV have answered whatever was asked. */
  readonly onHealthyRun: () => void;
  /** Something was thrown that no caller should have to expect. */
  readonly onDefect: (error: unknown) => void;
}

export interface Wish {
  readonly request: RingRequest;
  readonly candidate?: string;
}

export interface Rotator {
  /** The first run is at this time. */
  start(atMs: number): void;
  /** Returns what takes the wish back. */
  ask(wish: Wish): () => void;
  setPolicy(policy: RingPolicy): void;
}

/** Wishes are given up after so many runs, as a person would. */
const MOST_TRIES = 30;

export function createRotator(options: RotatorOptions): Rotator {
  const { clock, rng, coverage, kv, skewMs, removed, adversity, onAudit, onDefect } = options;
  let { policy } = options;
  let wishes: { readonly wish: Wish; tries: number }[] = [];

  function boot(atMs: number): void {
    const host = createHost({
      clock,
      rng,
      coverage,
      adversity,
      onCrash: () => boot(clock.nowMs + rng.between(1, 120) * 1000),
    });
    let memory = createRingMemory();
    const ports = portsOf(host);
    const loop = async (): Promise<void> => {
      if (host.isDead) return;
      if (rng.chance(adversity().crashing)) host.crashAfter(rng.int(1, 60));
      if (options.forgetful) memory = createRingMemory();
      await runOnce(ports, memory);
      const next = options.everySeconds * rng.between(0.6, 1.4);
      clock.at(clock.nowMs + next * 1000, () => void loop());
    };
    clock.at(atMs, () => void loop());
  }

  function portsOf(host: Host): RingPorts {
    let composedMs = 0;
    const kms = kmsThrough(host, options.kms, (operation) => {
      // A rotator signs nothing but documents, and signs one in the moment in which it is composed.
      if (operation === "sign") composedMs = clock.nowMs;
    });
    const publisher: KeySetPublisher = createModelPublisher({
      clock,
      rng,
      coverage,
      kv,
      host,
      adversity,
      composedMs: () => composedMs,
    });
    return createRingPorts({
      kms,
      publisher,
      audit: onAudit,
      clock: () => clock.secondsOf(skewMs),
      random: () => rng.next(),
    });
  }

  async function runOnce(ports: RingPorts, memory: ReconcileOptions["memory"]): Promise<void> {
    coverage.count("runs of a rotator");
    // Nobody who withdraws a key waits for a rotation that somebody has asked for before.
    const first = wishes.find(({ wish }) => wish.request.kind === "revoke") ?? wishes[0];
    const used = policyWithout(policy, removed);
    const run = {
      policy: used,
      memory,
      actor: options.name,
      request: first?.wish.request,
      candidate: first?.wish.candidate,
    };
    try {
      const report = changesPlans(removed)
        ? await reconcileWithout(ports, run, removed)
        : await reconcileRing(ports, run);
      if (isHealthy(report)) options.onHealthyRun();
      if (first !== undefined && (report.plan.isRequestDone === true || ++first.tries > MOST_TRIES)) {
        wishes = wishes.filter((one) => one !== first);
      }
    } catch (error) {
      if (error instanceof SealgateError) coverage.count("runs that could not observe");
      else onDefect(error);
    }
  }

  return {
    start: boot,
    ask(wish) {
      const asked = { wish, tries: 0 };
      wishes.push(asked);
      return () => {
        wishes = wishes.filter((one) => one !== asked);
      };
    },
    setPolicy: (changed) => {
      policy = changed;
    },
  };
}

function isHealthy({ steps, observed }: Partial<ReconcileReport>): boolean {
  return observed?.document.kind !== "unknown" && steps?.every(({ fault }) => fault === undefined) === true;
}

/** The loop of `reconcileRing` with something taken away from what it sees and plans. */
async function reconcileWithout(
  ports: RingPorts,
  options: ReconcileOptions,
  removed: Removed,
): Promise<Pick<Awaited<ReturnType<typeof reconcileRing>>, "plan">> {
  const { policy, request } = options;
  const tried = new Set<string>();
  for (let steps = 0; ; steps++) {
    const observed = await observeRing(ports, policy, options);
    const seen = observedWithout(observed, policy, removed);
    const plan = planWithout(planRing(seen, policy, ports.clock(), request), removed);
    const step = plan.due.find((candidate) => !tried.has(stepKey(candidate)));
    if (step === undefined || steps >= 40) return { plan };
    try {
      const outcome = await actOn(step, ports, policy, observed);
      if (outcome.result !== "too_late" && outcome.result !== "superseded") tried.add(stepKey(step));
      if (outcome.document !== undefined) rememberDocument(options.memory, outcome.document);
      ports.audit(auditStep({ at: ports.clock(), actor: options.actor }, seen, step, outcome, undefined));
    } catch (error) {
      if (!(error instanceof SealgateError)) throw error;
      tried.add(stepKey(step));
    }
  }
}
