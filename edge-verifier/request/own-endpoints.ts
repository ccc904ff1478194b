/**
 * The endpoints that the gateway answers itself: the current keys as a plain JWK Set for third parties, the signed document
 * for other verifiers of sealgate, and its health. They need no token, hold no secret, and do not reach the origin.
 */
import { epochSecondsFromMs } from "../../shared/identifiers.ts";
import { keySetTag, serialiseJwk } from "../../shared/key-set.ts";
import type { HeldKeySet, KeySetSource, KeysUnavailable, WaitUntil } from "../../shared/keys/held-key-set.ts";
import type { LadderStatus } from "../../shared/keys/key-ladder.ts";
import type { HeldKeys, KeyRings, Ring } from "../../shared/keys/key-rings.ts";
import type { Result } from "../../shared/result.ts";
import type { RevocationsUnavailable } from "../../shared/revocations/problems.ts";
import { refused } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";

/** Of a copy that KV has confirmed within M. */
const CONFIRMED: KeySetSource = "memory";

export const JWKS_PATH = "/.well-known/jwks.json";
export const HEALTH_PATH = "/.well-known/sealgate/health";

/**
 * GET /.well-known/jwks.json (RFC 7517 section 5, media type of section 8.5.1): the keys of all rings, or 503, because a part
 * of them would be taken for all.
 *
 * `max-age` is what is left of M for the copy in this isolate's memory, of the ring where that is least. A cache in front of a
 * third-party verifier then runs out when this isolate itself would have asked KV again, so that a verifier which obeys it is
 * never staler than an edge is (S), and the issuer's activation lead covers both. A copy that KV could not confirm is not
 * cacheable.
 */
export async function answerKeys(rings: KeyRings, nowMs: number, waitUntil: WaitUntil): Promise<Outcome> {
  const route = JWKS_PATH;
  const held = await rings.current(nowMs, waitUntil);
  const missing = rings.missing(nowMs);
  if (missing !== undefined) return refused(missing, { route });
  const maxAge = Math.min(...rings.rings.map(({ ladder }) => maxAgeSeconds(ladder.held(nowMs), nowMs)));
  const headers = { "Content-Type": "application/jwk-set+json", "Cache-Control": `public, max-age=${maxAge}` };
  return answered(
    route,
    new Response((held.jwkSet ??= jwkSetOf(held)), { headers: { ...headers, ...READABLE_BY_ALL } }),
  );
}

/**
 * GET /.well-known/sealgate/key-set/<ring>: the signed document, for verifiers that pin the root key.
 *
 * `Age` (RFC 9111 section 5.1) is the time since KV confirmed the copy, rounded up; a copy that is not confirmed within M is
 * older than M, even if the clock was set. The ETag is the document's signature: two signings of one `rev` differ.
 * While tombstones are in force that the text lacks, the text would bring a withdrawn key back elsewhere: 503.
 */
export async function answerDocument(
  route: string,
  { ladder }: Ring,
  request: Request,
  nowMs: number,
  waitUntil: WaitUntil,
): Promise<Outcome> {
  const held = await ladder.current(nowMs, waitUntil);
  if (!held.ok) return refused(held.error, { route });
  const { text, keySet } = held.value;
  const { memoryTtlSeconds } = keySet.document.timing;
  if (text === undefined) {
    const problem = "key_set_incomplete";
    return refused({ code: "keys_unavailable", retryAfterSeconds: memoryTtlSeconds, problem }, { route });
  }
  return answerText(route, request, text, "application/jwk-set+jwt", { ...held.value, memoryTtlSeconds });
}

/** How fresh a copy is. */
export interface Freshness {
  readonly source: KeySetSource;
  readonly ageSeconds: number;
  readonly memoryTtlSeconds: number;
}

/** A signed text, as it is held. */
export function answerText(
  route: string,
  request: Request,
  text: string,
  type: string,
  { source, ageSeconds, memoryTtlSeconds }: Freshness,
): Outcome {
  const etag = keySetTag(text);
  const known = request.headers.get("if-none-match") ?? "";
  // RFC 9110 section 13.1.2: a list, compared weakly. The quotation marks keep one tag from being found in another.
  const isKnown = known === "*" || known.includes(etag);
  const headers = {
    "Content-Type": type,
    "Cache-Control": "no-cache",
    ETag: etag,
    Age: String(Math.max(source === CONFIRMED ? 0 : memoryTtlSeconds + 1, Math.ceil(ageSeconds))),
    ...READABLE_BY_ALL,
  };
  return answered(route, new Response(isKnown ? null : text, { status: isKnown ? 304 : 200, headers }));
}

/** What is asked of the rings for the health endpoint. A feature may ask for more than keys. */
export interface HealthRings {
  readonly rings: readonly {
    readonly name: string;
    readonly ladder: {
      current(
        nowMs: number,
        waitUntil: WaitUntil,
      ): Promise<Result<HeldKeySet, KeysUnavailable | RevocationsUnavailable>>;
      status(nowMs: number): LadderStatus;
    };
  }[];
  missing(nowMs: number): KeysUnavailable | RevocationsUnavailable | undefined;
}

/**
 * GET /.well-known/sealgate/health: 200 while tokens of a ring can be verified, otherwise 503. A ring is `degraded` when KV has
 * not confirmed its key set for longer than M; so is the whole when its rings are not alike. Asks KV no more often than any
 * other request.
 */
export async function answerHealth(keyRings: HealthRings, nowMs: number, waitUntil: WaitUntil): Promise<Outcome> {
  const rings = await Promise.all(
    keyRings.rings.map(async ({ name, ladder }) => {
      const held = await ladder.current(nowMs, waitUntil);
      if (!held.ok) return { ring: name, status: "unavailable", ...ladder.status(nowMs) };
      return { ring: name, status: held.value.source === CONFIRMED ? "ok" : "degraded", ...ladder.status(nowMs) };
    }),
  );
  const [status = "degraded", other] = new Set(rings.map((ring) => ring.status));
  const body = { status: other === undefined ? status : "degraded", rings };
  const missing = body.status === "unavailable" ? keyRings.missing(nowMs) : undefined;
  const headers = {
    "Cache-Control": "no-store",
    ...(missing && { "Retry-After": String(missing.retryAfterSeconds) }),
  };
  const response = Response.json(body, { status: missing === undefined ? 200 : 503, headers });
  return missing === undefined
    ? answered(HEALTH_PATH, response)
    : { ...refused(missing, { route: HEALTH_PATH }), response };
}

/** Any web origin may read public keys, and the age of what it has got (Fetch Standard, CORS protocol). */
const READABLE_BY_ALL = { "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "Age" };

function answered(route: string, response: Response): Outcome {
  return { response, event: { decision: "answered", route } };
}

function maxAgeSeconds(held: HeldKeySet | undefined, nowMs: number): number {
  if (held?.source !== CONFIRMED) return 0;
  const { timing, expiresAt } = held.keySet.document;
  const left = Math.min(timing.memoryTtlSeconds - held.ageSeconds, expiresAt - epochSecondsFromMs(nowMs));
  return Math.max(0, Math.floor(left));
}

/** The keys that verify here, neither revoked nor skipped, each once. */
function jwkSetOf(held: HeldKeys): string {
  const keys = held.keySets.flatMap((keySet) =>
    (keySet?.document.keys ?? [])
      .filter(({ kid }) => held.ownerOf(kid) === keySet && typeof keySet?.find(kid) === "object")
      .map(({ jwk, kid }) => serialiseJwk(jwk, kid)),
  );
  return JSON.stringify({ keys });
}
