/** Which list may follow which, and for how long one is held. */
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createListStore } from "../../../../shared/revocations/list-store.ts";
import type { ListStore, ListTerms } from "../../../../shared/revocations/list-store.ts";
import type { RevocationListHead } from "../../../../shared/revocations/signed-list.ts";
import { makeRoot, seconds, TEST_ISSUER, TEST_RING, TEST_TIMING } from "../../../support/key-sets.ts";
import type { TestRoot } from "../../../support/key-sets.ts";
import { signRevocations, takenBack } from "../../../support/revocations.ts";

const NOW = seconds(1_800_000_000);
const NOW_MS = NOW * 1000;

let root: TestRoot;
let terms: ListTerms;
let store: ListStore;

beforeAll(async () => {
  root = await makeRoot();
});

beforeEach(() => {
  terms = { timing: TEST_TIMING, leastRev: 1 };
  store = createListStore({
    anchors: root.anchors,
    issuer: TEST_ISSUER,
    ring: TEST_RING,
    terms: () => terms,
    random: () => 0,
  });
});

function sign(rev: number, names: readonly string[] = [], changes: Partial<RevocationListHead> = {}): Promise<string> {
  return signRevocations(
    names.map((name) => takenBack("jti", name)),
    NOW,
    root,
    { rev, ...changes },
  );
}

async function offer(text: string, startedMs = NOW_MS, ageSeconds = 0): Promise<unknown> {
  return store.accept({ text, ageSeconds }, startedMs);
}

describe("a list", () => {
  test("is held once it has been read, until its exp", async () => {
    expect(store.usable(NOW_MS)).toBeUndefined();
    expect(await offer(await sign(7))).toBeUndefined();
    expect(store.usable(NOW_MS)).toMatchObject({ list: { rev: 7 }, readAtMs: NOW_MS, confirmedAtMs: NOW_MS });
    expect(store.usable(NOW_MS + 86_399_999)).toBeDefined();
    expect(store.usable(NOW_MS + 86_400_000)).toBeUndefined();
    expect(store.latest).toBeDefined();
  });

  test("that is read again is confirmed, and stays the same object: no token is searched for again", async () => {
    const text = await sign(7);
    await offer(text);
    const before = store.latest?.list;
    expect(await offer(text, NOW_MS + 5000)).toBeUndefined();
    expect(store.latest).toMatchObject({ readAtMs: NOW_MS + 5000 });
    expect(store.latest?.list).toBe(before);
  });

  test("that was read before its key set is held by the M that the key set says, and no longer", async () => {
    await offer(await sign(7), NOW_MS, 8);
    terms = { ...terms, timing: { ...TEST_TIMING, memoryTtlSeconds: 10, kvCacheTtlSeconds: 45 } };
    expect(store.usable(NOW_MS + 1)).toMatchObject({
      readAtMs: NOW_MS,
      memoryTtlMs: 10_000,
      refreshAfterMs: 5000,
      kvCacheTtlSeconds: 45,
    });
    // It was 8 s old when it was read.
    terms = { ...terms, timing: { ...TEST_TIMING, memoryTtlSeconds: 5 } };
    expect(store.usable(NOW_MS + 2)).toMatchObject({ readAtMs: -Infinity, memoryTtlMs: 5000 });
  });

  test("is refreshed from half of M on, as the key set of the moment says it", async () => {
    await offer(await sign(7));
    expect(store.latest?.refreshAfterMs).toBe(15_000);
    terms = { ...terms, timing: { ...TEST_TIMING, memoryTtlSeconds: 300 } };
    await offer(await sign(8));
    expect(store.latest?.refreshAfterMs).toBe(150_000);
  });

  test("that was read before the ring's own C and M were known goes by them from then on", async () => {
    await offer(await sign(7));
    const timing = { ...TEST_TIMING, memoryTtlSeconds: 5, kvCacheTtlSeconds: 30 };
    terms = { ...terms, timing };
    expect(store.usable(NOW_MS)).toMatchObject({ memoryTtlMs: 5000, kvCacheTtlSeconds: 30, refreshAfterMs: 2500 });
    expect(store.usable(NOW_MS)).toBe(store.latest);
  });

  test("that no root key signed is refused, and the one held stays", async () => {
    await offer(await sign(7));
    expect(await offer(`${await sign(8)}AAAA`)).toBe("revocations_body_mismatch");
    expect(store.latest?.list.rev).toBe(7);
  });
});

describe("after a list", () => {
  test("one with a higher rev takes its place, also one with fewer entries", async () => {
    await offer(await sign(7, ["one"]));
    expect(await offer(await sign(8))).toBeUndefined();
    expect(store.latest?.list).toMatchObject({ rev: 8, counts: { jti: 0 } });
  });

  test("one with a lower rev is refused, also when the higher one has expired", async () => {
    await offer(await sign(8, [], { expiresAt: seconds(NOW + 10) }));
    const older = await sign(7);
    expect(await offer(older)).toBe("revocations_rev_too_low");
    expect(await offer(older, NOW_MS + 20_000)).toBe("revocations_rev_too_low");
    expect(store.usable(NOW_MS + 20_000)).toBeUndefined();
  });

  test("the same one signed again is taken; another one with its rev is reported, and the first stays", async () => {
    await offer(await sign(7, ["one"]));
    expect(await offer(await sign(7, ["one"]), NOW_MS + 1000)).toBeUndefined();
    expect(await offer(await sign(7, ["two"]), NOW_MS + 2000)).toBe("revocations_rev_conflict");
    const [line = ""] = (await sign(7, ["one"])).split("\n");
    expect(store.latest).toMatchObject({ readAtMs: NOW_MS + 2000, list: { rev: 7 } });
    expect(store.latest?.text.split("\n")[1]).toBe((await sign(7, ["one"])).slice(line.length + 1));
  });

  test("of two that were read at once the newer one stays, whichever was opened first", async () => {
    await Promise.all([offer(await sign(8)), offer(await sign(7))]);
    expect(store.latest?.list.rev).toBe(8);
    expect(await offer(await sign(7))).toBe("revocations_rev_too_low");
  });
});

describe("a key set that asks for a newer list", () => {
  test("makes the one held unusable, and an older one is not taken", async () => {
    const text = await sign(7, ["one"]);
    await offer(text);
    terms = { ...terms, leastRev: 8 };
    expect(store.usable(NOW_MS)).toBeUndefined();
    // What it takes back stays taken back.
    expect(store.latest?.list.counts.jti).toBe(1);
    expect(await offer(text)).toBe("revocations_rev_too_low");
    expect(await offer(await sign(8))).toBeUndefined();
    expect(store.usable(NOW_MS)?.list.rev).toBe(8);
  });
});

describe("a copy of another gateway", () => {
  test("that KV confirmed within M is as old as it says", async () => {
    expect(await offer(await sign(7), NOW_MS, 30)).toBeUndefined();
    expect(store.latest).toMatchObject({ readAtMs: NOW_MS, confirmedAtMs: NOW_MS - 30_000 });
  });

  test("that is older is held and not taken for confirmed", async () => {
    expect(await offer(await sign(7), NOW_MS, 31)).toBe("revocations_stale");
    expect(store.latest).toMatchObject({ readAtMs: Number.NEGATIVE_INFINITY, confirmedAtMs: NOW_MS - 31_000 });
  });
});

test("a clock that went back makes the age of what is held unknown", async () => {
  await offer(await sign(7));
  store.forgetAge();
  expect(store.latest).toMatchObject({ readAtMs: Number.NEGATIVE_INFINITY, list: { rev: 7 } });
});
