/** Reading a ring's entry from a real KV namespace, whole and not beyond its limit. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { createKvKeySetReader } from "../../../../shared/keys/key-set-reader.ts";
import type { KeySetNamespace } from "../../../../shared/keys/key-set-reader.ts";
import { parseRingName } from "../../../../shared/identifiers.ts";
import { MAX_KEY_SET_BYTES } from "../../../../shared/signed-key-set.ts";
import { given } from "../../../support/values.ts";

const ring = given(parseRingName("source-test"));
const KEY = "key-set:source-test";

describe("the reader of a KV entry", () => {
  beforeEach(() => env.KEY_SETS.delete(KEY));

  test("reads the entry of its ring, byte for byte", async () => {
    await env.KEY_SETS.put(KEY, "aGVhZGVy.cGF5bG9hZA.c2ln");
    await env.KEY_SETS.put("key-set:other", "other");
    expect(await createKvKeySetReader(env.KEY_SETS, ring).read(60)).toEqual({
      text: "aGVhZGVy.cGF5bG9hZA.c2ln",
      ageSeconds: 0,
    });
  });

  test("answers null when there is no entry", async () => {
    expect(await createKvKeySetReader(env.KEY_SETS, ring).read(60)).toBeNull();
  });

  test("joins a character that is split between two chunks, and keeps a byte order mark", async () => {
    const bytes = new TextEncoder().encode("\ufeffé");
    const split = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes.subarray(0, 4));
        controller.enqueue(bytes.subarray(4));
        controller.close();
      },
    });
    const namespace: KeySetNamespace = { get: async () => split };
    expect(await createKvKeySetReader(namespace, ring).read(60)).toMatchObject({ text: "\ufeffé" });
  });

  test("keeps no more of a 25 MiB value than is needed to see that it is too large", async () => {
    await env.KEY_SETS.put(KEY, "a".repeat(25 * 1024 * 1024));
    const reading = await createKvKeySetReader(env.KEY_SETS, ring).read(60);
    expect(reading?.text.length).toBe(MAX_KEY_SET_BYTES + 1);
  });

  test("stops reading at the limit, and cancels the rest", async () => {
    const cancelled = Promise.withResolvers<void>();
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(97)),
      cancel: () => cancelled.resolve(),
    });
    const reading = await createKvKeySetReader({ get: async () => endless }, ring).read(60);
    expect(reading?.text.length).toBe(MAX_KEY_SET_BYTES + 1);
    await cancelled.promise;
  });

  test("reads a value of exactly the largest size whole", async () => {
    await env.KEY_SETS.put(KEY, "a".repeat(MAX_KEY_SET_BYTES));
    expect((await createKvKeySetReader(env.KEY_SETS, ring).read(60))?.text.length).toBe(MAX_KEY_SET_BYTES);
  });

  test("passes cacheTtl to KV, which refuses less than 30 seconds; what KV throws is thrown", async () => {
    await env.KEY_SETS.put(KEY, "text");
    const reader = createKvKeySetReader(env.KEY_SETS, ring);
    expect(await reader.read(30)).toMatchObject({ text: "text" });
    await expect(reader.read(29)).rejects.toThrow("cache_ttl");
  });
});
