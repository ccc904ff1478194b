/** The one key set that an isolate holds: what may replace it, how old it is, and that no tombstone is lost on the way. */
import { beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import type { KeyReadProblemCode } from "../../../../shared/keys/held-key-set.ts";
import { createKeySetStore } from "../../../../shared/keys/key-set-store.ts";
import type { KeySetStore, StoredKeySet } from "../../../../shared/keys/key-set-store.ts";
import type { KeySetDocument } from "../../../../shared/key-set.ts";
import { ISSUED_AT, ISSUED_AT_MS as T, makeRing, MEMORY_TTL_MS } from "../../../support/edge-ring.ts";
import type { TestRing } from "../../../support/edge-ring.ts";
import { seconds, TEST_ISSUER, TEST_RING } from "../../../support/key-sets.ts";
import { given } from "../../../support/values.ts";

const NEVER = Number.NEGATIVE_INFINITY;
const EXPIRES_AT_MS = T + 86_400_000;

let ring: TestRing;
beforeAll(async () => {
  ring = await makeRing();
});

let store: KeySetStore;
beforeEach(() => {
  store = makeStore();
});

function makeStore(changes: { readonly minRev?: number; readonly random?: () => number } = {}): KeySetStore {
  const { anchors } = ring.root;
  const config = { anchors, issuer: TEST_ISSUER, ring: TEST_RING, acceptsUnnamed: true, minRev: 1, random: () => 0 };
  return createKeySetStore({ ...config, ...changes });
}

/** Offers a text that KV has confirmed at that time. */
function accept(text: string, startedMs = T, ageSeconds = 0): ReturnType<KeySetStore["accept"]> {
  return store.accept({ text, ageSeconds }, startedMs);
}

const held = (): StoredKeySet => given(store.latest);
/** Members of a document that withdraws the ring's key. */
const revoking = (): Partial<KeySetDocument> => ({ revoked: [{ kid: ring.key.kid, at: seconds(ISSUED_AT) }] });

describe("a document", () => {
  test("is held from its read on, with its times", async () => {
    const text = await ring.publish();
    expect(store.latest).toBeUndefined();
    expect(await accept(text, T + 5)).toBeUndefined();
    expect(held()).toMatchObject({
      text,
      fromBootstrap: false,
      statedTombstones: 0,
      readAtMs: T + 5,
      confirmedAtMs: T + 5,
      memoryTtlMs: MEMORY_TTL_MS,
      refreshAfterMs: MEMORY_TTL_MS / 2,
    });
    expect(held().keySet.find(ring.key.kid)).toMatchObject({ kid: ring.key.kid });
  });

  test("is refreshed up to a quarter of M later by chance", async () => {
    store = makeStore({ random: () => 0.5 });
    await accept(await ring.publish());
    expect(held().refreshAfterMs).toBe(MEMORY_TTL_MS * 0.625);
  });

  test("can be used until its exp, and is held after that", async () => {
    await accept(await ring.publish());
    expect(store.usable(EXPIRES_AT_MS - 1)).toBe(store.latest);
    expect(store.usable(EXPIRES_AT_MS)).toBeUndefined();
    expect(store.latest).toBeDefined();
  });

  test.each<[string, () => Promise<string>, KeyReadProblemCode]>([
    ["garbage", async () => "x", "key_set_malformed"],
    ["another ring's root", async () => (await makeRing()).publish(), "key_set_unknown_root"],
    ["below the floor", () => ring.publish({ rev: 4 }), "key_set_rev_too_low"],
    [
      "expired",
      () => ring.publish({ rev: 11, issuedAt: seconds(ISSUED_AT - 9), expiresAt: seconds(ISSUED_AT) }),
      "key_set_expired",
    ],
    ["older than what is held", () => ring.publish({ rev: 9 }), "key_set_rev_too_low"],
  ])("that is %s changes nothing", async (_what, make, code) => {
    store = makeStore({ minRev: 5 });
    await accept(await ring.publish());
    const before = store.latest;
    expect(await accept(await make(), T + 1)).toBe(code);
    expect(store.latest).toBe(before);
  });

  test("of a higher rev replaces what is held, which never comes back", async () => {
    const [old, young] = [await ring.publish(), await ring.publish({ rev: 11 }, [ring.newKey])];
    await accept(old);
    expect(await accept(young, T + 1)).toBeUndefined();
    expect(held().keySet.find(ring.key.kid)).toBeUndefined();
    expect(held().keySet.find(ring.newKey.kid)).toBeDefined();
    expect(await accept(old, T + 2)).toBe("key_set_rev_too_low");
    expect(held().text).toBe(young);
  });

  test("of a lower rev is refused even when the newest one has expired", async () => {
    await accept(await ring.publish({ rev: 11, expiresAt: seconds(ISSUED_AT + 100) }));
    const afterMs = T + 100_000;
    expect(store.usable(afterMs)).toBeUndefined();
    expect(await accept(await ring.publish(), afterMs)).toBe("key_set_rev_too_low");
    expect(store.usable(afterMs)).toBeUndefined();
  });
});

describe("the same bytes again", () => {
  test("are confirmed, and only the age is new", async () => {
    const text = await ring.publish();
    await accept(text);
    const { keySet } = held();
    expect(await accept(text, T + 1000)).toBeUndefined();
    expect(held()).toMatchObject({ readAtMs: T + 1000, confirmedAtMs: T + 1000 });
    expect(held().keySet).toBe(keySet);
  });

  test("of a read that began earlier do not make it older", async () => {
    const text = await ring.publish();
    await accept(text, T + 1000);
    await accept(text, T);
    expect(held()).toMatchObject({ readAtMs: T + 1000, confirmedAtMs: T + 1000 });
  });

  test("past its exp are refused", async () => {
    const text = await ring.publish();
    await accept(text);
    expect(await accept(text, EXPIRES_AT_MS)).toBe("key_set_expired");
    expect(held().readAtMs).toBe(T);
  });
});

describe("an answer with an age", () => {
  const M = MEMORY_TTL_MS / 1000;

  test("of M at most counts as confirmed by this read", async () => {
    expect(await accept(await ring.publish(), T + 60_000, M)).toBeUndefined();
    expect(held()).toMatchObject({ readAtMs: T + 60_000, confirmedAtMs: T + 60_000 - MEMORY_TTL_MS });
  });

  test("above M is held and not confirmed", async () => {
    expect(await accept(await ring.publish(), T + 60_000, M + 1)).toBe("key_set_stale");
    expect(held()).toMatchObject({ readAtMs: NEVER, confirmedAtMs: T + 60_000 - MEMORY_TTL_MS - 1000 });
  });

  test("above M leaves an earlier confirmation in force", async () => {
    const text = await ring.publish();
    await accept(text, T + 60_000);
    expect(await accept(text, T + 61_000, M + 1)).toBe("key_set_stale");
    expect(held()).toMatchObject({ readAtMs: T + 60_000, confirmedAtMs: T + 60_000 });
  });
});

describe("another document with the rev of the one held", () => {
  test("is a conflict: the held keys stay, and the tombstones of both are in force", async () => {
    const text = await ring.publish();
    await accept(text);
    const other = await ring.publish(revoking(), [ring.newKey]);
    expect(await accept(other, T + 1)).toBe("key_set_rev_conflict");
    expect(held()).toMatchObject({ text, statedTombstones: 0, readAtMs: T + 1 });
    expect(held().keySet.find(ring.key.kid)).toBe("revoked");
    expect(held().keySet.find(ring.newKey.kid)).toBeUndefined();
  });

  test("that differs in its signature only is the same one", async () => {
    const [one, two] = [await ring.publish(), await ring.publish()];
    expect(one).not.toBe(two);
    await accept(one);
    expect(await accept(two, T + 1)).toBeUndefined();
    expect(held()).toMatchObject({ text: two, readAtMs: T + 1 });
  });
});

test("a tombstone outlives the document that stated it", async () => {
  await accept(await ring.publish(revoking()));
  expect(held().statedTombstones).toBe(1);
  await accept(await ring.publish({ rev: 11 }), T + 1);
  expect(held().statedTombstones).toBe(0);
  expect(held().keySet.find(ring.key.kid)).toBe("revoked");
});

test("a tombstone is in force, whichever of two reads at once is checked first", async () => {
  const texts = await Promise.all([ring.publish(), ring.publish(revoking(), [ring.newKey])]);
  for (const inOrder of [texts, texts.toReversed()]) {
    store = makeStore();
    const problems = await Promise.all(inOrder.map((text) => accept(text)));
    expect(problems.filter((problem) => problem === "key_set_rev_conflict")).toHaveLength(1);
    expect(held().keySet.find(ring.key.kid)).toBe("revoked");
  }
});

test("a tombstone that comes while a newer document is being checked is in force with that one", async () => {
  const [withTombstone, newer] = [await ring.publish(revoking(), []), await ring.publish({ rev: 11 })];
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const digest = crypto.subtle.digest.bind(crypto.subtle);
  const digests = vi.spyOn(crypto.subtle, "digest").mockImplementation(async (...args) => {
    await gate;
    return digest(...args);
  });
  onTestFinished(() => digests.mockRestore());
  // The newer document waits for the thumbprint of its key; the other one has no key.
  const checked = accept(newer);
  await vi.waitUntil(() => digests.mock.calls.length > 0);
  expect(await accept(withTombstone)).toBeUndefined();
  open();
  expect(await checked).toBeUndefined();
  expect(held().text).toBe(newer);
  expect(held().keySet.find(ring.key.kid)).toBe("revoked");
});

describe("the bootstrap document", () => {
  test("is held unconfirmed until a read returns it", async () => {
    const text = await ring.publish();
    expect(await store.acceptBootstrap(text, T)).toBeUndefined();
    expect(held()).toMatchObject({ fromBootstrap: true, readAtMs: NEVER, confirmedAtMs: NEVER });
    expect(await accept(text, T + 1)).toBeUndefined();
    expect(held()).toMatchObject({ fromBootstrap: false, readAtMs: T + 1 });
  });

  test("does not replace what can be used, whatever its rev", async () => {
    await accept(await ring.publish());
    const before = store.latest;
    expect(await store.acceptBootstrap(await ring.publish({ rev: 99 }), T)).toBeUndefined();
    expect(store.latest).toBe(before);
  });

  test("of the rev that a read returns in other words is no conflict: the read wins", async () => {
    await store.acceptBootstrap(await ring.publish(), T);
    expect(await accept(await ring.publish({}, [ring.newKey]), T + 1)).toBeUndefined();
    expect(held().keySet.find(ring.newKey.kid)).toBeDefined();
  });

  test("in use after a newer one has expired is not confirmed by KV", async () => {
    const bundled = await ring.publish();
    await accept(await ring.publish({ rev: 11, expiresAt: seconds(ISSUED_AT + 100) }));
    const afterMs = T + 100_000;
    expect(await store.acceptBootstrap(bundled, afterMs)).toBeUndefined();
    expect(store.usable(afterMs)).toMatchObject({ text: bundled, fromBootstrap: true });
    expect(await accept(bundled, afterMs)).toBe("key_set_rev_too_low");
    expect(held()).toMatchObject({ readAtMs: NEVER, fromBootstrap: true });
  });

  test("that cannot be used is reported", async () => {
    expect(await store.acceptBootstrap("x", T)).toBe("key_set_malformed");
    expect(await store.acceptBootstrap(await ring.publish(), EXPIRES_AT_MS)).toBe("key_set_expired");
    expect(store.latest).toBeUndefined();
  });
});

test("after the clock went back the age is unknown, and the document is held", async () => {
  store.forgetAge();
  expect(store.latest).toBeUndefined();
  const text = await ring.publish();
  await accept(text);
  store.forgetAge();
  expect(held()).toMatchObject({ text, readAtMs: NEVER, confirmedAtMs: NEVER });
  expect(store.usable(T)).toBeDefined();
});
