/**
 * The verification core for people who verify tokens themselves (`sealgate/verify`): a backend service in Node, another
 * Worker, a browser. Pure; bring the key set and the time.
 */
export { ALGS } from "./algorithms.ts";
export type { Alg, HeaderAlg } from "./algorithms.ts";
export { epochSecondsFromMs, importVerificationKey, namesOneOf, openKeySet, verifyToken } from "./checked.ts";
export type { ClaimsRules, VerifiedClaims } from "./claims.ts";
export { parseAudience, parseEpochSeconds, parseIssuerUrl, parseKid, parseRingName } from "./identifiers.ts";
export type { Audience, EpochSeconds, IssuerUrl, Kid, RingName } from "./identifiers.ts";
export type { JsonObject, JsonValue } from "./json.ts";
export { calculateThumbprint, parsePublicJwk } from "./jwk.ts";
export type { PublicJwk } from "./jwk.ts";
export type { VerificationKey } from "./jws.ts";
export type { KeySetDocument, KeyState, SkippedKey } from "./key-set.ts";
export { fromDocument, fromKv, fromUrl } from "./key-sets.ts";
export type { FromUrlOptions } from "./key-sets.ts";
export type { GatewayFetch, GatewayRequest, GatewayResponse } from "./keys/gateway-reader.ts";
export type { KeyReadProblemCode, KeySetSource, KeysUnavailable } from "./keys/held-key-set.ts";
export type { LadderStatus, LadderWarning } from "./keys/key-ladder.ts";
export type { KeySetNamespace, KeySetReader, KeySets } from "./keys/key-set-reader.ts";
export type { TokenRejection, TokenRejectionCode } from "./rejection.ts";
export type { RevocationsReadProblemCode, RevocationsUnavailable } from "./revocations/problems.ts";
export type { RevocationsStatus } from "./revocations/revocations.ts";
export { err, ok } from "./result.ts";
export type { Result } from "./result.ts";
export { importTrustAnchors } from "./signed-key-set.ts";
export type { KeySetProblem, KeySetRules, TrustAnchors } from "./signed-key-set.ts";
export { importKeySet } from "./verification-keys.ts";
export type { ImportedKeySet, VerificationKeys } from "./verification-keys.ts";
export type { RingKeysOptions, VerificationContext } from "./ring-keys.ts";
export { createVerifier } from "./verifier.ts";
export type { Verifier, VerifierOptions, VerifierStatus } from "./verifier.ts";
export { DEFAULT_MAX_TOKEN_BYTES } from "./verify-token.ts";
export type { TokenRules, TokenTyp, VerifiedToken } from "./verify-token.ts";
