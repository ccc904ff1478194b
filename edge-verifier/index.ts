/**
 * What the package offers to Workers: the whole gateway, or only the verifier as Hono middleware.
 */
export { createGateway } from "./gateway.ts";
export type { GatewayContext } from "./request/app.ts";
export type { GatewayOptions, GatewayWorker } from "./gateway.ts";
export type { Feature, FeatureHooks, FeatureSetup } from "./request/hooks.ts";
export type { FeatureName } from "./policy/feature-names.ts";
export { allFeatures } from "./features/all.ts";
export { assertion } from "./features/assertion.ts";
export { callerLimit } from "./features/caller-limit.ts";
export { cors } from "./features/cors.ts";
export { dataPoints } from "./features/data-points.ts";
export { discovery } from "./features/discovery.ts";
export { furtherMethods } from "./features/further-methods.ts";
export { foreignIssuers } from "./features/foreign-issuers.ts";
export { hsts } from "./features/hsts.ts";
export { identityHeaders } from "./features/identity-headers.ts";
export { originCookies } from "./features/origin-cookies.ts";
export { origins } from "./features/origins.ts";
export { pathTolerance } from "./features/path-tolerance.ts";
export { refusalLimit } from "./features/refusal-limit.ts";
export { resourceMetadata } from "./features/resource-metadata.ts";
export { revocations } from "./features/revocations.ts";
export { serverTiming } from "./features/server-timing.ts";
export { subjectHash } from "./features/subject-hash.ts";
export { tokenLocations } from "./features/token-locations.ts";
export { ALL_PROBLEMS as PROBLEMS } from "./http/feature-problems.ts";
export type { Problem, WireCode } from "./http/problem.ts";
export type { FeatureRefusal, Refusal } from "./request/refusal.ts";
export { acceptIssuers } from "./accept-issuers.ts";
export type { AcceptedIssuers, AcceptIssuersOptions } from "./accept-issuers.ts";
export type { ForeignIssuerEntry } from "../shared/foreign/issuer.ts";
export type { ForeignKeysEvent } from "../shared/foreign/key-source.ts";
export { requireScope, sealgate } from "./middleware.ts";
export type {
  ForeignSealgateVariables,
  OptionalSealgateVariables,
  SealgateAuth,
  SealgateVariables,
} from "./middleware.ts";
export type { SealgateOptions, Setting } from "./middleware-options.ts";
export type { EventSink, RequestEvent } from "./request/event.ts";
export { defineRoutes } from "./policy/rule.ts";
export type { PolicyDenial } from "./policy/checks.ts";
export type { ClaimMatcher, ClaimScalar, Requirement } from "./policy/requirement.ts";
export type { FurtherMethod, PathOddity, RouteMethod, RoutePolicy, RouteRule, RuleMode } from "./policy/rule.ts";
export type { Alg } from "../shared/algorithms.ts";
export type { VerifiedClaims } from "../shared/claims.ts";
export type { TokenRejection, TokenRejectionCode } from "../shared/rejection.ts";
