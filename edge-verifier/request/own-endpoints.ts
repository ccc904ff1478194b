/**
 * The endpoints that the gateway answers itself: the current keys as a plain JWK Set for third parties, and its health.
 * Neither needs a token, neither holds a secret, and neither reaches the origin.
 */
import { epochSecondsFromMs } from "../../shared/identifiers.ts";
import { serialiseJwk } from "../../shared/key-set.ts";
import type { RingName } from "../../shared/identifiers.ts";
import type { ImportedKeySet } from "../../shared/verification-keys.ts";
import type { HeldKeySet, WaitUntil } from "../../shared/keys/held-key-set.ts";
import type { KeyLadder } from "../../shared/keys/key-ladder.ts";
import { refused } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";

export const JWKS_PATH = "/.well-known/jwks.json";
export const HEALTH_PATH = "/.well-known/sealgate/health";

/**
 * GET /.well-known/jwks.json (RFC 7517 section 5, media type of section 8.5.1).
 *
 * `max-age` is what is left of M for the copy in this isolate's memory. A cache in front of a third-party verifier then
 * runs out when this isolate itself would have asked KV again, so that whoever obeys it is never staler than an edge is
 * (S), and the issuer's activation lead covers both. A copy that KV could not confirm is not cacheable.
 */
export async function answerKeys(ladder: KeyLadder, nowMs: number, waitUntil: WaitUntil): Promise<Outcome> {
  const route = JWKS_PATH;
  const held = await ladder.current(nowMs, waitUntil);
  if (!held.ok) return refused(held.error, { route });
  const headers = {
    "Content-Type": "application/jwk-set+json",
    "Cache-Control": `public, max-age=${maxAgeSeconds(held.value, nowMs)}`,
  };
  const response = new Response(jwkSetOf(held.value.keySet), { headers });
  return { response, event: { decision: "answered", route } };
}

/**
 * GET /.well-known/sealgate/health: 200 while tokens can be verified (`degraded` when KV has not confirmed the key set for
 * longer than M), otherwise 503. Asks KV no more often than any other request.
 */
export async function answerHealth(
  ring: RingName,
  ladder: KeyLadder,
  nowMs: number,
  waitUntil: WaitUntil,
): Promise<Outcome> {
  const route = HEALTH_PATH;
  const held = await ladder.current(nowMs, waitUntil);
  const status = ladder.status(nowMs);
  const shared = { ring, problem: status.problem, bootstrapProblem: status.bootstrapProblem };
  if (!held.ok) {
    const headers = { "Cache-Control": "no-store", "Retry-After": String(held.error.retryAfterSeconds) };
    const body = { status: "unavailable", code: held.error.code, ...shared };
    const event = { decision: "failed", code: held.error.code, refusal: held.error, route } as const;
    return { response: Response.json(body, { status: 503, headers }), event };
  }
  const { source, ageSeconds, keySet } = held.value;
  const body = {
    status: isConfirmed(held.value) ? "ok" : "degraded",
    ...shared,
    rev: keySet.document.rev,
    source,
    ageSeconds,
    expiresAt: keySet.document.expiresAt,
    keys: keySet.keys.size,
    skipped: keySet.skipped,
    warnings: status.warnings,
  };
  const response = Response.json(body, { headers: { "Cache-Control": "no-store" } });
  return { response, event: { decision: "answered", route } };
}

function maxAgeSeconds(held: HeldKeySet, nowMs: number): number {
  if (!isConfirmed(held)) return 0;
  const { timing, expiresAt } = held.keySet.document;
  const left = Math.min(timing.memoryTtlSeconds - held.ageSeconds, expiresAt - epochSecondsFromMs(nowMs));
  return Math.max(0, Math.floor(left));
}

/** Confirmed by KV within M. */
function isConfirmed({ source }: HeldKeySet): boolean {
  return source === "memory" || source === "kv";
}

const texts = new WeakMap<ImportedKeySet, string>();

/** The keys that verify here: neither revoked nor skipped. Serialised once per key set. */
function jwkSetOf(keySet: ImportedKeySet): string {
  const before = texts.get(keySet);
  if (before !== undefined) return before;
  const usable = keySet.document.keys.filter(({ kid }) => typeof keySet.find(kid) === "object");
  const text = JSON.stringify({ keys: usable.map(({ jwk, kid }) => serialiseJwk(jwk, kid)) });
  texts.set(keySet, text);
  return text;
}
