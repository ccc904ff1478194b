/** Every way in which a KV read can go wrong, and what may replace the key set that is held. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import type { KeyLadder } from "../../../../shared/keys/key-ladder.ts";
import { createKvKeySetReader } from "../../../../shared/keys/key-set-reader.ts";
import { parseRingName } from "../../../../shared/identifiers.ts";
import { calculateThumbprint, parsePublicJwk } from "../../../../shared/jwk.ts";
import { ISSUED_AT, ISSUED_AT_MS as T0, makeLadder, makeRing, MEMORY_TTL_MS } from "../../../support/edge-ring.ts";
import type { TestRing } from "../../../support/edge-ring.ts";
import { issuerUrl, seconds, signKeySetPayload } from "../../../support/key-sets.ts";
import { collectBackgroundWork, createManualTimer, createScriptedReader } from "../../../support/key-set-readers.ts";
import type { ScriptedReader } from "../../../support/key-set-readers.ts";
import { errorOf, given, kidOf, valueOf } from "../../../support/values.ts";

const { waitUntil } = collectBackgroundWork();
const PAST_M = T0 + MEMORY_TTL_MS;

let ring: TestRing;
let stranger: TestRing;
beforeAll(async () => {
  [ring, stranger] = await Promise.all([makeRing(), makeRing()]);
});

/** A ladder that already holds rev 10. */
async function holding(reader: ScriptedReader, ladder: KeyLadder = makeLadder(ring, reader)): Promise<KeyLadder> {
  reader.answer(await ring.publish());
  await ladder.current(T0, waitUntil);
  return ladder;
}

/** What KV returns, and how it is reported. */
const BAD_VALUES: readonly (readonly [string, string, () => Promise<string | null>])[] = [
  ["no entry", "key_set_missing", async () => null],
  ["an empty value", "key_set_malformed", async () => ""],
  ["garbage", "key_set_malformed", async () => "\u0000\ufffd not a document"],
  ["an HTML error page", "key_set_malformed", async () => "<!doctype html><title>502 Bad Gateway</title>"],
  ["unsigned JSON", "key_set_malformed", async () => '{"keys":[]}'],
  ["half of a document", "key_set_malformed", async () => (await ring.publish()).slice(0, 200)],
  ["more than the largest size", "key_set_too_large", async () => "a".repeat(2 * 1024 * 1024 + 1)],
  ["an older rev", "key_set_rev_too_low", () => ring.publish({ rev: 9 })],
  ["another issuer's document", "key_set_wrong_issuer", () => ring.publish({ rev: 11, issuer: otherIssuer })],
  ["a document signed by nobody we know", "key_set_unknown_root", () => stranger.publish({ rev: 11 })],
  [
    "a changed payload",
    "key_set_signature_invalid",
    () => withPayloadOf(ring.publish({ rev: 11 }), stranger.publish()),
  ],
  ["an expired document", "key_set_expired", () => ring.publish({ rev: 11, expiresAt: seconds(ISSUED_AT + 1) })],
  [
    "a document from the future",
    "key_set_issued_in_future",
    () => ring.publish({ rev: 11, issuedAt: seconds(ISSUED_AT + 3600) }),
  ],
  [
    "a document without tombstone list",
    "key_set_member_invalid",
    () => signKeySetPayload({ iss: otherIssuer, iat: 1, exp: 2, rev: 11, keys: [] }, ring.root),
  ],
];
const otherIssuer = issuerUrl("https://other.example.com");

async function withPayloadOf(signed: Promise<string>, other: Promise<string>): Promise<string> {
  const [header, , signature] = (await signed).split(".");
  const [, payload] = (await other).split(".");
  return `${header}.${payload}.${signature}`;
}

describe.each(BAD_VALUES)("KV returns %s", (_, problem, makeValue) => {
  test("the held document goes on, and the problem is reported", async () => {
    const reader = createScriptedReader(null);
    const ladder = await holding(reader);
    reader.answer(await makeValue());
    const held = valueOf(await ladder.current(PAST_M, waitUntil));
    expect(held).toMatchObject({ source: "last_good", ageSeconds: 30, keySet: { document: { rev: 10 } } });
    expect(ladder.status(PAST_M)).toMatchObject({ source: "last_good", problem });
  });

  test("a new isolate has no keys from it, unless it has a bootstrap document", async () => {
    const reader = createScriptedReader(await makeValue());
    const [bare, bundled] = [{}, { bootstrap: await ring.publish() }].map((choices) =>
      makeLadder(ring, reader, { ...choices, minRev: 10 }),
    );
    expect(errorOf(await given(bare).current(PAST_M, waitUntil))).toMatchObject({ code: "keys_unavailable", problem });
    expect(valueOf(await given(bundled).current(PAST_M, waitUntil)).source).toBe("bootstrap");
  });
});

describe("KV does not answer", () => {
  test("a throw: the held document goes on", async () => {
    const reader = createScriptedReader(null);
    const ladder = await holding(reader);
    reader.fail();
    expect(valueOf(await ladder.current(PAST_M, waitUntil)).source).toBe("last_good");
    expect(ladder.status(PAST_M).problem).toBe("key_set_read_failed");
  });

  test("a synchronous throw is a failed read too", async () => {
    const ladder = makeLadder(ring, {
      read: () => {
        throw new Error("KV binding is gone");
      },
    });
    expect(errorOf(await ladder.current(T0, waitUntil)).problem).toBe("key_set_read_failed");
  });

  test("a hang: the request waits for the deadline and no longer, then the held document goes on", async () => {
    const reader = createScriptedReader(null);
    const timer = createManualTimer();
    const ladder = await holding(reader, makeLadder(ring, reader, { startTimer: timer.start, readDeadlineMs: 1500 }));
    reader.hang();
    const pending = ladder.current(PAST_M, waitUntil);
    expect(timer.running).toEqual([1500]);
    timer.fire();
    expect(valueOf(await pending).source).toBe("last_good");
    expect(ladder.status(PAST_M).problem).toBe("key_set_read_timeout");
  });

  test("a hang on the first request: no keys after the deadline, with the platform's own timer", async () => {
    const reader = createScriptedReader(null);
    reader.hang();
    const ladder = makeLadder(ring, reader, { readDeadlineMs: 5 });
    expect(errorOf(await ladder.current(T0, waitUntil))).toMatchObject({ problem: "key_set_read_timeout" });
  });

  test("a slow read that loses against the deadline is kept alive, and what it brings is used", async () => {
    const reader = createScriptedReader(null);
    const timer = createManualTimer();
    const work = collectBackgroundWork();
    const ladder = makeLadder(ring, reader, { startTimer: timer.start });
    const answer = reader.hang();
    const pending = ladder.current(T0, work.waitUntil);
    timer.fire();
    expect((await pending).ok).toBe(false);
    answer(await ring.publish());
    await work.settle();
    expect(ladder.ready(T0 + 3000, work.waitUntil)).toMatchObject({ source: "memory", ageSeconds: 3 });
    expect(ladder.status(T0 + 3000).problem).toBeUndefined();
  });

  test("a read that loses and then throws is no unhandled rejection", async () => {
    const rejected = Promise.withResolvers<null>();
    const timer = createManualTimer();
    const work = collectBackgroundWork();
    const ladder = makeLadder(ring, { read: () => rejected.promise }, { startTimer: timer.start });
    const pending = ladder.current(T0, work.waitUntil);
    timer.fire();
    await pending;
    rejected.reject(new Error("KV GET failed: 500"));
    // The runner fails the run on an unhandled rejection; settling proves that the promise handed to waitUntil has none.
    await expect(work.settle()).resolves.toBeUndefined();
    // The backoff goes on from the deadline, not from the start of the read.
    expect(errorOf(await ladder.current(T0 + 2000, waitUntil)).retryAfterSeconds).toBe(3);
    expect(timer.running).toEqual([]);
  });

  test("a deadline that is met leaves no timer behind", async () => {
    const timer = createManualTimer();
    const reader = createScriptedReader(await ring.publish());
    await makeLadder(ring, reader, { startTimer: timer.start }).current(T0, waitUntil);
    expect(timer.running).toEqual([]);
  });

  test("a platform that fails during the check is a failed read", async () => {
    const reader = createScriptedReader(await ring.publish());
    const anchors = ring.root.anchors.map((anchor) => ({ ...anchor, cryptoKey: ring.root.privateKey }));
    const ladder = makeLadder({ ...ring, root: { ...ring.root, anchors } }, reader);
    expect(errorOf(await ladder.current(T0, waitUntil)).problem).toBe("key_set_check_failed");
  });
});

describe("the real KV binding", () => {
  const name = given(parseRingName("faults-test"));

  test.each(BAD_VALUES.filter(([value]) => value !== "no entry"))(
    "holds %s: no keys",
    async (_, problem, makeValue) => {
      await env.KEY_SETS.put(`key-set:${name}`, given((await makeValue()) ?? undefined));
      const ladder = makeLadder(ring, createKvKeySetReader(env.KEY_SETS, name), { minRev: 10 });
      expect(errorOf(await ladder.current(PAST_M, waitUntil)).problem).toBe(problem);
    },
  );

  test("holds 25 MiB: no keys", async () => {
    await env.KEY_SETS.put(`key-set:${name}`, "a".repeat(25 * 1024 * 1024));
    const ladder = makeLadder(ring, createKvKeySetReader(env.KEY_SETS, name));
    expect(errorOf(await ladder.current(T0, waitUntil)).problem).toBe("key_set_too_large");
  });
});

describe("which document may replace the one held", () => {
  test("an unusable key among good ones is skipped and reported, never fatal", async () => {
    const jwk = valueOf(parsePublicJwk({ ...ring.newKey.jwk, y: "A".repeat(43), kid: undefined }));
    const offCurve = { ...ring.newKey, jwk, kid: await calculateThumbprint(jwk) };
    const renamed = { ...ring.newKey, kid: kidOf("another-name") };
    const reader = createScriptedReader(await ring.publish({}, [offCurve, ring.key, renamed]));
    const ladder = makeLadder(ring, reader);
    const { keySet } = valueOf(await ladder.current(T0, waitUntil));
    expect(keySet.find(ring.key.kid)).toMatchObject({ kid: ring.key.kid });
    expect(keySet.find(offCurve.kid)).toBeUndefined();
    expect(keySet.find(renamed.kid)).toBeUndefined();
    expect(ladder.status(T0).skipped).toEqual([
      { index: 0, kid: offCurve.kid, problem: "import_failed" },
      { index: 2, kid: renamed.kid, problem: "kid_mismatch" },
    ]);
  });

  test("below MIN_REV: none, even in a new isolate", async () => {
    const ladder = makeLadder(ring, createScriptedReader(await ring.publish()), { minRev: 11 });
    expect(errorOf(await ladder.current(T0, waitUntil)).problem).toBe("key_set_rev_too_low");
  });

  test("after the newest document has expired, an older one that is still valid is refused", async () => {
    const reader = createScriptedReader(await ring.publish({ expiresAt: seconds(ISSUED_AT + 60) }));
    const ladder = makeLadder(ring, reader);
    await ladder.current(T0, waitUntil);
    reader.answer(await ring.publish({ rev: 9 }));
    expect(errorOf(await ladder.current(T0 + 60_000, waitUntil)).problem).toBe("key_set_rev_too_low");
  });

  test("of two reads under way at once, the one with the higher rev wins, whichever ends last", async () => {
    const reader = createScriptedReader(null);
    const ladder = makeLadder(ring, reader);
    const answerOld = reader.hang();
    const first = ladder.current(T0, waitUntil);
    const answerNew = reader.hang();
    const second = ladder.current(T0 + 1, waitUntil);
    // Both texts are under check at the same time: the older one passed the floor before the newer one raised it.
    answerNew(await ring.publish({ rev: 11 }));
    answerOld(await ring.publish({ rev: 10 }));
    await Promise.all([first, second]);
    expect(ladder.status(T0 + 1).rev).toBe(11);
  });

  test("the same rev with other bytes: the held one stays, and tombstones of both are in force", async () => {
    const reader = createScriptedReader(null);
    const ladder = await holding(reader);
    const before = valueOf(await ladder.current(T0 + 1, waitUntil)).keySet;
    reader.answer(await ring.publish({ keys: [], revoked: [{ kid: ring.key.kid, at: seconds(ISSUED_AT) }] }));
    const { source, keySet } = valueOf(await ladder.current(PAST_M, waitUntil));
    expect(source).toBe("memory");
    expect(keySet.keys.has(ring.key.kid)).toBe(true);
    expect(keySet.find(ring.key.kid)).toBe("revoked");
    expect(keySet.document.revoked).toHaveLength(1);
    expect(keySet).not.toBe(before);
    expect(ladder.status(PAST_M).problem).toBe("key_set_rev_conflict");
  });

  test("the same rev signed anew, with the same content: the held key set stays as it is", async () => {
    const reader = createScriptedReader(null);
    const ladder = await holding(reader);
    const before = valueOf(await ladder.current(T0 + 1, waitUntil)).keySet;
    reader.answer(await ring.publish());
    expect(valueOf(await ladder.current(PAST_M, waitUntil)).keySet).toBe(before);
    expect(ladder.status(PAST_M).problem).toBeUndefined();
  });

  test("a tombstone stays in force when a later document has lost it", async () => {
    const revoked = [{ kid: ring.key.kid, at: seconds(ISSUED_AT) }];
    const reader = createScriptedReader(await ring.publish({ revoked }));
    const ladder = makeLadder(ring, reader);
    await ladder.current(T0, waitUntil);
    reader.answer(await ring.publish({ rev: 11 }));
    const { keySet } = valueOf(await ladder.current(PAST_M, waitUntil));
    expect(keySet.document.rev).toBe(11);
    expect(keySet.find(ring.key.kid)).toBe("revoked");
  });

  test("a tombstone that arrives while a newer document is being checked is not lost", async () => {
    const reader = createScriptedReader(null);
    const ladder = makeLadder(ring, reader);
    const answerPlain = reader.hang();
    const first = ladder.current(T0, waitUntil);
    const answerRevoked = reader.hang();
    const second = ladder.current(T0 + 1, waitUntil);
    const [plain, revoked] = await Promise.all([
      ring.publish({ rev: 12 }, [ring.key, ring.newKey]),
      ring.publish({ rev: 11, revoked: [{ kid: ring.key.kid, at: seconds(ISSUED_AT) }] }),
    ]);
    answerRevoked(revoked);
    answerPlain(plain);
    await Promise.all([first, second]);
    expect(ladder.status(T0 + 1).rev).toBe(12);
    expect(ladder.ready(T0 + 2, waitUntil)?.keySet.find(ring.key.kid)).toBe("revoked");
  });
});
