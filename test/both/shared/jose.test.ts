/** The ring's keys as the key argument of jose's `jwtVerify`: the same keys, at the same times, as createVerifier has. */
import { errors, jwtVerify } from "jose";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createVerifier } from "../../../shared/index.ts";
import type { KeySets, Verifier } from "../../../shared/index.ts";
import { createRingJWKSet, fromDocument, KeysUnavailableError } from "../../../shared/jose.ts";
import type { RingJWKSet, RingKeysOptions } from "../../../shared/jose.ts";
import { ISSUED_AT, ISSUED_AT_MS as T, makeRing, MEMORY_TTL_MS } from "../../support/edge-ring.ts";
import type { TestRing } from "../../support/edge-ring.ts";
import { createScriptedReader } from "../../support/key-set-readers.ts";
import type { ScriptedReader } from "../../support/key-set-readers.ts";
import { keySetKey, makeKey, ringName, seconds, signToken, TEST_ISSUER } from "../../support/key-sets.ts";
import type { TestKey } from "../../support/key-sets.ts";

const AUDIENCE = "https://api.example.com";

let ring: TestRing;
let reader: ScriptedReader;
let nowMs: number;
let keys: RingJWKSet;
let verifier: Verifier;
beforeAll(async () => {
  ring = await makeRing();
});
beforeEach(async () => {
  nowMs = T;
  reader = createScriptedReader(await ring.publish());
  keys = createRingJWKSet(optionsFor(reader));
  verifier = createVerifier({ ...optionsFor(reader), audiences: [AUDIENCE] });
});

function optionsFor(place: ScriptedReader): RingKeysOptions {
  const keySets: KeySets = { readerOf: () => place };
  return { issuer: TEST_ISSUER, anchors: [ring.root.jwk], keySets, clock: () => nowMs };
}

function tokenOf(key: TestKey, header: Record<string, string> = {}): Promise<string> {
  const iat = Math.floor(nowMs / 1000);
  return signToken({ iss: TEST_ISSUER, aud: AUDIENCE, sub: "user-1", iat, exp: iat + 600 }, key, header);
}

/** What jose says with these keys: the subject, or the code of what it throws, and of that error's cause. */
async function joseSays(token: string): Promise<string> {
  try {
    const options = { issuer: TEST_ISSUER, audience: AUDIENCE, requiredClaims: ["exp"], currentDate: new Date(nowMs) };
    return String((await jwtVerify(token, keys, options)).payload.sub);
  } catch (error) {
    if (error instanceof KeysUnavailableError) return error.code;
    if (!(error instanceof errors.JOSEError)) throw error;
    const { cause } = error;
    const reason = typeof cause === "object" && cause !== null && "code" in cause ? ` ${String(cause.code)}` : "";
    return `${error.code}${reason}`;
  }
}

async function verifierSays(token: string): Promise<string> {
  const verified = await verifier.verify(token);
  return verified.ok ? String(verified.value.claims.sub) : verified.error.code;
}

/** Both, of the same token at the same time. */
async function bothSay(key: TestKey): Promise<readonly [jose: string, sealgate: string]> {
  const token = await tokenOf(key);
  return [await joseSays(token), await verifierSays(token)];
}

const GOOD = ["user-1", "user-1"];
const UNKNOWN = ["ERR_JWKS_NO_MATCHING_KEY kid_unknown", "kid_unknown"];
const REVOKED = ["ERR_JWKS_NO_MATCHING_KEY kid_revoked", "kid_revoked"];

describe("jose with the ring's keys", () => {
  test("verifies a token of each state that verifies", async () => {
    const states = ["pending", "active", "retiring"] as const;
    const ofState = await Promise.all(states.map(() => makeKey("ES256")));
    const listed = ofState.map((key, index) => keySetKey(key, states[index] ?? "active", seconds(ISSUED_AT)));
    reader.answer(await ring.publish({ keys: listed }));
    for (const key of ofState) expect(await bothSay(key)).toEqual(GOOD);
  });

  test.each(["RS256", "PS384", "ES512", "EdDSA"] as const)("verifies %s", async (alg) => {
    const key = await makeKey(alg);
    reader.answer(await ring.publish({}, [key]));
    expect(await joseSays(await tokenOf(key))).toBe("user-1");
  });

  test("accepts Ed25519 for the key of EdDSA (RFC 9864)", async () => {
    const key = await makeKey("EdDSA");
    reader.answer(await ring.publish({}, [key]));
    expect(await joseSays(await tokenOf(key, { alg: "Ed25519" }))).toBe("user-1");
  });

  test("follows a rotation at once: a kid that is new causes a read, and a good token is not refused", async () => {
    expect(await bothSay(ring.key)).toEqual(GOOD);
    reader.answer(await ring.publish({ rev: 11 }, [ring.key, ring.newKey]));
    expect(await bothSay(ring.newKey)).toEqual(GOOD);
    expect(await bothSay(ring.key)).toEqual(GOOD);
  });

  test("asks once per cooldown for kids of no published key", async () => {
    expect(await joseSays(await tokenOf(ring.key))).toBe("user-1");
    const reads = reader.reads.length;
    for (let round = 0; round < 5; round += 1) {
      expect(await joseSays(await tokenOf(await makeKey("ES256")))).toBe(UNKNOWN[0]);
    }
    expect(reader.reads.length - reads).toBe(1);
  });

  test("refuses a withdrawn key at M, as createVerifier does, though the document lists it again", async () => {
    expect(await bothSay(ring.key)).toEqual(GOOD);
    reader.answer(await ring.publish({ rev: 11, revoked: [{ kid: ring.key.kid, at: seconds(ISSUED_AT) }] }));
    nowMs += MEMORY_TTL_MS / 2 - 1;
    expect(await bothSay(ring.key)).toEqual(GOOD);
    nowMs = T + MEMORY_TTL_MS;
    expect(await bothSay(ring.key)).toEqual(REVOKED);
    reader.answer(await ring.publish({ rev: 12 }));
    nowMs += MEMORY_TTL_MS;
    expect(await bothSay(ring.key)).toEqual(REVOKED);
  });

  test("forgets a key that is listed no more", async () => {
    expect(await bothSay(ring.key)).toEqual(GOOD);
    reader.answer(await ring.publish({ rev: 11 }, [ring.newKey]));
    nowMs += MEMORY_TTL_MS;
    expect(await bothSay(ring.key)).toEqual(UNKNOWN);
  });

  test("outlives its place until the document's exp, and then says that it is no fault of the token", async () => {
    expect(await bothSay(ring.key)).toEqual(GOOD);
    reader.fail();
    nowMs = T + 86_399_000;
    expect(await bothSay(ring.key)).toEqual(GOOD);
    expect(await keys.status()).toMatchObject([{ source: "last_good", problem: "key_set_read_failed" }]);
    nowMs = T + 86_400_000;
    expect(await bothSay(ring.key)).toEqual(["keys_unavailable", "keys_unavailable"]);
    const thrown: unknown = await keys({ alg: "ES256", kid: ring.key.kid }).catch((error: unknown) => error);
    expect(thrown).toMatchObject({ problem: "key_set_read_failed", retryAfterSeconds: expect.any(Number) });
    expect(thrown).not.toBeInstanceOf(errors.JOSEError);
  });

  test("gives a key to its own algorithm only", async () => {
    const key = await makeKey("PS256");
    reader.answer(await ring.publish({}, [key]));
    const { kid } = key;
    for (const alg of ["RS256", "PS384", "ES256", "HS256", "none"]) {
      await expect(keys({ alg, kid }), alg).rejects.toMatchObject({ code: "ERR_JWKS_NO_MATCHING_KEY" });
    }
    expect((await keys({ alg: "PS256", kid })).algorithm.name).toBe("RSA-PSS");
  });

  test("gives none without a kid, though there is one only", async () => {
    for (const header of [undefined, {}, { alg: "ES256" }, { alg: "ES256", kid: "" }, { kid: ring.key.kid }]) {
      await expect(keys(header), JSON.stringify(header)).rejects.toThrow(errors.JWKSNoMatchingKey);
    }
  });

  test("refuses a forged document, and one below the floor", async () => {
    const stranger = await makeRing();
    for (const changes of [{ anchors: [stranger.root.jwk] }, { minRev: 11 }, { ring: "west" }]) {
      keys = createRingJWKSet({ ...optionsFor(reader), ...changes });
      expect(await joseSays(await tokenOf(ring.key)), JSON.stringify(Object.keys(changes))).toBe("keys_unavailable");
    }
  });

  test("refreshes behind the answer where a context is passed on", async () => {
    const work: Promise<unknown>[] = [];
    const context = { waitUntil: (one: Promise<unknown>): void => void work.push(one) };
    const header = { alg: "ES256", kid: ring.key.kid };
    await keys(header, undefined, context);
    await Promise.all(work.splice(0));
    nowMs += MEMORY_TTL_MS - 1;
    await keys(header, undefined, context);
    expect(work).not.toEqual([]);
    await Promise.all(work);
    expect(reader.reads).toHaveLength(2);
  });
});

describe("with several rings", () => {
  test("takes the keys of each, and calls a kid unknown only while every ring has a key set", async () => {
    const west = await makeRing();
    const westReader = createScriptedReader(await west.publish({ ring: ringName("west") }));
    const keySets: KeySets = { readerOf: (name) => (name === "west" ? westReader : reader) };
    keys = createRingJWKSet({
      ...optionsFor(reader),
      ring: ["main", "west"],
      anchors: { main: [ring.root.jwk], west: [west.root.jwk] },
      keySets,
    });
    expect(await joseSays(await tokenOf(ring.key))).toBe("user-1");
    expect(await joseSays(await tokenOf(west.key))).toBe("user-1");
    expect(await joseSays(await tokenOf(ring.newKey))).toBe(UNKNOWN[0]);
    expect((await keys.status()).map(({ ring: name, source }) => [name, source])).toEqual([
      ["main", "memory"],
      ["west", "memory"],
    ]);
    westReader.answer(null);
    keys = createRingJWKSet({
      ...optionsFor(reader),
      ring: ["main", "west"],
      anchors: { main: [ring.root.jwk], west: [west.root.jwk] },
      keySets,
    });
    expect(await joseSays(await tokenOf(ring.key))).toBe("user-1");
    expect(await joseSays(await tokenOf(west.key))).toBe("keys_unavailable");
  });
});

describe("its options", () => {
  test("are those of createVerifier that say which keys count; what jose checks is refused, with a hint where one helps", () => {
    const options = { issuer: TEST_ISSUER, anchors: [ring.root.jwk], keySets: fromDocument("a.b.c") };
    const more = (names: object): RingKeysOptions => Object.assign({}, options, names);
    expect(() => createRingJWKSet(more({ audiences: [AUDIENCE] }))).toThrow(
      /^createRingJWKSet: the options .*audiences/,
    );
    expect(() => createRingJWKSet(more({ trustAnchors: [] }))).toThrow("trustAnchors (use anchors)");
    expect(() => createRingJWKSet(more({ anchors: [] }))).toThrow(/^createRingJWKSet: anchors /);
  });
});
