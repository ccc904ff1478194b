/**
 * One read of another issuer's JWK Set, over HTTP. What the network can do to it is bounded: https, no redirect, the whole body
 * within a deadline, and no octet more than the limit. Nothing is cached here or by the platform: a cache that other Workers of
 * the zone can write would decide who issues tokens.
 */
import { startPlatformTimer } from "../keys/deadline.ts";
import type { StartTimer } from "../keys/deadline.ts";
import { chunksOf } from "../keys/gateway-reader.ts";
import { err, ok } from "../result.ts";
import type { Result } from "../result.ts";
import { MAX_JWK_SET_BYTES } from "./jwk-set.ts";
import type { ForeignKeysProblemCode } from "./problems.ts";

/** From the request to the last octet of the answer. */
export const FOREIGN_READ_DEADLINE_MS = 5000;

/** What is asked of `fetch`. */
export interface JwkSetRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** A redirect is never followed: the answer's status is looked at. */
  readonly redirect: "manual";
  readonly cache: "no-store";
  readonly signal: AbortSignal;
}

/** What is used of its answer. */
export interface JwkSetResponse {
  readonly status: number;
  readonly body: ReadableStream<Uint8Array> | null;
}

export type JwkSetFetch = (url: string, request: JwkSetRequest) => Promise<JwkSetResponse>;

/** Never rejects. @returns the octets of the document */
export async function readJwkSet(
  jwksUri: string,
  fetchJwkSet: JwkSetFetch,
  startTimer: StartTimer = startPlatformTimer,
): Promise<Result<Uint8Array, ForeignKeysProblemCode>> {
  const giveUp = new AbortController();
  const { promise: tooLate, resolve } = Promise.withResolvers<Result<never, ForeignKeysProblemCode>>();
  const cancel = startTimer(FOREIGN_READ_DEADLINE_MS, () => {
    resolve(err("jwk_set_timeout"));
    giveUp.abort();
  });
  try {
    const request = { headers: { Accept: "application/json" }, redirect: "manual", cache: "no-store" } as const;
    const answer = fetchJwkSet(jwksUri, { ...request, signal: giveUp.signal }).then(octetsOf);
    return await Promise.race([answer, tooLate]);
  } catch {
    // What was thrown may quote what was read.
    return err("jwk_set_unreachable");
  } finally {
    cancel();
    giveUp.abort();
  }
}

async function octetsOf({ status, body }: JwkSetResponse): Promise<Result<Uint8Array, ForeignKeysProblemCode>> {
  if (status !== 200 || body === null) {
    await body?.cancel();
    return err("jwk_set_refused");
  }
  const octets = new Uint8Array(MAX_JWK_SET_BYTES);
  let length = 0;
  // Counted as they come, decompressed. Leaving the loop cancels the stream.
  for await (const chunk of chunksOf(body)) {
    if (length + chunk.length > MAX_JWK_SET_BYTES) return err("jwk_set_too_large");
    octets.set(chunk, length);
    length += chunk.length;
  }
  return ok(octets.subarray(0, length));
}
