/**
 * The four kinds of consumers that a ring has, each asked about a token as its users ask it: a gateway over HTTP, `createVerifier` and
 * `sealgate/jose` with that gateway's signed key set, and jose with its plain JWK Set.
 */
import { createRemoteJWKSet, jwtVerify } from "jose";
import type { JWTVerifyGetKey } from "jose";
import { JOSEError } from "jose/errors";
import { createVerifier, fromUrl } from "../../../shared/index.ts";
import { createRingJWKSet } from "../../../shared/jose.ts";
import type { RingStatus } from "../../../shared/keys/verification.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "../../local-stack/stack.ts";

export interface Verdict {
  /** 200 for a token that is accepted, 401 for one that is refused, anything else where the consumer cannot tell. */
  readonly status: number;
  /** When the consumer was asked, epoch milliseconds. */
  readonly askedAtMs: number;
  /** The key set that the consumer held then had been confirmed within M. Undefined where only its log says so. */
  readonly isConfirmed: boolean | undefined;
  /** By which the gateway's log names the request. */
  readonly requestId?: string | null;
}

export interface Consumer {
  readonly name: string;
  ask(token: string): Promise<Verdict>;
}

export function gatewayAt(url: string): Consumer {
  return {
    name: "gateway",
    async ask(token) {
      const askedAtMs = Date.now();
      const response = await fetch(`${url}/api/orders`, { headers: { authorization: `Bearer ${token}` } });
      await response.arrayBuffer();
      const requestId = response.headers.get("x-request-id");
      return { status: response.status, askedAtMs, isConfirmed: undefined, requestId };
    },
  };
}

/** `createVerifier`, with the signed key set of a gateway. */
export function verifierOf(gatewayUrl: string, anchors: readonly object[]): Consumer {
  const keySets = fromUrl(gatewayUrl);
  const verifier = createVerifier({ issuer: LOCAL_ISSUER, audiences: [LOCAL_AUDIENCE], anchors, keySets });
  return {
    name: "createVerifier",
    async ask(token) {
      const isConfirmed = isConfirmedNow(await verifier.status());
      const askedAtMs = Date.now();
      const verified = await verifier.verify(token);
      const refused = !verified.ok && verified.error.code === "keys_unavailable" ? 503 : 401;
      return { status: verified.ok ? 200 : refused, askedAtMs, isConfirmed };
    },
  };
}

/** jose, with the keys of `sealgate/jose`. */
export function ringJoseOf(gatewayUrl: string, anchors: readonly object[]): Consumer {
  const keys = createRingJWKSet({ issuer: LOCAL_ISSUER, anchors, keySets: fromUrl(gatewayUrl) });
  return joseWith("sealgate/jose", keys, async () => isConfirmedNow(await keys.status()));
}

/** jose, with the plain JWK Set of a gateway: it trusts the server, and knows of no tombstone until its cache runs out. */
export function plainJoseOf(gatewayUrl: string, cacheMs: number): Consumer {
  const url = new URL("/.well-known/jwks.json", gatewayUrl);
  const keys = createRemoteJWKSet(url, { cacheMaxAge: cacheMs, cooldownDuration: cacheMs / 4 });
  return joseWith("jose, JWK Set", keys, () => Promise.resolve(false));
}

function joseWith(name: string, keys: JWTVerifyGetKey, isConfirmedNow: () => Promise<boolean>): Consumer {
  const options = { issuer: LOCAL_ISSUER, audience: LOCAL_AUDIENCE, requiredClaims: ["exp"] };
  return {
    name,
    async ask(token) {
      const isConfirmed = await isConfirmedNow();
      const askedAtMs = Date.now();
      const status = await jwtVerify(token, keys, options).then(
        () => 200,
        (error: unknown) => (error instanceof JOSEError ? 401 : 503),
      );
      return { status, askedAtMs, isConfirmed };
    },
  };
}

function isConfirmedNow(rings: readonly RingStatus[]): boolean {
  return rings.every(({ source }) => source === "memory");
}
