/** The loop of `reconcileRing` with something taken away from what it sees and plans; see `guards.ts`. */
import { SealgateError } from "../../issuer/errors.ts";
import { actOn } from "../../issuer/key-ring/act/act.ts";
import { auditStep } from "../../issuer/key-ring/act/audit.ts";
import { createRingMemory, rememberDocument } from "../../issuer/key-ring/observe/memory.ts";
import { observeRing } from "../../issuer/key-ring/observe/observe.ts";
import { stepKey } from "../../issuer/key-ring/plan/plan.ts";
import { createRingPorts } from "../../issuer/key-ring/ports.ts";
import { observedWithout, planWithout } from "./guards.ts";
import type { Removed } from "./guards.ts";
import { createRotator } from "./ports.ts";
import type { Rotator, RotatorOptions } from "./ports.ts";
import { secondsOf } from "./ports/clock.ts";

export function createRotatorWithout(options: RotatorOptions, removed: Removed): Rotator {
  const { kms, publisher, clock, random, actor = "rotator", onAudit = () => {} } = options;
  const ports = createRingPorts({
    kms,
    publisher,
    audit: onAudit,
    clock: secondsOf(clock),
    monotonicMs: () => clock.monotonicMs(),
    random,
  });
  let memory = createRingMemory();
  return {
    ...createRotator(options),
    forget() {
      memory = createRingMemory();
    },
    async run(policy, { request, candidate } = {}) {
      const tried = new Set<string>();
      const faults: string[] = [];
      for (let steps = 0; ; steps++) {
        const observed = await observeRing(ports, policy, { memory, candidate });
        const seen = observedWithout(observed, policy, removed);
        const plan = planWithout(seen, policy, ports.clock(), request, removed);
        const step = plan.due.find((one) => !tried.has(stepKey(one)));
        if (step === undefined || steps >= 40) {
          const isConverged = plan.due.length === 0;
          return { isConverged, isRequestDone: plan.isRequestDone, refusal: plan.refusal?.code, faults, problems: [] };
        }
        try {
          const composeDeadlineSeconds = removed.composeDeadline === true ? 1_000_000 : policy.composeDeadlineSeconds;
          const outcome = await actOn(step, ports, { ...policy, composeDeadlineSeconds }, observed);
          if (outcome.result !== "too_late" && outcome.result !== "superseded") tried.add(stepKey(step));
          if (outcome.document !== undefined) rememberDocument(memory, outcome.document);
          ports.audit(auditStep({ at: ports.clock(), actor }, seen, step, outcome, undefined));
        } catch (error) {
          if (!(error instanceof SealgateError)) throw error;
          faults.push(error.code);
          tried.add(stepKey(step));
        }
      }
    },
  };
}
