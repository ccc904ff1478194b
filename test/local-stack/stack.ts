/**
 * Everything of sealgate on one machine: embedded KMS, a ring, the local KV API, the Worker and an origin in workerd.
 * Ports are free ones, keys and entries are in memory only, and no configuration of the machine (AWS or Cloudflare) is
 * read, so two stacks run side by side. Used by `npm run demo`, `npm start` and the end-to-end tests.
 */
import type { Alg } from "../../shared/algorithms.ts";
import { epochSecondsFromMs, parseIssuerUrl, parseRingName } from "../../shared/identifiers.ts";
import type { IssuerUrl, RingName } from "../../shared/identifiers.ts";
import { serialiseJwk } from "../../shared/key-set.ts";
import { DEFAULT_TIMING } from "../../shared/timing.ts";
import type { EdgeTiming } from "../../shared/timing.ts";
import { createCloudflareKvPublisher } from "../../issuer/publish/cloudflare-kv.ts";
import type { KeySetPublisher, RevocationsPublisher } from "../../issuer/publish/publisher.ts";
import type { RevocationStore } from "../../issuer/revocations/store.ts";
import { startTable } from "../support/dynamodb.ts";
import { startTestKms } from "../support/kms.ts";
import type { TestKms } from "../support/kms.ts";
import { REVS_PER_SECOND } from "../../issuer/key-ring/rev.ts";
import { createDemoRing, signDemoKeySet, signDemoList } from "./demo-ring.ts";
import type { DemoRing } from "./demo-ring.ts";
import { LOCAL_NAMESPACE_ID, startGateway } from "./gateway.ts";
import type { Gateway } from "./gateway.ts";

export const LOCAL_ISSUER = "https://auth.example.com";
export const LOCAL_AUDIENCE = "https://api.example.com";
export const LOCAL_RING = "main";

export interface StackOptions {
  /** One generation each; the last one is active. */
  readonly algs: readonly Alg[];
  readonly timing?: Partial<EdgeTiming>;
  /** Whether tokens can be taken back: a table in DynamoDB's protocol, and a gateway that requires the list. */
  readonly revocations?: boolean;
}

export interface Stack {
  readonly kms: TestKms;
  readonly ring: DemoRing;
  readonly gateway: Gateway;
  readonly publisher: KeySetPublisher & RevocationsPublisher;
  /** The truth about taken-back tokens. */
  readonly store: RevocationStore | undefined;
  readonly issuer: IssuerUrl;
  readonly ringName: RingName;
  /** Signs and publishes the ring's document. @returns its rev and size */
  publish(): Promise<{ readonly rev: number; readonly bytes: number }>;
  /** Signs and publishes the list of what the table says. @returns how many entries it has */
  publishList(): Promise<number>;
  close(): Promise<void>;
}

export async function startStack({ algs, timing, revocations = false }: StackOptions): Promise<Stack> {
  const { issuer, ringName } = names();
  const kms = await startTestKms();
  const table = revocations ? await startTable("sealgate-revocations") : undefined;
  let gateway: Gateway | undefined;
  const close = async (): Promise<void> => {
    await gateway?.close();
    await table?.close();
    await kms.close();
  };
  try {
    const ring = await createDemoRing(kms.kms, ringName, algs);
    gateway = await startGateway({
      issuer,
      audience: LOCAL_AUDIENCE,
      ring: ringName,
      trustAnchors: [serialiseJwk(ring.root.jwk, ring.root.kid)],
      ...(revocations ? { main: "test/local-stack/worker.ts", vars: { REVOCATIONS: "required" } } : {}),
    });
    const edge = gateway;
    const publisher = createCloudflareKvPublisher({ baseUrl: edge.kvBaseUrl, namespaceId: LOCAL_NAMESPACE_ID });
    let rev = 0;
    return {
      kms,
      ring,
      gateway: edge,
      publisher,
      store: table?.store,
      issuer,
      ringName,
      async publish() {
        const now = epochSecondsFromMs(Date.now());
        rev = Math.max(rev + 1, now * REVS_PER_SECOND);
        const text = await signDemoKeySet(ring, {
          issuer,
          timing: { ...DEFAULT_TIMING, ...timing },
          now,
          rev,
        });
        await publisher.publish(ringName, text, rev);
        return { rev, bytes: text.length };
      },
      async publishList() {
        if (table === undefined) throw new TypeError("this stack has no table");
        const list = await signDemoList(ring, table.store, issuer);
        await publisher.publishRevocations(ringName, list.text, list.rev);
        return list.entries;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function names(): { issuer: IssuerUrl; ringName: RingName } {
  const issuer = parseIssuerUrl(LOCAL_ISSUER);
  const ringName = parseRingName(LOCAL_RING);
  if (!issuer.ok || ringName === undefined) throw new TypeError("the names of the local stack are wrong");
  return { issuer: issuer.value, ringName };
}
