/** What planning a request comes to, and the three ways to say it. */
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import type { Refusal, RefusalCode } from "../model/plan.ts";
import type { Step } from "../model/steps.ts";

export interface RequestPlan {
  readonly steps: readonly Step[];
  readonly refusal: Refusal | undefined;
  readonly isDone: boolean;
}

export const DONE: RequestPlan = { steps: [], refusal: undefined, isDone: true };

export function stepsFor(...steps: readonly Step[]): RequestPlan {
  return { steps, refusal: undefined, isDone: false };
}

export function refuse(code: RefusalCode, message: string, notBefore?: EpochSeconds): RequestPlan {
  return { steps: [], refusal: { code, message, notBefore }, isDone: false };
}
