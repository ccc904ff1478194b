/**
 * The uploaded Worker, listening by itself on a socket of this machine, in front of an origin: a URL, another Worker that
 * is bound to it, or a server that is. Without Miniflare's front door, which would normalise some requests before the Worker sees them.
 */
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { epochSecondsFromMs } from "../../shared/identifiers.ts";
import type { JsonObject } from "../../shared/json.ts";
import { makeDocument, makeKey, makeRoot, signKeySet, signToken, TEST_ISSUER } from "./key-sets.ts";
import { buildGatewayOf, buildWorkerBundle, COMPLETE_WORKER } from "./worker-bundle.ts";

const AUDIENCE = "https://api.example.com";
const RUNTIME: { modules: true; compatibilityDate: string; compatibilityFlags: string[] } = {
  modules: true,
  compatibilityDate: "2026-11-01",
  compatibilityFlags: ["no_nodejs_compat", "no_nodejs_compat_v2"],
};

export interface SocketGateway {
  readonly port: number;
  /** A good token for an hour, with these claims on top; times are seconds from now. */
  token(claims?: JsonObject, expiresInSeconds?: number): Promise<string>;
  close(): Promise<void>;
}

export interface SocketGatewayOptions {
  readonly origin: { readonly url: string } | { readonly script: string } | { readonly boundUrl: string };
  readonly vars?: Readonly<Record<string, string>>;
  /** Further bindings to the script of the origin. */
  readonly boundOrigins?: readonly string[];
  /** Every optional feature instead of those of the deployed Worker. */
  readonly complete?: boolean;
  /** The text of a routes.ts instead of the policy of the deployed Worker. */
  readonly policy?: string;
  /** With {@link policy}: the names of the optional features; every one if left out. */
  readonly features?: readonly string[];
  /** Bindings that the platform provides. */
  readonly platform?: {
    readonly ratelimits?: Record<string, { namespace_id: string; simple: { limit: number; period: 10 | 60 } }>;
    readonly analyticsEngineDatasets?: Record<string, { dataset: string }>;
    readonly versionMetadata?: string;
  };
}

/** A binding whose requests go to one server, whatever their URL: what an mTLS binding is, less the certificate. */
function serverAt(url: string): { external: { address: string; http: object } } {
  return { external: { address: new URL(url).host, http: {} } };
}

async function uploadedCode(complete: boolean): Promise<string> {
  return (await buildWorkerBundle(complete ? COMPLETE_WORKER : undefined)).code;
}

export async function startSocketGateway({
  origin,
  vars = {},
  boundOrigins = [],
  complete = false,
  policy,
  features,
  platform = {},
}: SocketGatewayOptions): Promise<SocketGateway> {
  const [code, root, key] = await Promise.all([
    policy === undefined ? uploadedCode(complete) : buildGatewayOf(policy, features),
    makeRoot(),
    makeKey("ES256"),
  ]);
  const now = epochSecondsFromMs(Date.now());
  const bindings = {
    ISSUER: TEST_ISSUER,
    AUDIENCE,
    TRUST_ANCHORS: JSON.stringify([root.jwk]),
    // KV is empty here: the last rung of the key ladder holds.
    BOOTSTRAP_KEY_SET: await signKeySet(makeDocument([key], now), root),
    ...("url" in origin ? { ORIGIN_URL: origin.url } : {}),
    ...vars,
  };
  const gateway = {
    name: "gateway",
    ...RUNTIME,
    script: code,
    unsafeDirectSockets: [{}],
    kvNamespaces: ["KEY_SETS"],
    bindings,
    ...platform,
    ...("script" in origin
      ? { serviceBindings: Object.fromEntries(["ORIGIN", ...boundOrigins].map((one) => [one, "origin"])) }
      : {}),
    ...("boundUrl" in origin ? { serviceBindings: { ORIGIN: serverAt(origin.boundUrl) } } : {}),
  };
  const originWorker = "script" in origin ? [{ name: "origin", ...RUNTIME, script: origin.script }] : [];
  const miniflare = new Miniflare(convertV4MiniflareOptions({ workers: [gateway, ...originWorker] }));
  const port = Number((await miniflare.unsafeGetDirectURL("gateway")).port);
  return {
    port,
    token: (claims = {}, expiresInSeconds = 3000) => {
      const iat = epochSecondsFromMs(Date.now());
      return signToken(
        { iss: TEST_ISSUER, aud: AUDIENCE, sub: "user-1", iat, exp: iat + expiresInSeconds, ...claims },
        key,
      );
    },
    close: () => miniflare.dispose(),
  };
}
