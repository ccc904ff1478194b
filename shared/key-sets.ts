/**
 * Where a verifier gets the signed key set documents from. What it does with them does not depend on the place: each text is
 * verified against the pinned root keys, held for as long as its own timing says, and outlived by its place until its `exp`.
 */
import { parsePlainUrl } from "./identifiers.ts";
import { createGatewayReader } from "./keys/gateway-reader.ts";
import type { GatewayFetch } from "./keys/gateway-reader.ts";
import { createKvKeySetReader, createKvReader } from "./keys/key-set-reader.ts";
import type { KeySetNamespace, KeySets } from "./keys/key-set-reader.ts";
import { REVOCATIONS_PATH, revocationsKvKey } from "./revocations/names.ts";
import { refuseUnknownOptions } from "./options.ts";
import type { KnownOptions } from "./options.ts";

/**
 * Workers KV, which the rotator publishes to.
 * @param namespace the binding: `env.KEY_SETS`
 * @throws {TypeError} when it is no KV namespace
 */
export function fromKv(namespace: KeySetNamespace): KeySets {
  if (typeof namespace?.get !== "function") throw new TypeError("fromKv: the argument must be a KV namespace binding");
  return {
    readerOf: (ring) => createKvKeySetReader(namespace, ring),
    revocationsOf: (ring) => createKvReader(namespace, revocationsKvKey(ring)),
  };
}

export interface FromUrlOptions {
  /** Asks the gateway: in a Worker, a service binding's `fetch` for example. Default the platform's. */
  readonly fetch?: GatewayFetch;
}

/**
 * A gateway of sealgate, over HTTP: a backend needs its URL and the pinned root key, and no AWS credential.
 *
 * A document that KV confirmed to the gateway within M is used for M; an older one is used like the last good document of an
 * edge. While KV answers the gateway and the gateway answers, a withdrawn key is refused within S + M.
 * @param gateway its scheme and host: "https://api.example.com". http is accepted for loopback hosts only.
 * @throws {TypeError} when it is none, or an option is unknown
 */
export function fromUrl(gateway: string, options: FromUrlOptions = {}): KeySets {
  refuseUnknownOptions("fromUrl", options, { fetch: true } satisfies KnownOptions<FromUrlOptions>);
  const url = parsePlainUrl(gateway);
  if (!url.ok) throw new TypeError(`fromUrl: the gateway ${url.error}`);
  const { origin, pathname } = url.value;
  if (pathname !== "/") throw new TypeError("fromUrl: the gateway must have no path");
  const { fetch: fetchKeySet = fetchOfPlatform } = options;
  if (typeof fetchKeySet !== "function") throw new TypeError("fromUrl: fetch must be a function");
  return {
    readerOf: (ring) => createGatewayReader(origin, ring, fetchKeySet),
    revocationsOf: (ring) => createGatewayReader(origin, ring, fetchKeySet, REVOCATIONS_PATH),
  };
}

/** Looked up when it is called: in Workers, `fetch` must not be detached from its global. */
const fetchOfPlatform: GatewayFetch = (url, request) => fetch(url, request);

/**
 * One document that is at hand, of `sealgate ring bootstrap` say. It is good until its `exp` and knows no rotation.
 * @param text the compact JWS
 * @throws {TypeError} when it is no text
 */
export function fromDocument(text: string): KeySets {
  if (typeof text !== "string" || text === "") throw new TypeError("fromDocument: the argument must be a compact JWS");
  const reading = { text: text.trim(), ageSeconds: 0 };
  return { readerOf: () => ({ read: () => Promise.resolve(reading) }) };
}
