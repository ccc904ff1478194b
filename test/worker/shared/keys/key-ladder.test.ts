/** The rungs, one by one, over the real KV binding. */
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createKvKeySetReader } from "../../../../shared/keys/key-set-reader.ts";
import type { KeySetReader } from "../../../../shared/keys/key-set-reader.ts";
import { parseRingName } from "../../../../shared/identifiers.ts";
import { ISSUED_AT, ISSUED_AT_MS as T0, makeLadder, makeRing, MEMORY_TTL_MS } from "../../../support/edge-ring.ts";
import type { TestRing } from "../../../support/edge-ring.ts";
import { seconds, TEST_TIMING } from "../../../support/key-sets.ts";
import { collectBackgroundWork, createScriptedReader } from "../../../support/key-set-readers.ts";
import { errorOf, given, valueOf } from "../../../support/values.ts";

const KEY = "key-set:ladder-test";

/** The real binding, with the cacheTtl of each read written down. */
function countedKv(): KeySetReader & { readonly reads: readonly number[] } {
  const reader = createKvKeySetReader(env.KEY_SETS, given(parseRingName("ladder-test")));
  const reads: number[] = [];
  return {
    reads,
    read(cacheTtlSeconds) {
      reads.push(cacheTtlSeconds);
      return reader.read(cacheTtlSeconds);
    },
  };
}

let ring: TestRing;
beforeAll(async () => {
  ring = await makeRing();
});

beforeEach(() => env.KEY_SETS.delete(KEY));

describe("first request", () => {
  test("reads KV once, with the shortest cacheTtl, and holds the document's keys", async () => {
    await env.KEY_SETS.put(KEY, await ring.publish());
    const kv = countedKv();
    const { waitUntil } = collectBackgroundWork();
    const ladder = makeLadder(ring, kv);
    expect(ladder.ready(T0, waitUntil)).toBeUndefined();
    const held = valueOf(await ladder.current(T0, waitUntil));
    expect(held).toMatchObject({ source: "memory", ageSeconds: 0 });
    expect(held.keySet.find(ring.key.kid)).toMatchObject({ kid: ring.key.kid });
    expect(kv.reads).toEqual([30]);
  });

  test("without an entry in KV there are no keys, and Retry-After is at least a second", async () => {
    const { waitUntil } = collectBackgroundWork();
    const unavailable = errorOf(await makeLadder(ring, countedKv()).current(T0, waitUntil));
    expect(unavailable).toMatchObject({ code: "keys_unavailable", problem: "key_set_missing" });
    expect(unavailable.retryAfterSeconds).toBeGreaterThanOrEqual(1);
  });
});

describe("memory", () => {
  test("is used without asking KV until M/2", async () => {
    await env.KEY_SETS.put(KEY, await ring.publish());
    const kv = countedKv();
    const work = collectBackgroundWork();
    const ladder = makeLadder(ring, kv);
    const first = valueOf(await ladder.current(T0, work.waitUntil));
    const held = ladder.ready(T0 + MEMORY_TTL_MS / 2 - 1, work.waitUntil);
    expect(held).toMatchObject({ source: "memory", ageSeconds: 14.999 });
    expect(held?.keySet).toBe(first.keySet);
    expect(kv.reads).toHaveLength(1);
  });

  test("from M/2 on, one background refresh runs while the request goes on with what is held", async () => {
    await env.KEY_SETS.put(KEY, await ring.publish());
    const kv = countedKv();
    const work = collectBackgroundWork();
    const ladder = makeLadder(ring, kv);
    await ladder.current(T0, work.waitUntil);
    await env.KEY_SETS.put(KEY, await ring.publish({ rev: 11 }, [ring.key, ring.newKey]));
    const during = [0, 1, 2].map((ms) => ladder.ready(T0 + MEMORY_TTL_MS / 2 + ms, work.waitUntil));
    expect(during.map((held) => held?.keySet.document.rev)).toEqual([10, 10, 10]);
    expect(kv.reads).toHaveLength(2);
    await work.settle();
    const after = given(ladder.ready(T0 + MEMORY_TTL_MS / 2 + 3, work.waitUntil));
    expect(after).toMatchObject({ source: "memory", ageSeconds: 0.003 });
    expect(after.keySet.document.rev).toBe(11);
  });

  test("the M of the document is obeyed from then on, and its cacheTtl by the refresh of a copy younger than M", async () => {
    const timing = { ...TEST_TIMING, kvCacheTtlSeconds: 45, memoryTtlSeconds: 10 };
    await env.KEY_SETS.put(KEY, await ring.publish({ timing }));
    const kv = countedKv();
    const work = collectBackgroundWork();
    const ladder = makeLadder(ring, kv);
    await ladder.current(T0, work.waitUntil);
    expect(ladder.ready(T0 + 9999, work.waitUntil)?.source).toBe("memory");
    await work.settle();
    expect(kv.reads).toEqual([30, 45]);
  });
});

describe("past M", () => {
  test("a request waits for its own KV read and gets the newer document", async () => {
    await env.KEY_SETS.put(KEY, await ring.publish());
    const kv = countedKv();
    const { waitUntil } = collectBackgroundWork();
    const ladder = makeLadder(ring, kv);
    await ladder.current(T0, waitUntil);
    await env.KEY_SETS.put(KEY, await ring.publish({ rev: 11, keys: [] }));
    expect(ladder.ready(T0 + MEMORY_TTL_MS, waitUntil)).toBeUndefined();
    const held = valueOf(await ladder.current(T0 + MEMORY_TTL_MS, waitUntil));
    expect(held).toMatchObject({ source: "memory", ageSeconds: 0 });
    expect(held.keySet.find(ring.key.kid)).toBeUndefined();
    expect(kv.reads).toHaveLength(2);
  });

  test("unchanged bytes renew the age without another signature check, hash, import or key set", async () => {
    await env.KEY_SETS.put(KEY, await ring.publish());
    const { waitUntil } = collectBackgroundWork();
    const ladder = makeLadder(ring, countedKv());
    const first = valueOf(await ladder.current(T0, waitUntil));
    const costly = (["verify", "digest", "importKey"] as const).map((name) => vi.spyOn(crypto.subtle, name));
    const second = valueOf(await ladder.current(T0 + MEMORY_TTL_MS, waitUntil));
    expect(costly.map((call) => call.mock.calls.length)).toEqual([0, 0, 0]);
    for (const call of costly) call.mockRestore();
    expect(second.keySet).toBe(first.keySet);
    expect(second.source).toBe("memory");
    expect(ladder.ready(T0 + MEMORY_TTL_MS + 10_000, waitUntil)).toMatchObject({ source: "memory", ageSeconds: 10 });
  });

  test("the imported key is used again when the JWK is the same", async () => {
    await env.KEY_SETS.put(KEY, await ring.publish());
    const { waitUntil } = collectBackgroundWork();
    const ladder = makeLadder(ring, countedKv());
    const first = valueOf(await ladder.current(T0, waitUntil));
    await env.KEY_SETS.put(KEY, await ring.publish({ rev: 11 }, [ring.key, ring.newKey]));
    const second = valueOf(await ladder.current(T0 + MEMORY_TTL_MS, waitUntil));
    expect(second.keySet).not.toBe(first.keySet);
    expect(second.keySet.keys.get(ring.key.kid)).toBe(first.keySet.keys.get(ring.key.kid));
  });
});

describe("last good document", () => {
  test("is used when KV has lost the entry, until its exp and not a second longer", async () => {
    await env.KEY_SETS.put(KEY, await ring.publish({ expiresAt: seconds(ISSUED_AT + 3600) }));
    const { waitUntil } = collectBackgroundWork();
    const ladder = makeLadder(ring, countedKv());
    await ladder.current(T0, waitUntil);
    await env.KEY_SETS.delete(KEY);
    expect(valueOf(await ladder.current(T0 + 3_599_999, waitUntil))).toMatchObject({
      source: "last_good",
      ageSeconds: 3599.999,
    });
    expect(errorOf(await ladder.current(T0 + 3_600_000, waitUntil))).toMatchObject({ problem: "key_set_missing" });
  });

  test("a document that KV keeps serving is not used past its exp either", async () => {
    await env.KEY_SETS.put(KEY, await ring.publish({ expiresAt: seconds(ISSUED_AT + 3600) }));
    const { waitUntil } = collectBackgroundWork();
    const kv = countedKv();
    const ladder = makeLadder(ring, kv);
    await ladder.current(T0 + 3_590_000, waitUntil);
    expect(ladder.ready(T0 + 3_599_999, waitUntil)?.source).toBe("memory");
    for (let ms = 0; ms < 10; ms += 1) {
      const unavailable = errorOf(await ladder.current(T0 + 3_600_000 + ms, waitUntil));
      expect(unavailable).toMatchObject({ problem: "key_set_expired" });
    }
    // It is a failed read like any other: KV is not asked again for each request.
    expect(kv.reads).toHaveLength(2);
    expect(ladder.status(T0 + 3_600_010).problem).toBe("key_set_expired");
  });
});

describe("bootstrap document", () => {
  test("is used when KV has no document, until its exp", async () => {
    const bootstrap = await ring.publish({ expiresAt: seconds(ISSUED_AT + 7200) });
    const { waitUntil } = collectBackgroundWork();
    const ladder = makeLadder(ring, countedKv(), { bootstrap });
    expect(valueOf(await ladder.current(T0 + 60_000, waitUntil))).toMatchObject({
      source: "bootstrap",
      ageSeconds: 60,
    });
    expect(valueOf(await ladder.current(T0 + 7_199_999, waitUntil))).toMatchObject({ source: "bootstrap" });
    expect(errorOf(await ladder.current(T0 + 7_200_000, waitUntil))).toMatchObject({ code: "keys_unavailable" });
    expect(ladder.status(T0 + 7_200_000).bootstrapProblem).toBe("key_set_expired");
  });

  test("gives way to KV as soon as KV has a document", async () => {
    const { waitUntil } = collectBackgroundWork();
    const ladder = makeLadder(ring, countedKv(), { bootstrap: await ring.publish() });
    await ladder.current(T0, waitUntil);
    await env.KEY_SETS.put(KEY, await ring.publish({ rev: 11 }));
    expect(valueOf(await ladder.current(T0 + 10_000, waitUntil))).toMatchObject({ source: "memory" });
  });

  test("gives way to another document of the same rev: what KV serves is what other isolates use", async () => {
    const { waitUntil } = collectBackgroundWork();
    const ladder = makeLadder(ring, countedKv(), { bootstrap: await ring.publish() });
    await ladder.current(T0, waitUntil);
    await env.KEY_SETS.put(KEY, await ring.publish({}, [ring.key, ring.newKey]));
    const { keySet } = valueOf(await ladder.current(T0 + 10_000, waitUntil));
    expect(keySet.keys.has(ring.newKey.kid)).toBe(true);
    expect(ladder.status(T0 + 10_000).problem).toBeUndefined();
  });

  test("does not replace what KV has brought while it was being checked", async () => {
    const { waitUntil } = collectBackgroundWork();
    const reader = createScriptedReader(null);
    const ladder = makeLadder(ring, reader, { bootstrap: await ring.publish({ rev: 9 }) });
    const newer = await ring.publish();
    reader.fail();
    const first = ladder.current(T0, waitUntil);
    reader.answer(newer);
    await Promise.all([first, ladder.current(T0 + 1, waitUntil)]);
    expect(ladder.status(T0 + 1)).toMatchObject({ source: "memory", rev: 10 });
  });

  test("is not looked at while KV serves", async () => {
    await env.KEY_SETS.put(KEY, await ring.publish());
    const { waitUntil } = collectBackgroundWork();
    const ladder = makeLadder(ring, countedKv(), { bootstrap: "not a document" });
    await ladder.current(T0, waitUntil);
    expect(ladder.status(T0).bootstrapProblem).toBeUndefined();
  });

  test("the same bytes in KV confirm it", async () => {
    const text = await ring.publish();
    const { waitUntil } = collectBackgroundWork();
    const ladder = makeLadder(ring, countedKv(), { bootstrap: text });
    const first = valueOf(await ladder.current(T0, waitUntil));
    await env.KEY_SETS.put(KEY, text);
    const second = valueOf(await ladder.current(T0 + 10_000, waitUntil));
    expect(second).toMatchObject({ source: "memory", ageSeconds: 0 });
    expect(second.keySet).toBe(first.keySet);
  });

  test("an older one is not used while the document held is valid, and follows it without losing its tombstones", async () => {
    const gone = ring.newKey.kid;
    const bootstrap = await ring.publish({ rev: 5, expiresAt: seconds(ISSUED_AT + 7200) }, [ring.key, ring.newKey]);
    const newer = { rev: 10, expiresAt: seconds(ISSUED_AT + 3600), revoked: [{ kid: gone, at: seconds(ISSUED_AT) }] };
    await env.KEY_SETS.put(KEY, await ring.publish(newer));
    const { waitUntil } = collectBackgroundWork();
    const ladder = makeLadder(ring, countedKv(), { bootstrap });
    await ladder.current(T0, waitUntil);
    await env.KEY_SETS.delete(KEY);
    const lastGood = valueOf(await ladder.current(T0 + 3_599_000, waitUntil));
    expect(lastGood).toMatchObject({ source: "last_good", keySet: { document: { rev: 10 } } });
    const bundled = valueOf(await ladder.current(T0 + 3_600_000, waitUntil));
    expect(bundled).toMatchObject({ source: "bootstrap", keySet: { document: { rev: 5 } } });
    expect(bundled.keySet.find(gone)).toBe("revoked");
    expect(bundled.keySet.find(ring.key.kid)).toMatchObject({ kid: ring.key.kid });
    // KV may not bring back what is older than the newest document seen, the bootstrap's own bytes included.
    await env.KEY_SETS.put(KEY, bootstrap);
    expect(valueOf(await ladder.current(T0 + 3_700_000, waitUntil)).source).toBe("bootstrap");
    expect(ladder.status(T0 + 3_700_000).problem).toBe("key_set_rev_too_low");
  });

  test.each([
    ["below MIN_REV", { rev: 9 }, "key_set_rev_too_low"],
    ["expired", { expiresAt: seconds(ISSUED_AT + 1) }, "key_set_expired"],
  ] as const)("is refused when it is %s", async (_, changes, problem) => {
    const { waitUntil } = collectBackgroundWork();
    const ladder = makeLadder(ring, countedKv(), { bootstrap: await ring.publish(changes), minRev: 10 });
    expect(errorOf(await ladder.current(T0 + 1000, waitUntil)).problem).toBe("key_set_missing");
    expect(ladder.status(T0 + 1000)).toMatchObject({ source: undefined, bootstrapProblem: problem });
  });

  test("is refused when it is signed by nobody we know, or damaged", async () => {
    const stranger = await makeRing();
    for (const [bootstrap, problem] of [
      [await stranger.publish(), "key_set_unknown_root"],
      ["not a document", "key_set_malformed"],
    ] as const) {
      const { waitUntil } = collectBackgroundWork();
      const ladder = makeLadder(ring, countedKv(), { bootstrap });
      expect((await ladder.current(T0, waitUntil)).ok).toBe(false);
      expect(ladder.status(T0).bootstrapProblem).toBe(problem);
    }
  });
});

describe("status", () => {
  test("tells rev, age, source, expiry, skipped keys and root keys that are not pinned, and does no I/O", async () => {
    const roots = [ring.root.kid, ring.newKey.kid];
    await env.KEY_SETS.put(KEY, await ring.publish({ roots }, [ring.key, { ...ring.newKey, kid: ring.key.kid }]));
    const kv = countedKv();
    const { waitUntil } = collectBackgroundWork();
    const ladder = makeLadder(ring, kv);
    expect(ladder.status(T0)).toMatchObject({ source: undefined, rev: undefined, skipped: [], warnings: [] });
    await ladder.current(T0, waitUntil);
    expect(ladder.status(T0 + 5000)).toMatchObject({
      source: "memory",
      rev: 10,
      ageSeconds: 5,
      expiresAt: ISSUED_AT + 86_400,
      keys: 1,
      anchors: [ring.root.kid],
      skipped: [{ index: 1, kid: ring.key.kid, problem: "kid_repeated" }],
      warnings: [{ code: "anchor_missing", kids: [ring.newKey.kid] }],
      problem: undefined,
    });
    expect(kv.reads).toHaveLength(1);
  });
});
