/** Many calls at once outside of Workers: one look at each document for all of them, whoever of them comes first. */
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createVerifier } from "../../../shared/index.ts";
import type { KeySets } from "../../../shared/index.ts";
import { createRingJWKSet } from "../../../shared/jose.ts";
import type { RingKeysOptions } from "../../../shared/jose.ts";
import { ISSUED_AT, ISSUED_AT_MS as T, makeRing, MEMORY_TTL_MS } from "../../support/edge-ring.ts";
import type { TestRing } from "../../support/edge-ring.ts";
import { createScriptedReader } from "../../support/key-set-readers.ts";
import type { ScriptedReader } from "../../support/key-set-readers.ts";
import { seconds, signToken, TEST_ISSUER } from "../../support/key-sets.ts";
import { signRevocations } from "../../support/revocations.ts";

const AUDIENCE = "https://api.example.com";
const CALLS = 100;

let ring: TestRing;
let token: string;
let list: string;
beforeAll(async () => {
  ring = await makeRing();
  const claims = { iss: TEST_ISSUER, aud: AUDIENCE, sub: "user-1", jti: "one", iat: ISSUED_AT, exp: ISSUED_AT + 600 };
  token = await signToken(claims, ring.key);
  list = await signRevocations([], seconds(ISSUED_AT), ring.root);
});

let nowMs: number;
let reader: ScriptedReader;
let lists: ScriptedReader;
let options: RingKeysOptions;
beforeEach(async () => {
  nowMs = T;
  reader = createScriptedReader(await ring.publish());
  lists = createScriptedReader(list);
  const keySets: KeySets = { readerOf: () => reader, revocationsOf: () => lists };
  options = { issuer: TEST_ISSUER, anchors: [ring.root.jwk], keySets, clock: () => nowMs };
});

/** What so many calls at once come to, each outcome once. */
async function outcomesOf(call: () => Promise<unknown>): Promise<readonly unknown[]> {
  return [...new Set(await Promise.all(Array.from({ length: CALLS }, call)))];
}

function codesOf(verifier: ReturnType<typeof createVerifier>): Promise<readonly unknown[]> {
  return outcomesOf(async () => {
    const verified = await verifier.verify(token);
    return verified.ok ? "good" : verified.error.code;
  });
}

describe("calls at once cause one read", () => {
  test("of the key set, at the start and after a pause", async () => {
    const verifier = createVerifier({ ...options, audiences: [AUDIENCE] });
    expect(await codesOf(verifier)).toEqual(["good"]);
    expect(reader.reads).toHaveLength(1);
    nowMs = T + MEMORY_TTL_MS;
    expect(await codesOf(verifier)).toEqual(["good"]);
    expect(reader.reads).toHaveLength(2);
  });

  test("of the key set and of the list", async () => {
    const verifier = createVerifier({ ...options, audiences: [AUDIENCE], revocations: "required" });
    expect(await codesOf(verifier)).toEqual(["good"]);
    expect([reader.reads.length, lists.reads.length]).toEqual([1, 1]);
  });

  test("of the list alone, while the key set is fresh", async () => {
    const verifier = createVerifier({ ...options, audiences: [AUDIENCE], revocations: "required" });
    await verifier.verify(token);
    // A request refreshes one document at most: this one the key set.
    nowMs = T + MEMORY_TTL_MS - 1;
    await verifier.verify(token);
    expect([reader.reads.length, lists.reads.length]).toEqual([2, 1]);
    nowMs = T + MEMORY_TTL_MS;
    expect(await codesOf(verifier)).toEqual(["good"]);
    expect([reader.reads.length, lists.reads.length]).toEqual([2, 2]);
  });

  test("of the key set and of the list, after the clock went back", async () => {
    const verifier = createVerifier({ ...options, audiences: [AUDIENCE], revocations: "required" });
    nowMs = T + 60_000;
    await verifier.verify(token);
    nowMs = T;
    expect(await codesOf(verifier)).toEqual(["good"]);
    expect([reader.reads.length, lists.reads.length]).toEqual([2, 2]);
  });

  test("of jose's key set", async () => {
    const keys = createRingJWKSet(options);
    const header = { alg: "ES256", kid: ring.key.kid };
    expect(await outcomesOf(() => keys(header))).toEqual([expect.any(CryptoKey)]);
    expect(reader.reads).toHaveLength(1);
  });

  test("of a place that fails, and each says so", async () => {
    const verifier = createVerifier({ ...options, audiences: [AUDIENCE] });
    reader.fail();
    expect(await codesOf(verifier)).toEqual(["keys_unavailable"]);
    expect(reader.reads).toHaveLength(1);
  });
});

test("a call waits for no look that an invocation before it may have left frozen", async () => {
  const verifier = createVerifier({ ...options, audiences: [AUDIENCE] });
  reader.hang();
  void verifier.verify(token);
  await vi.waitFor(() => expect(reader.reads).toHaveLength(1));
  nowMs = T + 1000;
  reader.answer(await ring.publish());
  expect(await codesOf(verifier)).toEqual(["good"]);
  expect(reader.reads).toHaveLength(2);
});

/** How often the root key is imported while the call runs. */
async function importsOf(call: () => Promise<unknown>): Promise<number> {
  const imports = vi.spyOn(crypto.subtle, "importKey");
  const { x } = { x: "none", ...ring.root.jwk };
  try {
    await call();
    return imports.mock.calls.filter((parameters) => JSON.stringify(parameters).includes(x)).length;
  } finally {
    imports.mockRestore();
  }
}

test("calls at once import the anchors once", async () => {
  const [one, many] = [1, 2].map(() => createVerifier({ ...options, audiences: [AUDIENCE] }));
  const ofOne = await importsOf(async () => one?.verify(token));
  expect(ofOne).toBeGreaterThan(0);
  expect(await importsOf(async () => many && codesOf(many))).toBe(ofOne);
});

test("in Workers, where a promise of another request may never settle, each looks for itself", async () => {
  const verifier = createVerifier({ ...options, audiences: [AUDIENCE] });
  let kept = 0;
  const context = { waitUntil: () => void (kept += 1) };
  Object.defineProperty(globalThis, "WebSocketPair", { value: Object, configurable: true });
  try {
    const imports = await importsOf(() =>
      Promise.all(Array.from({ length: 10 }, () => verifier.verify(token, context))),
    );
    expect(imports).toBe(10);
  } finally {
    Reflect.deleteProperty(globalThis, "WebSocketPair");
  }
  expect([reader.reads.length, kept]).toEqual([10, 10]);
});
