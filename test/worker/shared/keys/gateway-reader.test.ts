/**
 * `fromUrl` behind a real gateway, in virtual time: its bounds, measured and compared with their formulas, and what a gateway
 * that is down or stale, or a proxy in between, can and cannot do.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { fromUrl } from "../../../../shared/key-sets.ts";
import { DEFAULT_TIMING, leadSeconds, stalenessBoundSeconds } from "../../../../shared/timing.ts";
import { ISSUED_AT, ISSUED_AT_MS as T0, makeRing } from "../../../support/edge-ring.ts";
import type { TestRing } from "../../../support/edge-ring.ts";
import { describeKeySetReaderContract } from "../../../support/key-set-reader-contract.ts";
import {
  issuerUrl,
  makeKey,
  makeRoot,
  ringName,
  seconds,
  signKeySet,
  makeDocument,
  signToken,
  TEST_ISSUER,
} from "../../../support/key-sets.ts";
import type { TestKey } from "../../../support/key-sets.ts";
import { startGatewayChain } from "./gateway-chain.ts";
import type { GatewayChain } from "./gateway-chain.ts";

const { kvPropagationSeconds: W, kvCacheTtlSeconds: C, memoryTtlSeconds: M } = DEFAULT_TIMING;
const S = stalenessBoundSeconds(DEFAULT_TIMING);
/** P, the default of a ring's policy. */
const DOWNSTREAM_CACHE_SECONDS = 3600;
const WITHDRAWN_AT_MS = T0 + 1_000_000;
const EXPIRES_AT_MS = T0 + 86_400_000;

let ring: TestRing;
let token: string;
let documents: { readonly first: string; readonly withdrawn: string; readonly rotated: string };
beforeAll(async () => {
  ring = await makeRing();
  token = await tokenOf(ring.key);
  documents = {
    first: await ring.publish(),
    withdrawn: await ring.publish({ rev: 11, revoked: [{ kid: ring.key.kid, at: seconds(ISSUED_AT + 1000) }] }),
    rotated: await ring.publish({ rev: 11, issuedAt: seconds(ISSUED_AT + 1000) }, [ring.key, ring.newKey]),
  };
});

/** Good for as long as the test needs it, within L. */
function tokenOf(key: TestKey, issuedAt: number = ISSUED_AT): Promise<string> {
  return signToken({ iss: TEST_ISSUER, aud: "api", iat: issuedAt, exp: issuedAt + 3600 }, key);
}

function startChain(): GatewayChain {
  const chain = startGatewayChain(ring, W);
  chain.kv.write(documents.first, T0 - W * 1000);
  return chain;
}

describeKeySetReaderContract("a service binding", {
  holding: async (_ring, text) =>
    fromUrl("https://api.example.com", { fetch: async () => new Response(text, { headers: { age: "0" } }) }),
  empty: async () => fromUrl("https://api.example.com", { fetch: async () => new Response(null, { status: 404 }) }),
});

describe(`a withdrawn key is refused within S + M = ${S} + ${M} = ${S + M} s while gateway and KV answer`, () => {
  test("at the worst moments it takes just that long", async ({ annotate }) => {
    const chain = startChain();
    chain.kv.write(documents.withdrawn, WITHDRAWN_AT_MS);
    // The location reads just before the tombstone is visible, the gateway just before the location reads again, and the
    // verifier just before the gateway does.
    const locationMs = WITHDRAWN_AT_MS + W * 1000 - 1;
    // At an age between three quarters of M and M, so that each is a refresh.
    for (const half of [0, 1, 2]) await chain.touchGateway(locationMs + (half * (C * 1000 - 1)) / 2);
    const readMs = locationMs + C * 1000 - 1 + M * 1000 - 1;
    expect(await chain.ask(token, readMs)).toBe("passes");
    const lastMs = readMs + M * 1000 - 1;
    expect(await chain.ask(token, lastMs)).toBe("passes");
    expect(await chain.ask(token, lastMs + 1)).toBe("kid_revoked");
    const measured = (lastMs - WITHDRAWN_AT_MS) / 1000;
    await annotate(`revocation bound of fromUrl: measured ${measured} s, formula S + M = ${S + M} s`);
    expect(measured).toBeLessThanOrEqual(S + M);
    expect(measured).toBeGreaterThan(S + M - 0.01);
  });

  test("at no other moments does it take longer", async ({ annotate }) => {
    let longest = 0;
    for (let phase = 0; phase < 40; phase += 1) {
      const chain = startChain();
      chain.kv.write(documents.withdrawn, WITHDRAWN_AT_MS);
      // Requests to the gateway and to the verifier, each in a rhythm of its own, up to well past the bound.
      const gatewayEveryMs = 1000 + (phase % 31) * 1700;
      const everyMs = 700 + (phase % 17) * 2100;
      const startMs = WITHDRAWN_AT_MS - phase * 2503;
      const endMs = WITHDRAWN_AT_MS + (S + M + 60) * 1000;
      let gatewayMs = startMs - phase * 331;
      for (let nowMs = startMs; nowMs < endMs; nowMs += everyMs) {
        for (; gatewayMs <= nowMs; gatewayMs += gatewayEveryMs) await chain.touchGateway(gatewayMs);
        const answer = await chain.ask(token, nowMs);
        expect(["passes", "kid_revoked"]).toContain(answer);
        if (answer === "passes") longest = Math.max(longest, nowMs - WITHDRAWN_AT_MS);
      }
    }
    await annotate(`revocation bound of fromUrl: longest of 40 rhythms ${longest / 1000} s, formula ${S + M} s`);
    expect(longest / 1000).toBeLessThanOrEqual(S + M);
    expect(longest / 1000).toBeGreaterThan(W);
  });
});

describe("a rotation is followed and no good token is refused", () => {
  /** Old tokens in some rhythm until the new key signs; then one of its tokens. */
  async function firstTokenAfter(leadMs: number, everyMs: number, junk?: string): Promise<string> {
    const chain = startChain();
    chain.kv.write(documents.rotated, WITHDRAWN_AT_MS);
    const signsMs = WITHDRAWN_AT_MS + leadMs;
    const old = await tokenOf(ring.key, signsMs / 1000 - 1000);
    for (let nowMs = signsMs - 400_000; nowMs < signsMs; nowMs += everyMs) {
      expect(await chain.ask(old, nowMs)).toBe("passes");
    }
    // Uses up the one question for an unknown kid.
    if (junk !== undefined) await chain.ask(junk, signsMs - 1);
    return chain.ask(await tokenOf(ring.newKey, Math.floor(signsMs / 1000)), signsMs);
  }

  test("also in an emergency, when the new key signs after S + K + 1", async () => {
    for (let everyMs = 900; everyMs < 60_000; everyMs += 3700) {
      expect(await firstTokenAfter(leadSeconds(DEFAULT_TIMING) * 1000, everyMs), `every ${everyMs} ms`).toBe("passes");
    }
  });

  test("also while invented kids use up the question that an unknown kid may cause", async () => {
    const junk = await tokenOf(await makeKey("ES256"), ISSUED_AT + 1000 + DOWNSTREAM_CACHE_SECONDS);
    const leadMs = (leadSeconds(DEFAULT_TIMING) + DOWNSTREAM_CACHE_SECONDS) * 1000;
    for (const everyMs of [900, 14_000, 29_000]) expect(await firstTokenAfter(leadMs, everyMs, junk)).toBe("passes");
  });

  test("invented kids ask the gateway once per cooldown", async () => {
    const chain = startChain();
    await chain.ask(token, T0);
    const junk = await Promise.all(Array.from({ length: 20 }, async () => tokenOf(await makeKey("ES256"))));
    for (const [index, one] of junk.entries()) expect(await chain.ask(one, T0 + index)).toBe("kid_unknown");
    expect(chain.asked).toBe(2);
  });
});

describe("a gateway that is down", () => {
  test("is outlived until the `exp` of the document, and asked no more than once per backoff", async () => {
    const chain = startChain();
    expect(await chain.ask(token, T0)).toBe("passes");
    chain.between = () => Promise.reject(new TypeError("fetch failed"));
    for (const nowMs of [T0 + 31_000, T0 + 3_000_000]) expect(await chain.ask(token, nowMs)).toBe("passes");
    expect(await chain.verifier.status()).toMatchObject([{ source: "last_good", problem: "key_set_read_failed" }]);
    const late = await tokenOf(ring.key, EXPIRES_AT_MS / 1000 - 60);
    expect(await chain.ask(late, EXPIRES_AT_MS - 1)).toBe("passes");
    expect(await chain.ask(late, EXPIRES_AT_MS)).toBe("keys_unavailable");
    const before = chain.asked;
    for (let ms = 0; ms < 20_000; ms += 100) await chain.ask(late, EXPIRES_AT_MS + 10_000 + ms);
    expect(chain.asked - before).toBeLessThanOrEqual(9);
  });
});

describe("a gateway that stands on its last good document", () => {
  test("is not taken for fresh, is used all the same, and is not asked for each token", async () => {
    const chain = startChain();
    await chain.touchGateway(T0);
    chain.kv.isDown = true;
    const startMs = T0 + 600_000;
    expect(await chain.ask(token, startMs)).toBe("passes");
    expect(await chain.verifier.status()).toMatchObject([
      {
        source: "last_good",
        problem: "key_set_stale",
        ageSeconds: 600,
      },
    ]);
    const before = chain.asked;
    for (let ms = 0; ms < 60_000; ms += 100) expect(await chain.ask(token, startMs + ms)).toBe("passes");
    // A backoff is at least 2.5 s.
    expect(chain.asked - before).toBeLessThanOrEqual(24);
    // As soon as the gateway follows again, so does the verifier: within its backoff.
    chain.kv.write(documents.withdrawn, startMs - W * 1000);
    chain.kv.isDown = false;
    await chain.touchGateway(startMs + 66_000);
    expect(await chain.ask(token, startMs + 71_000)).toBe("kid_revoked");
    expect(await chain.verifier.status()).toMatchObject([{ problem: undefined }]);
  });

  test("does not make a copy older that another gateway has confirmed", async () => {
    const chain = startChain();
    expect(await chain.ask(token, T0)).toBe("passes");
    chain.between = async (ask) => withHeaders(await ask(), { age: "100" });
    expect(await chain.ask(token, T0 + 25_000)).toBe("passes");
    expect(await chain.verifier.status()).toMatchObject([
      { source: "memory", ageSeconds: 25, problem: "key_set_stale" },
    ]);
    expect(await chain.ask(token, T0 + 31_000)).toBe("passes");
    expect(await chain.verifier.status()).toMatchObject([{ source: "last_good", ageSeconds: 31 }]);
  });

  test("an answer whose age nobody tells is not taken for fresh", async () => {
    const chain = startChain();
    chain.between = async (ask) => withHeaders(await ask(), { age: "" });
    expect(await chain.ask(token, T0 + 5000)).toBe("passes");
    // Since it was issued: there is no other time to count from.
    expect(await chain.verifier.status()).toMatchObject([
      {
        source: "last_good",
        problem: "key_set_stale",
        ageSeconds: 5,
      },
    ]);
  });
});

describe("somebody in between", () => {
  test("cannot bring in a document of another root, or one that was changed", async () => {
    const stranger = await makeRoot();
    const forged = await signKeySet(makeDocument([ring.newKey], seconds(ISSUED_AT + 1), { rev: 12 }), stranger);
    const [header, , signature] = documents.first.split(".");
    const [, othersPayload] = documents.rotated.split(".");
    const attacker = await tokenOf(ring.newKey);
    const newer = makeDocument([ring.newKey], seconds(ISSUED_AT + 1), { rev: 12 });
    for (const [text, problem] of [
      [forged, "key_set_unknown_root"],
      [await signKeySet({ ...newer, ring: ringName("west") }, ring.root), "key_set_wrong_ring"],
      [await signKeySet({ ...newer, issuer: issuerUrl("https://other.example") }, ring.root), "key_set_wrong_issuer"],
      [await signKeySet({ ...newer, issuedAt: seconds(ISSUED_AT + 3600) }, ring.root), "key_set_issued_in_future"],
      [await signToken({ iss: TEST_ISSUER, aud: "api", exp: ISSUED_AT + 3600 }, ring.root), "key_set_wrong_typ"],
      [`${documents.first}\n`, "key_set_malformed"],
      [`${documents.first}.${documents.first}`, "key_set_malformed"],
      [`${header}.${othersPayload}.${signature}`, "key_set_signature_invalid"],
      ["<html>", "key_set_malformed"],
      ["a".repeat(3 * 1024 * 1024), "key_set_too_large"],
    ] as const) {
      const chain = startChain();
      expect(await chain.ask(token, T0)).toBe("passes");
      chain.between = async () => new Response(text, { headers: { age: "0" } });
      expect(await chain.ask(attacker, T0 + 31_000)).toBe("kid_unknown");
      expect(await chain.ask(token, T0 + 31_000)).toBe("passes");
      expect(await chain.verifier.status(), problem).toMatchObject([{ source: "last_good", problem }]);
    }
  });

  test("cannot have a changed text confirmed by the gateway afterwards", async () => {
    const chain = startChain();
    expect(await chain.ask(token, T0)).toBe("passes");
    const [header, , signature] = documents.first.split(".");
    const [, othersPayload] = documents.rotated.split(".");
    const headers = { age: "0", etag: `"${signature}"` };
    chain.between = async () => new Response(`${header}.${othersPayload}.${signature}`, { headers });
    await chain.ask(token, T0 + 31_000);
    chain.between = undefined;
    expect(await chain.ask(token, T0 + 40_000)).toBe("passes");
    expect(await chain.verifier.status()).toMatchObject([{ source: "memory", rev: 10, problem: undefined }]);
  });

  test("cannot go back to an older document", async () => {
    const chain = startChain();
    chain.kv.write(documents.withdrawn, T0 - W * 1000);
    expect(await chain.ask(token, T0)).toBe("kid_revoked");
    chain.between = async () => new Response(documents.first, { headers: { age: "0" } });
    expect(await chain.ask(token, T0 + 31_000)).toBe("kid_revoked");
    expect(await chain.verifier.status()).toMatchObject([{ rev: 11, problem: "key_set_rev_too_low" }]);
  });

  test("can freeze what is held until its `exp`, and no longer", async () => {
    const chain = startChain();
    expect(await chain.ask(token, T0)).toBe("passes");
    chain.kv.write(documents.withdrawn, T0);
    chain.between = async () => new Response(null, { status: 304, headers: { age: "0" } });
    const late = await tokenOf(ring.key, EXPIRES_AT_MS / 1000 - 60);
    expect(await chain.ask(late, EXPIRES_AT_MS - 1)).toBe("passes");
    expect(await chain.ask(late, EXPIRES_AT_MS)).toBe("keys_unavailable");
  });
});

test("a root key that is not pinned is reported before the ring uses it", async () => {
  const next = await makeRoot();
  const chain = startChain();
  chain.kv.write(await ring.publish({ rev: 11, roots: [ring.root.kid, next.kid] }), T0 - W * 1000);
  expect(await chain.ask(token, T0)).toBe("passes");
  expect((await chain.verifier.status())[0]?.warnings).toEqual([{ code: "anchor_missing", kids: [next.kid] }]);
});

function withHeaders(response: Response, changes: Readonly<Record<string, string>>): Response {
  const changed = new Response(response.body, response);
  for (const [name, value] of Object.entries(changes)) changed.headers.set(name, value);
  return changed;
}
