/** `createVerifier` over Workers KV: what it reads, and that it follows the ring. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, test } from "vitest";
import { createVerifier, fromKv } from "../../../shared/index.ts";
import type { KeySetNamespace } from "../../../shared/index.ts";
import { collectBackgroundWork } from "../../support/key-set-readers.ts";
import {
  makeDocument,
  makeKey,
  makeRoot,
  ringName,
  seconds,
  signKeySet,
  signToken,
  TEST_ISSUER,
} from "../../support/key-sets.ts";
import type { TestKey, TestRoot } from "../../support/key-sets.ts";
import { errorOf } from "../../support/values.ts";

const NOW = 1_800_000_000;
const RING = "verifier-everywhere";

let root: TestRoot;
let first: TestKey;
let second: TestKey;
beforeAll(async () => {
  [root, first, second] = await Promise.all([makeRoot(), makeKey("ES256"), makeKey("ES256")]);
  const ring = ringName(RING);
  const one = makeDocument([first], seconds(NOW - 10), { ring, rev: 10 });
  const next = makeDocument([second], seconds(NOW + 1), {
    ring,
    rev: 11,
    revoked: [{ kid: first.kid, at: seconds(NOW + 1) }],
  });
  await env.KEY_SETS.put(`key-set:${RING}`, await signKeySet(one, root));
  await env.KEY_SETS.put(`key-set:${RING}-next`, await signKeySet(next, root));
});

function token(key: TestKey): Promise<string> {
  return signToken({ iss: TEST_ISSUER, aud: "api", sub: "user-1", iat: NOW, exp: NOW + 600 }, key);
}

describe("a verifier over KV", () => {
  test("reads once, refreshes behind the answer, and follows a rotation and a withdrawal", async () => {
    const reads: string[] = [];
    let entry = "";
    const kv: KeySetNamespace = {
      get: (key, options) => {
        reads.push(key);
        return env.KEY_SETS.get(`${key}${entry}`, options);
      },
    };
    let nowMs = NOW * 1000;
    const background = collectBackgroundWork();
    const verifier = createVerifier({
      issuer: TEST_ISSUER,
      audiences: ["api"],
      anchors: [root.jwk],
      keySets: fromKv(kv),
      ring: RING,
      clock: () => nowMs,
    });
    const [old, young] = await Promise.all([token(first), token(second)]);
    for (let round = 0; round < 5; round += 1) expect((await verifier.verify(old, background)).ok).toBe(true);
    expect(reads).toEqual([`key-set:${RING}`]);
    entry = "-next";
    // One more read for a kid that is not known.
    expect((await verifier.verify(young, background)).ok).toBe(true);
    expect(reads).toHaveLength(2);
    expect(errorOf(await verifier.verify(old, background)).code).toBe("kid_revoked");
    nowMs += 31_000;
    expect((await verifier.verify(young, background)).ok).toBe(true);
    expect(reads).toHaveLength(3);
    expect(await verifier.status()).toMatchObject([{ rev: 11, problem: undefined }]);
  });

  test("that cannot read is no reason to refuse a token as bad", async () => {
    const kv: KeySetNamespace = { get: () => Promise.reject(new Error("KV is down")) };
    const options = { issuer: TEST_ISSUER, audiences: ["api"], anchors: [root.jwk], keySets: fromKv(kv), ring: RING };
    const verifier = createVerifier({ ...options, clock: () => NOW * 1000 });
    expect(errorOf(await verifier.verify(await token(first)))).toMatchObject({
      code: "keys_unavailable",
      problem: "key_set_read_failed",
    });
  });
});
