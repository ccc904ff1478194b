/**
 * A verifier behind a real gateway behind a location of Workers KV, all on one clock that the test moves: what the promises
 * of `fromUrl` are measured on. The verifier reaches the gateway as it does everywhere, by `fetch`.
 */
import { createGateway } from "../../../../edge-verifier/gateway.ts";
import { createVerifier, fromUrl } from "../../../../shared/index.ts";
import type { GatewayFetch, Verifier } from "../../../../shared/index.ts";
import type { TestRing } from "../../../support/edge-ring.ts";
import { collectBackgroundWork } from "../../../support/key-set-readers.ts";
import { TEST_ISSUER } from "../../../support/key-sets.ts";
import { createKvLocation } from "./kv-location.ts";
import type { KvLocation } from "./kv-location.ts";

const GATEWAY = "https://api.example.com";

export interface GatewayChain {
  readonly kv: KvLocation;
  readonly verifier: Verifier;
  /** What the verifier has asked the gateway for so far. */
  readonly asked: number;
  /** What stands between verifier and gateway; undefined for nothing. */
  between: ((ask: () => Promise<Response>) => Promise<Response>) | undefined;
  setNow(nowMs: number): void;
  /** What the verifier says of a token: "passes", or a code. Its background work is done when this returns. */
  ask(token: string, nowMs: number): Promise<string>;
  /** Another client's request, which makes the gateway look at its copy. */
  touchGateway(nowMs: number): Promise<void>;
}

export function startGatewayChain(ring: TestRing, propagationSeconds: number): GatewayChain {
  const kv = createKvLocation(propagationSeconds);
  let nowMs = 0;
  let asked = 0;
  const gateway = createGateway([{ path: "/public", allow: "anyone" }], { clock: () => nowMs, onEvent: () => {} });
  const env = {
    ISSUER: TEST_ISSUER,
    AUDIENCE: "api",
    TRUST_ANCHORS: JSON.stringify([ring.root.jwk]),
    ORIGIN: { fetch: async () => new Response() },
    KEY_SETS: {
      async get(_key: string, { cacheTtl }: { readonly cacheTtl: number }) {
        kv.nowMs = nowMs;
        const reading = await kv.read(cacheTtl);
        return reading === null ? null : new Response(reading.text).body;
      },
    },
  };

  async function ask(request: Request): Promise<Response> {
    const work = collectBackgroundWork();
    const response = await gateway.fetch(request, env, work);
    await work.settle();
    return response;
  }

  const fetchKeySet: GatewayFetch = (url, init) => {
    asked += 1;
    const request = new Request(url, init);
    return chain.between === undefined ? ask(request) : chain.between(() => ask(request));
  };
  const verifier = createVerifier({
    issuer: TEST_ISSUER,
    audiences: ["api"],
    anchors: [ring.root.jwk],
    keySets: fromUrl(GATEWAY, { fetch: fetchKeySet }),
    clock: () => nowMs,
  });
  const chain: GatewayChain = {
    kv,
    verifier,
    get asked() {
      return asked;
    },
    between: undefined,
    setNow(value) {
      nowMs = value;
    },
    async ask(token, atMs) {
      nowMs = atMs;
      const work = collectBackgroundWork();
      const answer = await verifier.verify(token, work);
      await work.settle();
      return answer.ok ? "passes" : answer.error.code;
    },
    async touchGateway(atMs) {
      nowMs = atMs;
      await (await ask(new Request(`${GATEWAY}/.well-known/jwks.json`))).body?.cancel();
    },
  };
  return chain;
}
