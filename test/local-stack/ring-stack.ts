/**
 * The local stack with a real ring: created by the rotator itself in the embedded KMS and published through the local KV API
 * to the Worker. Used by `npm start` and by the end-to-end tests of rotation and revocation.
 */
import { createRingSource } from "../../issuer/key-ring/sign/ring-source.ts";
import { createRingPolicy } from "../../issuer/config/ring-policy.ts";
import type { RingPolicyOptions } from "../../issuer/config/ring-policy.ts";
import { createRingMemory, createRingPorts, reconcileRing, rootAnchorsOf } from "../../issuer/key-ring/index.ts";
import type {
  AuditEntry,
  ReconcileReport,
  RingPolicy,
  RingPorts,
  RingRequest,
  RingSigner,
} from "../../issuer/key-ring/index.ts";
import { createCloudflareKvPublisher } from "../../issuer/publish/cloudflare-kv.ts";
import { epochSecondsFromMs } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { startTable } from "../support/dynamodb.ts";
import { startTestKms } from "../support/kms.ts";
import type { TestKms } from "../support/kms.ts";
import { LOCAL_NAMESPACE_ID, startGateway } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER, LOCAL_RING } from "./stack.ts";

export interface RingStackOptions {
  /** What differs from the defaults of a policy. */
  readonly policy?: Omit<RingPolicyOptions, "ring" | "issuer">;
  /** Default "main". */
  readonly ring?: string;
  /** One that serves other rings as well: its owner deploys and closes it. */
  readonly gateway?: Gateway;
  /** Where KMS keeps its keys when it is stopped. */
  readonly kmsStateFile?: string;
  /** Whether tokens can be taken back: a table in DynamoDB's protocol, a list in KV, and a gateway that requires it. */
  readonly revocations?: boolean;
  /** The clock of KMS and of the rotator, epoch milliseconds; by default this host's. The Worker has its own. */
  readonly nowMs?: () => number;
}

export interface RingStack {
  readonly kms: TestKms;
  readonly gateway: Gateway;
  readonly policy: RingPolicy;
  /** The public root keys, as JWKs. */
  readonly trustAnchors: readonly object[];
  readonly ports: RingPorts;
  /** What the rotator has done so far. */
  readonly audit: readonly AuditEntry[];
  /** What `sealgate` needs to work with this stack. */
  readonly env: Readonly<Record<string, string>>;
  /** One run of the rotator, by a process that remembers nothing. */
  reconcile(request?: RingRequest): Promise<ReconcileReport>;
  /** A signer of the ring, on the stack's clock. */
  createSource(): RingSigner;
  close(): Promise<void>;
}

/** Short durations, so that a rotation is safe within a minute and a half. */
export const LOCAL_POLICY = {
  reconcileEverySeconds: 60,
  documentLifetimeSeconds: 3600,
  composeDeadlineSeconds: 4,
  publishDeadlineSeconds: 5,
  kvSpreadSeconds: 1,
  downstreamCacheSeconds: 5,
  kmsConsistencySeconds: 5,
  timing: {
    kvPropagationSeconds: 10,
    kvCacheTtlSeconds: 30,
    memoryTtlSeconds: 2,
    clockSkewSeconds: 3,
    maxTokenTtlSeconds: 300,
    signerLagSeconds: 10,
  },
} as const satisfies RingStackOptions["policy"];

export async function startRingStack({
  policy: changes = {},
  ring = LOCAL_RING,
  gateway: shared,
  kmsStateFile,
  revocations = false,
  nowMs = Date.now,
}: RingStackOptions = {}): Promise<RingStack> {
  const policy = createRingPolicy({ ...changes, ring, issuer: LOCAL_ISSUER });
  const kms = await startTestKms({ now: nowMs, ...(kmsStateFile !== undefined && { stateFile: kmsStateFile }) });
  const table = revocations ? await startTable("sealgate-revocations") : undefined;
  let gateway: Gateway | undefined;
  const close = async (): Promise<void> => {
    await gateway?.close();
    await table?.close();
    await kms.close();
  };
  try {
    // In the order of a first deployment: KV, then the ring and its list, then the Worker with the root key pinned.
    const settings = { issuer: LOCAL_ISSUER, audience: LOCAL_AUDIENCE, ring, trustAnchors: [] };
    const main = table === undefined ? {} : { main: "test/local-stack/worker.ts" };
    const edge = shared ?? (gateway = await startGateway({ ...settings, ...main }));
    const audit: AuditEntry[] = [];
    const clock = (): EpochSeconds => epochSecondsFromMs(nowMs());
    const publisher = createCloudflareKvPublisher({ baseUrl: edge.kvBaseUrl, namespaceId: LOCAL_NAMESPACE_ID });
    const ports = createRingPorts({
      kms: kms.kms,
      publisher,
      audit: (entry) => void audit.push(entry),
      clock,
      ...(table === undefined ? {} : { revocations: { store: table.store, publisher } }),
    });
    const reconcile = (request?: RingRequest): Promise<ReconcileReport> =>
      reconcileRing(ports, { policy, memory: createRingMemory(), actor: "local stack", request });
    const { observed } = await reconcile({ kind: "init" });
    const trustAnchors = rootAnchorsOf(observed).map(({ jwk }) => jwk);
    // A Worker that starts anew asks this machine's KV, which shows the list at once: elsewhere one waits for S + K + 1.
    const required = table === undefined ? {} : { REVOCATIONS: "required" };
    if (shared === undefined) await edge.deploy({ TRUST_ANCHORS: JSON.stringify(trustAnchors), ...required });
    return {
      kms,
      gateway: edge,
      policy,
      trustAnchors,
      ports,
      audit,
      env: {
        ...kms.env,
        ...table?.env,
        SEALGATE_ISSUER: LOCAL_ISSUER,
        SEALGATE_RING: ring,
        SEALGATE_KV_BASE_URL: edge.kvBaseUrl,
        SEALGATE_KV_NAMESPACE_ID: LOCAL_NAMESPACE_ID,
        SEALGATE_POLICY: JSON.stringify(changes),
      },
      reconcile,
      createSource: () => createRingSource(policy, { kms: kms.kms, clock }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
