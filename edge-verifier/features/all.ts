/**
 * Every feature, for gateways that would rather be complete than small. The deployed Worker lists its own in
 * edge-verifier/features.ts.
 */
import type { Feature } from "../request/hooks.ts";
import { assertion } from "./assertion.ts";
import { callerLimit } from "./caller-limit.ts";
import { cors } from "./cors.ts";
import { dataPoints } from "./data-points.ts";
import { discovery } from "./discovery.ts";
import { furtherMethods } from "./further-methods.ts";
import { foreignIssuers } from "./foreign-issuers.ts";
import { hsts } from "./hsts.ts";
import { identityHeaders } from "./identity-headers.ts";
import { originCookies } from "./origin-cookies.ts";
import { origins } from "./origins.ts";
import { pathTolerance } from "./path-tolerance.ts";
import { refusalLimit } from "./refusal-limit.ts";
import { resourceMetadata } from "./resource-metadata.ts";
import { revocations } from "./revocations.ts";
import { serverTiming } from "./server-timing.ts";
import { subjectHash } from "./subject-hash.ts";
import { tokenLocations } from "./token-locations.ts";

export const allFeatures: readonly Feature[] = [
  assertion,
  callerLimit,
  cors,
  dataPoints,
  discovery,
  furtherMethods,
  foreignIssuers,
  hsts,
  identityHeaders,
  originCookies,
  origins,
  pathTolerance,
  refusalLimit,
  resourceMetadata,
  revocations,
  serverTiming,
  subjectHash,
  tokenLocations,
];
