/**
 * What the package offers to origins (`sealgate/origin`): the proof that a request came through the gateway. Web globals
 * only: Node 22 and later, Workers, Deno and Bun.
 */
export {
  ASSERTION_HEADER,
  ASSERTION_LIFETIME_SECONDS,
  createAssertionKey,
  createAssertionVerifier,
} from "./assertion.ts";
export type {
  AssertedRequest,
  AssertionClaims,
  AssertionKeyPair,
  AssertionRejection,
  AssertionRejectionCode,
  AssertionRules,
  AssertionVerifier,
} from "./assertion.ts";
export { epochSecondsFromMs } from "./checked.ts";
export type { EpochSeconds } from "./identifiers.ts";
export type { JsonObject, JsonValue } from "./json.ts";
export { createReplayMemory } from "./replay-memory.ts";
export type { ReplayMemory } from "./replay-memory.ts";
export type { Result } from "./result.ts";
