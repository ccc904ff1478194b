/**
 * The endpoints that the gateway answers itself: the current keys as a plain JWK Set for third parties, the signed document
 * for other verifiers of sealgate, and its health. They need no token, hold no secret, and do not reach the origin.
 */
import { epochSecondsFromMs } from "../../shared/identifiers.ts";
import { keySetTag, serialiseJwk } from "../../shared/key-set.ts";
import type { RingName } from "../../shared/identifiers.ts";
import type { ImportedKeySet } from "../../shared/verification-keys.ts";
import type { HeldKeySet, KeysUnavailable, WaitUntil } from "../../shared/keys/held-key-set.ts";
import type { KeyLadder } from "../../shared/keys/key-ladder.ts";
import { refused } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";

export const JWKS_PATH = "/.well-known/jwks.json";
export const HEALTH_PATH = "/.well-known/sealgate/health";

/** What an endpoint makes of the keys that are held. */
export type KeysResponder = (held: HeldKeySet, nowMs: number, request: Request) => Response | KeysUnavailable;

/** Asks KV no more often than any other request. */
export async function answerFromKeys(
  respond: KeysResponder,
  route: string,
  request: Request,
  ladder: KeyLadder,
  nowMs: number,
  waitUntil: WaitUntil,
): Promise<Outcome> {
  const held = await ladder.current(nowMs, waitUntil);
  const answer = held.ok ? respond(held.value, nowMs, request) : held.error;
  if (!(answer instanceof Response)) return refused(answer, { route });
  // Any web origin may read public keys, and the age of what it has got (Fetch Standard, CORS protocol).
  answer.headers.set("Access-Control-Allow-Origin", "*");
  answer.headers.set("Access-Control-Expose-Headers", "Age");
  return { response: answer, event: { decision: "answered", route } };
}

/**
 * GET /.well-known/jwks.json (RFC 7517 section 5, media type of section 8.5.1).
 *
 * `max-age` is what is left of M for the copy in this isolate's memory. A cache in front of a third-party verifier then
 * runs out when this isolate itself would have asked KV again, so that a verifier which obeys it is never staler than an edge
 * is (S), and the issuer's activation lead covers both. A copy that KV could not confirm is not cacheable.
 */
export const respondWithKeys: KeysResponder = (held, nowMs) =>
  new Response(jwkSetOf(held.keySet), {
    headers: {
      "Content-Type": "application/jwk-set+json",
      "Cache-Control": `public, max-age=${maxAgeSeconds(held, nowMs)}`,
    },
  });

/**
 * GET /.well-known/sealgate/key-set and …/key-set/<ring>: the signed document, for verifiers that pin the root key.
 *
 * `Age` (RFC 9111 section 5.1) is the time since KV confirmed the copy, rounded up; a copy that is not confirmed within M is
 * older than M, even if the clock was set. The ETag is the document's signature: two signings of one `rev` differ.
 * While tombstones are in force that the text lacks, the text would bring a withdrawn key back elsewhere: 503.
 */
export const respondWithDocument: KeysResponder = (held, _nowMs, { headers }) => {
  const { text, ageSeconds, keySet } = held;
  const { memoryTtlSeconds } = keySet.document.timing;
  if (text === undefined) {
    return { code: "keys_unavailable", retryAfterSeconds: memoryTtlSeconds, problem: "key_set_incomplete" };
  }
  const etag = keySetTag(text);
  const known = headers.get("if-none-match") ?? "";
  // RFC 9110 section 13.1.2: a list, compared weakly. The quotation marks keep one tag from being found in another.
  const isKnown = known === "*" || known.includes(etag);
  return new Response(isKnown ? null : text, {
    status: isKnown ? 304 : 200,
    headers: {
      "Content-Type": "application/jwk-set+jwt",
      "Cache-Control": "no-cache",
      ETag: etag,
      Age: String(Math.max(isConfirmed(held) ? 0 : memoryTtlSeconds + 1, Math.ceil(ageSeconds))),
    },
  });
};

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
  const stand = { ring, ...ladder.status(nowMs) };
  if (!held.ok) {
    const headers = { "Cache-Control": "no-store", "Retry-After": String(held.error.retryAfterSeconds) };
    const body = { status: "unavailable", code: held.error.code, ...stand };
    return { ...refused(held.error, { route }), response: Response.json(body, { status: 503, headers }) };
  }
  const { source, keySet } = held.value;
  const status = isConfirmed(held.value) ? "ok" : "degraded";
  const body = { status, ...stand, source, keys: keySet.keys.size };
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
