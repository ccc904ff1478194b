/**
 * The wire codes of optional features: apart from problem.ts, so that a Worker without these features does not hold them.
 */
import { problem, PROBLEMS } from "./problem.ts";
import type { FeatureWireCode, Problem, WireCode } from "./problem.ts";

/** RFC 6585 section 4. */
const TOO_MANY = { status: 429, title: "Too Many Requests" };

export const FEATURE_PROBLEMS: Readonly<Record<FeatureWireCode, Problem>> = {
  cors_origin_denied: problem(403, "This web origin may not call this API."),
  too_many_refusals: { ...TOO_MANY, detail: "Too many refused requests." },
  too_many_requests: { ...TOO_MANY, detail: "Too many requests." },
};

export const ALL_PROBLEMS: Readonly<Record<WireCode, Problem>> = { ...PROBLEMS, ...FEATURE_PROBLEMS };
