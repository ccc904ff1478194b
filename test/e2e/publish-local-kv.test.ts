/**
 * Publishing to the local KV API as it really is: the publisher's contract, the way from a signed document to the KV
 * binding that a Worker reads, and the trap that anything but the KV API is served under the base URL.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTestHarness } from "wrangler";
import type { TestHarness } from "wrangler";
import { createCloudflareKvPublisher } from "../../issuer/publish/cloudflare-kv.ts";
import { keySetKvKey } from "../../shared/key-set.ts";
import { signKeySet } from "../../issuer/publish/sign-key-set.ts";
import { importTrustAnchors, openKeySet } from "../../shared/signed-key-set.ts";
import { TEST_ISSUER, TEST_RING } from "../support/key-sets.ts";
import { firstKeySet, NOW } from "../support/key-set-parts.ts";
import { createLocalSigner } from "../support/local-signer.ts";
import { DOCUMENT, faultOf, MAIN, REV } from "../support/published-by.ts";
import { describePublisherContract } from "../support/publisher-contract.ts";
import { createVirtualClock } from "../support/virtual-clock.ts";
import { given, valueOf } from "../support/values.ts";

const NAMESPACE_ID = "key-sets";

interface LocalKv {
  readonly harness: TestHarness;
  readonly origin: URL;
  readonly baseUrl: string;
  close(): Promise<void>;
}

interface Bindings {
  readonly KEY_SETS: { get(key: string, options: { type: "text"; cacheTtl: number }): Promise<string | null> };
}

/** A Worker with the KV binding, and the KV API beside it. The Worker answers everything with 200, as a gateway might. */
async function startLocalKv(): Promise<LocalKv> {
  const root = await mkdtemp(join(tmpdir(), "sealgate-local-kv-"));
  await writeFile(join(root, "worker.js"), 'export default { fetch: () => new Response("hello from the Worker") };');
  const config = {
    name: "local-kv",
    main: join(root, "worker.js"),
    compatibility_date: "2026-11-01",
    kv_namespaces: [{ binding: "KEY_SETS", id: NAMESPACE_ID }],
  };
  const harness = createTestHarness({ root, workers: [{ config }] });
  const { url } = await harness.listen();
  return {
    harness,
    origin: url,
    baseUrl: new URL("/cdn-cgi/local/explorer/api", url).href,
    close: async () => {
      await harness.close();
      await rm(root, { recursive: true });
    },
  };
}

describePublisherContract("the local KV API", async () => {
  const local = await startLocalKv();
  const options = { baseUrl: local.baseUrl, namespaceId: NAMESPACE_ID, clock: createVirtualClock() };
  return { options, afterASecond: () => undefined, close: () => local.close() };
});

describe("the local KV API and the Worker beside it", () => {
  let local: LocalKv;

  beforeAll(async () => {
    local = await startLocalKv();
  });

  afterAll(async () => {
    await local.close();
  });

  test("a signed key set that was published is what the Worker's binding reads, and it opens there", async () => {
    const root = await createLocalSigner("ES256");
    const document = await firstKeySet();
    const text = await signKeySet(document, root, NOW);
    const publisher = createCloudflareKvPublisher({ baseUrl: local.baseUrl, namespaceId: NAMESPACE_ID });
    await publisher.publish(MAIN, text, document.rev);
    const { KEY_SETS } = await local.harness.getWorker<Bindings>().getEnv();
    const read = await KEY_SETS.get(keySetKvKey(MAIN), { type: "text", cacheTtl: 60 });
    expect(read).toBe(text);
    const anchors = valueOf(await importTrustAnchors([root.jwk]));
    const rules = { anchors, issuer: TEST_ISSUER, ring: TEST_RING, leastRev: document.rev };
    const opened = valueOf(await openKeySet(given(read ?? undefined), rules, NOW));
    expect(opened.document.keys.map(({ state }) => state)).toEqual(["active", "pending"]);
  });

  test("a base URL that reaches the Worker instead of the API is not taken for a publish", async () => {
    const publisher = createCloudflareKvPublisher({ baseUrl: new URL("/api", local.origin).href, namespaceId: "x" });
    const fault = await faultOf(publisher.publish(MAIN, DOCUMENT, REV));
    expect(fault).toMatchObject({ code: "publish_failed", retryable: false });
  });

  test("a base URL with an account segment, which the local API does not have, is publish_not_found", async () => {
    const baseUrl = `${local.baseUrl}/accounts/0123456789abcdef0123456789abcdef`;
    const publisher = createCloudflareKvPublisher({ baseUrl, namespaceId: NAMESPACE_ID });
    expect(await faultOf(publisher.read(MAIN))).toMatchObject({ code: "publish_not_found" });
  });
});
