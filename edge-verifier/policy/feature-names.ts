/**
 * The names of the optional features, and what belongs to each: how its variables begin, or its members of a rule. The gateway
 * knows no more of a feature that is not listed, so that what asks for it can be refused and never passed over.
 */
const BELONGS_TO = {
  cors: /^CORS_/,
  hsts: /^HSTS_/,
  resourceMetadata: /^(?:RESOURCE|AUTHORIZATION_SERVERS)$/,
  tokenLocations: /^TOKEN_[CHW]/,
  identityHeaders: /^IDENTITY_/,
  assertion: /^ASSERTION_/,
  subjectHash: /^LOG_SUBJECT_/,
  serverTiming: /^SERVER_TIMING$/,
  dataPoints: /^EVENTS$/,
  refusalLimit: /^REFUSALS/,
  callerLimit: /^CALLERS/,
  pathTolerance: /^tolerate$/,
  foreignIssuers: /^FOREIGN_|^issuers$/,
  revocations: /^(?:REVOCATIONS|endWithToken$)/,
  // ORIGIN_BILLING, ORIGIN_URL_BILLING: as many as rules name origins.
  origins: /^(?:ORIGIN_(?!URL$|TIMEOUT_SECONDS$)|origin$|stripPrefix$)/,
} as const;

/** The last ones have neither variables nor members: they are on where they are listed. */
export type FeatureName = keyof typeof BELONGS_TO | "discovery" | "furtherMethods" | "originCookies";

/**
 * @param name of a variable, a binding or a rule's member
 * @param listed the features that this gateway has
 * @returns a problem, as the predicate of a sentence, if the name belongs to another feature
 */
export function missingFeature(name: string, listed: readonly string[] = []): string | undefined {
  for (const [feature, pattern] of Object.entries(BELONGS_TO)) {
    if (pattern.test(name) && !listed.includes(feature)) {
      return `needs the feature ${feature}: add it in features.ts`;
    }
  }
  return undefined;
}
