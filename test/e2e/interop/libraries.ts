/**
 * The JWT libraries that people already have in their backends, each set up as its own documentation says: which keys it
 * takes, which of sealgate's algorithms it knows, and how it says no to the others.
 */
import { createPublicKey } from "node:crypto";
import { JwtVerifier } from "aws-jwt-verify";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import { createVerifier } from "fast-jwt";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { jwk } from "hono/jwk";
import type { JwtVariables } from "hono/jwt";
import { createRemoteJWKSet, jwtVerify } from "jose";
import jsonwebtoken from "jsonwebtoken";
import { ALGS } from "../../../shared/algorithms.ts";
import type { Alg } from "../../../shared/algorithms.ts";
import { isJsonObject } from "../../../shared/json.ts";
import { given, jsonObject } from "../../support/values.ts";

/** What a backend knows: where the keys are, and for whom the tokens are. */
export interface Keys {
  /** The gateway's JWK Set endpoint. */
  readonly jwksUrl: string;
  /** The PEM that the issuer exports for a kid. */
  readonly pemOf: (kid: string) => Promise<string>;
  readonly issuer: string;
  readonly audience: string;
}

export interface Library {
  readonly name: string;
  /** The algorithms it verifies. Every other one of sealgate's it must refuse as `unknownAlg` says. */
  readonly algs: ReadonlySet<Alg>;
  /** How it says why it refuses a token. */
  readonly refusals: {
    /** Undefined for a library that knows all algorithms. */
    readonly unknownAlg: RegExp | undefined;
    readonly signature: RegExp;
    readonly audience: RegExp;
    readonly issuer: RegExp;
  };
  /**
   * Verifies signature, issuer, audience and times, with only `alg` allowed.
   * @returns the subject
   * @throws whatever the library throws for a token that it does not accept
   */
  readonly verify: (token: string, alg: Alg, keys: Keys) => Promise<unknown>;
}

const ALL: ReadonlySet<Alg> = new Set(ALGS);

const jose: Library = {
  name: "jose, with the JWK Set endpoint",
  algs: ALL,
  refusals: {
    unknownAlg: undefined,
    signature: /signature verification failed/,
    audience: /unexpected "aud" claim value/,
    issuer: /unexpected "iss" claim value/,
  },
  async verify(token, alg, { jwksUrl, issuer, audience }) {
    const keySet = createRemoteJWKSet(new URL(jwksUrl));
    const { payload } = await jwtVerify(token, keySet, {
      algorithms: [alg],
      issuer,
      audience,
      requiredClaims: ["exp"],
    });
    return payload.sub;
  },
};

const honoJwk: Library = {
  name: "hono/jwk, with the JWK Set endpoint",
  algs: ALL,
  refusals: {
    unknownAlg: undefined,
    signature: /JwtTokenSignatureMismatched/,
    audience: /JwtTokenAudience/,
    issuer: /JwtTokenIssuer/,
  },
  async verify(token, alg, { jwksUrl, issuer, audience }) {
    const app = new Hono<{ Variables: JwtVariables }>();
    app.use(jwk({ jwks_uri: jwksUrl, alg: [alg], verification: { iss: issuer, aud: audience } }));
    app.get("/", (c) => c.json(subjectOf(c.get("jwtPayload"))));
    // Its answer is one and the same for every reason; the reason is the cause of what it throws.
    app.onError((error, c) => c.json({ refused: nameOf(error instanceof HTTPException ? error.cause : error) }));
    const response = await app.request("/", { headers: { authorization: `Bearer ${token}` } });
    const answer: unknown = await response.json();
    if (typeof answer === "string") return answer;
    throw new Error(JSON.stringify(answer));
  },
};

const awsJwtVerify: Library = {
  name: "aws-jwt-verify, with the JWK Set endpoint",
  algs: new Set(["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"]),
  refusals: {
    unknownAlg: /JWT signature algorithm not allowed: PS\d{3}/,
    signature: /Invalid signature/,
    audience: /Audience not allowed/,
    issuer: /Issuer not allowed/,
  },
  async verify(token, alg, { jwksUrl, issuer, audience }) {
    // Its own fetcher speaks https only, which the local gateway does not.
    const fetcher = { fetch: async (url: string) => (await fetch(url)).arrayBuffer() };
    const jwksCache = new SimpleJwksCache({ fetcher });
    const verifier = JwtVerifier.create({ issuer, audience, jwksUri: jwksUrl }, { jwksCache });
    const onlyAlg = ({ header }: { readonly header: { readonly alg?: string } }): void => {
      if (header.alg !== alg) throw new Error(`expected ${alg}`);
    };
    return (await verifier.verify(token, { customJwtCheck: onlyAlg })).sub;
  },
};

const jsonWebToken: Library = {
  name: "jsonwebtoken, with the exported PEM",
  algs: new Set(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]),
  refusals: {
    unknownAlg: /Unknown key type "ed25519"/,
    signature: /invalid signature/,
    audience: /jwt audience invalid/,
    issuer: /jwt issuer invalid/,
  },
  async verify(token, alg, { pemOf, issuer, audience }) {
    const pem = await pemOf(kidOf(token));
    // @ts-expect-error its types know EdDSA no more than it does
    return subjectOf(jsonwebtoken.verify(token, pem, { algorithms: [alg], issuer, audience }));
  },
};

const fastJwt: Library = {
  name: "fast-jwt, with the exported PEM",
  algs: ALL,
  refusals: {
    unknownAlg: undefined,
    signature: /The token signature is invalid/,
    audience: /The aud claim value is not allowed/,
    issuer: /The iss claim value is not allowed/,
  },
  async verify(token, alg, { pemOf, issuer, audience }) {
    const key = async ({ header }: { readonly header: Readonly<Record<string, unknown>> }): Promise<string> =>
      pemOf(String(header["kid"]));
    const rules = { algorithms: [alg], allowedIss: issuer, allowedAud: audience, requiredClaims: ["exp"] };
    return subjectOf(await createVerifier({ key, ...rules })(token));
  },
};

/** The way of middlewares like jwks-rsa: a PEM from the JWK that the token's kid names. */
const jsonWebTokenOfJwkSet: Library = {
  name: "jsonwebtoken, with a PEM made from the JWK Set",
  algs: jsonWebToken.algs,
  refusals: jsonWebToken.refusals,
  async verify(token, alg, keys) {
    const set = jsonObject(await (await fetch(keys.jwksUrl)).text());
    const jwks = Array.isArray(set["keys"]) ? set["keys"].filter((member) => isJsonObject(member)) : [];
    const key = createPublicKey({ key: given(jwks.find(({ kid }) => kid === kidOf(token))), format: "jwk" });
    const pem = key.export({ type: "spki", format: "pem" }).toString();
    return jsonWebToken.verify(token, alg, { ...keys, pemOf: async () => pem });
  },
};

export const LIBRARIES: readonly Library[] = [jose, honoJwk, awsJwtVerify, jsonWebToken, jsonWebTokenOfJwkSet, fastJwt];

/** The kid in a token's header, which nobody has verified. */
function kidOf(token: string): string {
  return String(Reflect.get(Object(jsonwebtoken.decode(token, { complete: true })?.header), "kid"));
}

function subjectOf(claims: unknown): unknown {
  return typeof claims === "object" && claims !== null ? Reflect.get(claims, "sub") : undefined;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : String(error);
}
