/**
 * A soak run: the local stack under sustained traffic while its ring is rotated and its surroundings fail. Bounded in time
 * and in requests, on this machine only. Everything runs for real but the KMS, which is the embedded one.
 */
import { createCloudflareKvPublisher } from "../../issuer/publish/cloudflare-kv.ts";
import { parseIssuerUrl, parseRingName } from "../../shared/identifiers.ts";
import { keySetKvKey, serialiseJwk } from "../../shared/key-set.ts";
import { DEFAULT_TIMING } from "../../shared/timing.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER, LOCAL_RING } from "../local-stack/stack.ts";
import { startTestKms } from "../support/kms.ts";
import { given, valueOf } from "../support/values.ts";
import { conduct, noDeeds } from "./conductor.ts";
import type { Deeds } from "./conductor.ts";
import { SOAK_NAMESPACE_ID, startSoakGateway } from "./gateway.ts";
import type { SoakGateway } from "./gateway.ts";
import { startSoakOrigin } from "./origin.ts";
import { createSoakRing } from "./ring.ts";
import { createTally } from "./tally.ts";
import type { Tally } from "./tally.ts";
import { createSoakTokens } from "./tokens.ts";
import { runTraffic } from "./traffic.ts";
import { workerdRssMib } from "./workerd-memory.ts";

export interface SoakOptions {
  /** How long traffic flows. */
  readonly seconds: number;
  readonly requestsPerSecond: number;
  readonly concurrency: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export interface SoakReport {
  readonly tally: Tally;
  readonly deeds: Deeds;
  /** Bad tokens that reached the origin. Must be 0. */
  readonly badAtOrigin: number;
  readonly signed: number;
  /** What the issuer could not sign, by code. */
  readonly signFailures: Readonly<Record<string, number>>;
  readonly documents: number;
  /** Resident memory of workerd in MiB: after each fifth of the run, the first being its warming up; undefined where not known. */
  readonly memoryMib: readonly number[] | undefined;
}

const TIMING = { ...DEFAULT_TIMING, memoryTtlSeconds: 1, clockSkewSeconds: 1 };
const SLOW_ORIGIN_MS = 150;

export async function runSoak(options: SoakOptions): Promise<SoakReport> {
  const issuer = valueOf(parseIssuerUrl(LOCAL_ISSUER));
  const ringName = given(parseRingName(LOCAL_RING));
  await using cleanup = new AsyncDisposableStack();
  const kms = await startTestKms();
  cleanup.defer(() => kms.close());
  const origin = await startSoakOrigin(SLOW_ORIGIN_MS);
  cleanup.defer(() => origin.close());
  const ring = await createSoakRing({ kms, issuer, ring: ringName, timing: TIMING });
  const gateway = await startSoakGateway({
    ISSUER: issuer,
    AUDIENCE: LOCAL_AUDIENCE,
    RING: ringName,
    TRUST_ANCHORS: JSON.stringify([serialiseJwk(ring.root.jwk, ring.root.kid)]),
    ORIGIN_URL: origin.url,
  });
  cleanup.defer(() => gateway.close());
  const publisher = createCloudflareKvPublisher({ baseUrl: gateway.kvBaseUrl, namespaceId: SOAK_NAMESPACE_ID });
  const { random } = options;
  const audience = LOCAL_AUDIENCE;
  const tokens = await createSoakTokens({ issuer, audience, clockSkewSeconds: TIMING.clockSkewSeconds, random });
  await ring.publish(publisher);
  await tokens.mint(ring.active, 20);

  const tally = createTally();
  const deeds = noDeeds();
  const run = new AbortController();
  const memory: number[] = [];
  const maxRequests = options.seconds * options.requestsPerSecond;
  const { requestsPerSecond, concurrency } = options;
  const { signal } = run;
  const timer = setTimeout(() => run.abort(), options.seconds * 1000);
  cleanup.defer(() => clearTimeout(timer));
  // Whoever fails ends the run for the others, too.
  const together = (work: Promise<void>): Promise<void> => work.finally(() => run.abort());
  await Promise.all([
    runTraffic({ url: gateway.url, tokens, tally, requestsPerSecond, concurrency, maxRequests, signal }),
    together(
      conduct(
        {
          ring,
          kms,
          publisher,
          origin,
          tokens,
          signal,
          kv: foreignHands(gateway, keySetKvKey(ringName)),
          memoryTtlSeconds: TIMING.memoryTtlSeconds,
          clockSkewSeconds: TIMING.clockSkewSeconds,
          accepts: async (token) => (await ask(gateway.url, token)) !== 401,
        },
        deeds,
      ),
    ),
    together(every(150, signal, () => tokens.mint(ring.active, 3))),
    together(
      every(1000, signal, async () => {
        memory.push(...[workerdRssMib()].filter((mib) => mib !== undefined));
      }),
    ),
  ]);
  const { badRequests } = origin;
  const fifths = [1, 2, 3, 4, 5].map((fifth) => memory[Math.ceil((fifth * memory.length) / 5) - 1]);
  const memoryMib = memory.length === 0 ? undefined : fifths.map((mib) => given(mib));
  const { signed, failures } = tokens;
  const documents = ring.published;
  return { tally, deeds, badAtOrigin: badRequests, signed, signFailures: failures, documents, memoryMib };
}

/** What anybody with write access to the namespace can do. */
function foreignHands(gateway: SoakGateway, key: string): { overwrite(): Promise<void>; empty(): Promise<void> } {
  const namespace = `${gateway.kvBaseUrl}/storage/kv/namespaces/${SOAK_NAMESPACE_ID}`;
  const send = async (url: string, init: RequestInit): Promise<void> => {
    const response = await fetch(url, init);
    if (!response.ok) throw new Error(`the local KV API answered ${String(response.status)}`);
  };
  const headers = { "content-type": "application/json" };
  return {
    overwrite: () =>
      send(`${namespace}/bulk`, { method: "PUT", headers, body: JSON.stringify([{ key, value: "<html>not yours" }]) }),
    empty: () => send(`${namespace}/values/${encodeURIComponent(key)}`, { method: "DELETE" }),
  };
}

async function ask(url: string, token: string): Promise<number> {
  const response = await fetch(`${url}/api/orders`, { headers: { authorization: `Bearer ${token}` } });
  await response.text();
  return response.status;
}

/** Does the work, pauses, and again, until the signal says so. */
async function every(ms: number, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await work();
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
}
