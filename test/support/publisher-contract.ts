/**
 * What every key set publisher over the KV REST API must do, whatever is behind the API: run against the fake of the unit
 * tests and against the local KV API, so that neither the fake nor the adapter can drift from what is real.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCloudflareKvPublisher } from "../../issuer/publish/cloudflare-kv.ts";
import type { CloudflareKvOptions } from "../../issuer/publish/cloudflare-kv-options.ts";
import { parseRingName } from "../../shared/identifiers.ts";
import type { RingName } from "../../shared/identifiers.ts";
import { isJsonObject } from "../../shared/json.ts";
import { MAX_KEY_SET_BYTES } from "../../shared/signed-key-set.ts";
import { given } from "./values.ts";

/** An API that is running, with an empty namespace. */
export interface KvTarget {
  readonly options: CloudflareKvOptions;
  /** Lets a second pass, for a store that limits the writes to one key. */
  readonly afterASecond: () => void;
  close(): Promise<void>;
}

export function ringOf(name: string): RingName {
  return given(parseRingName(name));
}

/** A text of the form of a compact JWS; publishers do not look inside. */
export function documentOf(content: string): string {
  return `eyJh.${Buffer.from(content).toString("base64url")}.c2ln`;
}

export function describePublisherContract(name: string, start: () => Promise<KvTarget>): void {
  describe(`the publisher contract, on ${name}`, () => {
    let target: KvTarget;

    beforeAll(async () => {
      target = await start();
    });

    afterAll(async () => {
      await target.close();
    });

    test("a ring that was never published is absent, not an error", async () => {
      expect(await createCloudflareKvPublisher(target.options).read(ringOf("never"))).toBeUndefined();
    });

    test("what was published is read back, byte for byte", async () => {
      const publisher = createCloudflareKvPublisher(target.options);
      const published = await publisher.publish(ringOf("first"), documentOf("one"), 1_800_000_000);
      expect(published.rev).toBe(1_800_000_000);
      expect(await publisher.read(ringOf("first"))).toBe(documentOf("one"));
    });

    test("a second document replaces the first, also for another publisher", async () => {
      await createCloudflareKvPublisher(target.options).publish(ringOf("second"), documentOf("one"), 1);
      await createCloudflareKvPublisher(target.options).publish(ringOf("second"), documentOf("two"), 2);
      expect(await createCloudflareKvPublisher(target.options).read(ringOf("second"))).toBe(documentOf("two"));
    });

    test("the same document may be published again", async () => {
      const publisher = createCloudflareKvPublisher(target.options);
      await publisher.publish(ringOf("again"), documentOf("one"), 1);
      await publisher.publish(ringOf("again"), documentOf("one"), 1);
      expect(await publisher.read(ringOf("again"))).toBe(documentOf("one"));
    });

    test("rings do not share their documents", async () => {
      const publisher = createCloudflareKvPublisher(target.options);
      await publisher.publish(ringOf("ring-a"), documentOf("a"), 1);
      await publisher.publish(ringOf("ring-b"), documentOf("b"), 1);
      expect(await publisher.read(ringOf("ring-a"))).toBe(documentOf("a"));
      expect(await publisher.read(ringOf("ring-b"))).toBe(documentOf("b"));
    });

    test("the entry stands under key-set:<ring> with the rev as metadata", async () => {
      await createCloudflareKvPublisher(target.options).publish(ringOf("layout"), documentOf("one"), 1_800_000_007);
      const { body } = await request(target, "GET", "/keys?prefix=key-set%3Alayout");
      expect(isJsonObject(body) ? body["result"] : undefined).toEqual([
        { name: "key-set:layout", metadata: { rev: 1_800_000_007 } },
      ]);
    });

    test("a document of a megabyte survives", async () => {
      const large = documentOf("x".repeat(750_000));
      const publisher = createCloudflareKvPublisher(target.options);
      await publisher.publish(ringOf("large"), large, 1);
      expect(await publisher.read(ringOf("large"))).toBe(large);
    });

    test.each([
      ["garbage", "<html>not a key set</html>"],
      ["nothing", ""],
      ["a byte order mark before the document", `\uFEFF${documentOf("mine")}`],
      ["JSON that looks like an error", '{"success":false,"errors":[{"code":10009}]}'],
    ])("%s put there by somebody else is returned as it is, and can be replaced", async (_what, foreign) => {
      const publisher = createCloudflareKvPublisher(target.options);
      target.afterASecond();
      await request(target, "PUT", "/bulk", [{ key: "key-set:foreign", value: foreign }]);
      expect(await publisher.read(ringOf("foreign"))).toBe(foreign);
      await publisher.publish(ringOf("foreign"), documentOf("mine"), 1);
      expect(await publisher.read(ringOf("foreign"))).toBe(documentOf("mine"));
    });

    test("a value that is too large comes back cut, just too large for a key set, and can be replaced", async () => {
      const publisher = createCloudflareKvPublisher(target.options);
      await request(target, "PUT", "/bulk", [{ key: "key-set:huge", value: "x".repeat(8 * 1024 * 1024) }]);
      expect(await publisher.read(ringOf("huge"))).toHaveLength(MAX_KEY_SET_BYTES + 1);
      await publisher.publish(ringOf("huge"), documentOf("mine"), 1);
      expect(await publisher.read(ringOf("huge"))).toBe(documentOf("mine"));
    });

    test("of two publishers at once, one document stays, and who is told of success wrote it or was overwritten", async () => {
      const ring = ringOf("race");
      const texts = [documentOf("left"), documentOf("right")];
      const outcomes = await Promise.allSettled(
        texts.map((text) => createCloudflareKvPublisher(target.options).publish(ring, text, 1)),
      );
      expect(texts).toContain(await createCloudflareKvPublisher(target.options).read(ring));
      expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBeGreaterThan(0);
      const reasons = outcomes.flatMap((outcome): unknown[] => (outcome.status === "rejected" ? [outcome.reason] : []));
      expect(reasons).toEqual(reasons.map(() => expect.objectContaining({ code: "publish_not_confirmed" })));
    });
  });
}

/** A call of the API past the publisher. */
async function request(
  { options }: KvTarget,
  method: string,
  path: string,
  content?: unknown,
): Promise<{ body: unknown }> {
  const url = `${options.baseUrl}/storage/kv/namespaces/${options.namespaceId}${path}`;
  const token = typeof options.apiToken === "string" ? options.apiToken : "none";
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const init = content === undefined ? { method, headers } : { method, headers, body: JSON.stringify(content) };
  const response = await fetch(url, init);
  expect(response.status).toBe(200);
  return { body: await response.json() };
}
