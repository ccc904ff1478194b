/** What a composed document holds, and what cannot be composed. */
import { describe, expect, test } from "vitest";
import { composeKeySet } from "../../../../issuer/publish/compose.ts";
import { MAX_KEY_SET_BYTES } from "../../../../shared/signed-key-set.ts";
import { parseKeySet, serialiseKeySet } from "../../../../shared/key-set.ts";
import { keySetParts, keyToPublish, NOW } from "../../../support/key-set-parts.ts";
import { seconds, TEST_ISSUER } from "../../../support/key-sets.ts";
import { kidOf, valueOf } from "../../../support/values.ts";

describe("a composed document", () => {
  test("carries issuer, times, keys in their order, and timing", async () => {
    const active = await keyToPublish("active");
    const pending = await keyToPublish("pending", "EdDSA");
    const document = composeKeySet(keySetParts({ keys: [active, pending], documentLifetimeSeconds: 7200 }));
    expect(document).toMatchObject({
      issuer: TEST_ISSUER,
      issuedAt: NOW,
      expiresAt: NOW + 7200,
      rev: NOW,
      revoked: [],
    });
    expect(document.keys.map(({ kid, state }) => [kid, state])).toEqual([
      [active.kid, "active"],
      [pending.kid, "pending"],
    ]);
    expect(document.timing.maxTokenTtlSeconds).toBe(3600);
  });

  test("reads back from JSON as it was composed", async () => {
    const keys = [await keyToPublish("active"), await keyToPublish("retiring")];
    const document = composeKeySet(keySetParts({ keys, revoked: [{ kid: kidOf("gone"), at: NOW }] }));
    const { document: read, skipped } = valueOf(parseKeySet(JSON.parse(JSON.stringify(serialiseKeySet(document)))));
    expect(skipped).toEqual([]);
    expect(serialiseKeySet(read)).toEqual(serialiseKeySet(document));
  });

  test("gives a new key the time of this document, and keeps the time of a known one", async () => {
    const known = { ...(await keyToPublish("active")), publishedAt: seconds(NOW - 5000) };
    const { keys } = composeKeySet(keySetParts({ keys: [known, await keyToPublish("pending")] }));
    expect(keys.map(({ publishedAt }) => publishedAt)).toEqual([NOW - 5000, NOW]);
  });

  test("drops the fraction of a second: rev and iat are whole", () => {
    expect(composeKeySet(keySetParts({ now: seconds(NOW + 0.9) }))).toMatchObject({ issuedAt: NOW, rev: NOW });
  });

  test("leaves out a key that has a tombstone, whatever its state", async () => {
    const active = await keyToPublish("active");
    const other = await keyToPublish("pending");
    const { keys } = composeKeySet(keySetParts({ keys: [active, other], revoked: [{ kid: active.kid, at: NOW }] }));
    expect(keys.map(({ kid }) => kid)).toEqual([other.kid]);
  });

  test("keeps every tombstone once, with its earliest time", () => {
    const revoked = [
      { kid: kidOf("a"), at: seconds(30) },
      { kid: kidOf("b"), at: seconds(20) },
      { kid: kidOf("a"), at: seconds(10) },
    ];
    expect(composeKeySet(keySetParts({ revoked })).revoked).toEqual([
      { kid: "a", at: 10 },
      { kid: "b", at: 20 },
    ]);
  });
});

describe("rev", () => {
  test("is the one that was chosen", () => {
    expect(composeKeySet(keySetParts({ rev: 7 })).rev).toBe(7);
  });

  test.each([0, -1, 1.5, Number.MAX_SAFE_INTEGER + 1])("that JSON would not carry exactly is an error: %s", (rev) => {
    expect(() => composeKeySet(keySetParts({ rev }))).toThrow(RangeError);
  });
});

describe("a document cannot be composed", () => {
  test("with two keys of one kid", async () => {
    const key = await keyToPublish("pending");
    expect(() => composeKeySet(keySetParts({ keys: [key, { ...key, state: "retiring" }] }))).toThrow(TypeError);
  });

  test("with two active keys", async () => {
    const keys = [await keyToPublish("active"), await keyToPublish("active")];
    expect(() => composeKeySet(keySetParts({ keys }))).toThrow(TypeError);
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("with a lifetime of %d seconds", (lifetime) => {
    expect(() => composeKeySet(keySetParts({ documentLifetimeSeconds: lifetime }))).toThrow(TypeError);
  });

  test("that expires after the last date", () => {
    expect(() => composeKeySet(keySetParts({ documentLifetimeSeconds: 8_640_000_000_000 }))).toThrow(RangeError);
  });
});

test("a thousand RSA keys fit into the largest document", async () => {
  const key = await keyToPublish("retiring", "RS256");
  const keys = Array.from({ length: 1000 }, (_, index) => ({ ...key, kid: kidOf(`${key.kid}-${String(index)}`) }));
  const payload = JSON.stringify(serialiseKeySet(composeKeySet(keySetParts({ keys }))));
  expect((payload.length * 4) / 3).toBeLessThan(MAX_KEY_SET_BYTES);
});
