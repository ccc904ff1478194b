/**
 * How a request ends that an optional feature refuses: what outcome.ts does for the refusals of every gateway.
 */
import { FEATURE_PROBLEMS } from "../http/feature-problems.ts";
import { problemResponse } from "../http/problem.ts";
import type { Outcome } from "./outcome.ts";
import type { FeatureRefusal } from "./refusal.ts";

/**
 * @param headers of the answer
 * @param seen what the event says besides
 */
export function refusedByFeature(
  refusal: FeatureRefusal,
  headers: Readonly<Record<string, string>> = {},
  seen: Partial<Outcome["event"]> = {},
): Outcome {
  const { code } = refusal;
  return {
    response: problemResponse(code, FEATURE_PROBLEMS[code], headers),
    event: { ...seen, decision: "refused", code, refusal },
  };
}
