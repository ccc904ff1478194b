/**
 * A ring whose tokens can be taken back, with a network that can be cut in three places: between rotator and revokers and DynamoDB,
 * between rotator and Cloudflare's API, and between the gateway and KV. Everything else is real: KMS's and DynamoDB's protocol, the
 * program's own `--watch`, the Worker in workerd.
 *
 * The clock of KMS, rotator and signers runs faster than the Worker's, which is the host's: their pauses are shorter by that factor.
 */
import { createServer } from "node:http";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { onTestFinished } from "vitest";
import { watchRing } from "../../../issuer/cli/ring/watch.ts";
import { createRingPolicy } from "../../../issuer/config/ring-policy.ts";
import { createRingMemory, createRingPorts, reconcileRing, rootAnchorsOf } from "../../../issuer/key-ring/index.ts";
import type { AuditEntry, RingPolicy, RingPorts, RingSigner } from "../../../issuer/key-ring/index.ts";
import { createRingSource } from "../../../issuer/key-ring/sign/ring-source.ts";
import { createCloudflareKvPublisher } from "../../../issuer/publish/cloudflare-kv.ts";
import { systemClock } from "../../../issuer/publish/retry.ts";
import { createDynamoDbRevocations } from "../../../issuer/revocations/dynamodb/store.ts";
import { createRevocations } from "../../../issuer/revocations/revocations.ts";
import type { Revocations } from "../../../issuer/revocations/revocations.ts";
import { epochSecondsFromMs } from "../../../shared/identifiers.ts";
import { stalenessBoundSeconds } from "../../../shared/timing.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "../../local-stack/stack.ts";
import { startCutProxy } from "../../support/cut-proxy.ts";
import type { CutProxy } from "../../support/cut-proxy.ts";
import { startTable } from "../../support/dynamodb.ts";
import { startFakeCloudflare } from "../../support/fake-cloudflare.ts";
import { startTestKms } from "../../support/kms.ts";
import { buildGatewayOf } from "../../support/worker-bundle.ts";
import { testIo } from "../../unit/issuer/cli/support.ts";

/** Seconds of the rotator in one of the host's. */
const SPEED = 20;

/** The fast clock starts so far in the past that nothing of the test is ever issued in the Worker's future. */
const HEAD_START_MS = 4 * 3600 * 1000;

/** In the rotator's seconds. W holds M, which the Worker obeys in real time, and what a busy machine takes. */
const POLICY = {
  reconcileEverySeconds: 60,
  composeDeadlineSeconds: 400,
  publishDeadlineSeconds: 100,
  kvSpreadSeconds: 1,
  downstreamCacheSeconds: 1,
  kmsConsistencySeconds: 0,
  timing: {
    kvPropagationSeconds: 600,
    kvCacheTtlSeconds: 30,
    memoryTtlSeconds: 1,
    clockSkewSeconds: 1,
    // Tokens live by the host's clock: 300 s of it.
    maxTokenTtlSeconds: 6000,
    signerLagSeconds: 40,
  },
} as const;

/** Between two lists, and the longest until the table is asked. */
const LIST_SECONDS = 10;

/** 10 s + S, in real milliseconds. */
export const BOUND_MS = ((LIST_SECONDS + stalenessBoundSeconds(POLICY.timing)) * 1000) / SPEED;

export interface RevocationsWorld {
  readonly gatewayUrl: string;
  readonly policy: RingPolicy;
  readonly ports: RingPorts;
  readonly revocations: Revocations;
  readonly audit: readonly AuditEntry[];
  /** Between rotator and revokers and the table; rotator and Cloudflare's API; gateway and KV. */
  readonly networks: { readonly dynamodb: CutProxy; readonly api: CutProxy; readonly kv: CutProxy };
  createSource(): RingSigner;
}

const ROUTES = `import { defineRoutes } from "sealgate/edge-verifier"; export default defineRoutes([{ path: "/api/*", require: {} }]);`;

/** A KV binding over HTTP: to the Worker it has the method that it uses, and what that throws is thrown across processes. */
const KV_WORKER = `
import { WorkerEntrypoint } from "cloudflare:workers";
export class Kv extends WorkerEntrypoint {
  async get(key) {
    const response = await fetch(this.env.KV_URL + encodeURIComponent(key));
    if (response.status === 404) return null;
    if (!response.ok) throw new Error("KV GET failed: " + response.status);
    return response.body;
  }
}
export default { fetch: () => new Response(null, { status: 404 }) };
`;

export async function startRevocationsWorld(): Promise<RevocationsWorld> {
  const nowMs = fastClock();
  const clock = () => epochSecondsFromMs(nowMs.read());
  const kms = await startTestKms({ now: nowMs.read });
  onTestFinished(() => kms.close());
  const [table, cloudflare] = await Promise.all([
    startTable("sealgate-revocations"),
    startFakeCloudflare({ epochMs: nowMs.read }),
  ]);
  onTestFinished(async () => void (await Promise.all([table.close(), cloudflare.close()])));
  const [dynamodb, api, kv] = await Promise.all([
    startCutProxy(table.dynamodb.endpoint),
    startCutProxy(cloudflare.baseUrl),
    startCutProxy(cloudflare.baseUrl),
  ]);
  onTestFinished(async () => void (await Promise.all([dynamodb, api, kv].map((network) => network.close()))));
  process.env["AWS_ENDPOINT_URL_DYNAMODB"] = dynamodb.url;
  const store = createDynamoDbRevocations("sealgate-revocations");
  const { namespaceId } = cloudflare;
  const publisher = createCloudflareKvPublisher({
    baseUrl: api.url,
    namespaceId,
    deadlineMs: 2000,
    // The API's clock is the rotator's; an answer that takes a second of the host's is many of theirs.
    maxClockSkewSeconds: 3600,
    clock: { ...systemClock, epochMs: nowMs.read },
  });
  const policy = createRingPolicy({ ...POLICY, ring: "main", issuer: LOCAL_ISSUER });
  const audit: AuditEntry[] = [];
  const ports = createRingPorts({
    kms: kms.kms,
    publisher,
    revocations: { store, publisher },
    audit: (entry) => void audit.push(entry),
    clock,
    monotonicMs: () => performance.now() * SPEED,
  });
  const options = { policy, memory: createRingMemory(), actor: "test" };
  // Ten minutes and more, in which the listing of the pending key settles and every edge has the list.
  const { observed } = await reconcileRing(ports, { ...options, request: { kind: "init" } });
  for (let turn = 0; turn < 2; turn += 1) {
    nowMs.advance(900_000);
    await reconcileRing(ports, options);
  }
  const gatewayUrl = await startGateway(
    JSON.stringify(rootAnchorsOf(observed).map(({ jwk }) => jwk)),
    `${kv.url}/storage/kv/namespaces/${namespaceId}/values/`,
  );
  const stop = new AbortController();
  const io = testIo({
    sleep: (ms, signal) => delay(ms / SPEED, undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
    interrupted: stop.signal,
  });
  const watching = watchRing(io, { policy, ports, options, changes: store }, {});
  onTestFinished(async () => {
    stop.abort();
    await watching;
  });
  return {
    gatewayUrl,
    policy,
    ports,
    revocations: createRevocations({ issuer: LOCAL_ISSUER, tables: [store], clockSkewSeconds: 1 }),
    audit,
    networks: { dynamodb, api, kv },
    createSource: () => createRingSource(policy, { kms: kms.kms, clock }),
  };
}

function fastClock(): { readonly read: () => number; advance(ms: number): void } {
  const startedAtMs = Date.now();
  let offsetMs = -HEAD_START_MS;
  return {
    read: () => startedAtMs + offsetMs + (Date.now() - startedAtMs) * SPEED,
    advance: (ms) => {
      offsetMs += ms;
    },
  };
}

async function startGateway(anchors: string, kvUrl: string): Promise<string> {
  const origin = createServer((_, response) => void response.end("the origin"));
  await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void origin.close());
  const address = origin.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const runtime = { modules: true as const, compatibilityDate: "2026-11-01" };
  const worker = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      // The gateway's events.
      handleRuntimeStdio: (out: Readable, err: Readable) => void [out.resume(), err.resume()],
      workers: [
        {
          name: "gateway",
          ...runtime,
          script: await buildGatewayOf(ROUTES, ["revocations"]),
          compatibilityFlags: ["no_nodejs_compat", "no_nodejs_compat_v2"],
          serviceBindings: { KEY_SETS: { name: "kv", entrypoint: "Kv" } },
          bindings: {
            ISSUER: LOCAL_ISSUER,
            AUDIENCE: LOCAL_AUDIENCE,
            RING: "main",
            TRUST_ANCHORS: anchors,
            ORIGIN_URL: `http://127.0.0.1:${String(port)}`,
            REVOCATIONS: "required",
          },
        },
        { name: "kv", ...runtime, script: KV_WORKER, bindings: { KV_URL: kvUrl } },
      ],
    }),
  );
  onTestFinished(() => worker.dispose());
  return (await worker.ready).origin;
}
