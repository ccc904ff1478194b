/** Verification with ladder and memory together, and each way in which memories of verified tokens have gone wrong. */
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { KeyLadder } from "../../../../shared/keys/key-ladder.ts";
import type { WaitUntil } from "../../../../shared/keys/held-key-set.ts";
import { createTokenVerifier } from "../../../../shared/keys/token-verifier.ts";
import type { TokenAnswer, TokenVerifier } from "../../../../shared/keys/token-verifier.ts";
import type { TokenPolicy } from "../../../../shared/verify-token.ts";
import { ALGS } from "../../../../shared/algorithms.ts";
import type { JsonObject } from "../../../../shared/json.ts";
import { DEFAULT_MAX_TOKEN_BYTES } from "../../../../shared/verify-token.ts";
import {
  ISSUED_AT,
  ISSUED_AT_MS as T0,
  makeLadder,
  makeRing,
  MEMORY_TTL_MS,
  onlyRing,
} from "../../../support/edge-ring.ts";
import type { TestRing } from "../../../support/edge-ring.ts";
import { seconds, signToken, TEST_ISSUER, TEST_TIMING } from "../../../support/key-sets.ts";
import type { TestKey } from "../../../support/key-sets.ts";
import { collectBackgroundWork, createScriptedReader } from "../../../support/key-set-readers.ts";
import type { ScriptedReader } from "../../../support/key-set-readers.ts";
import { audienceOf, errorOf, given, valueOf } from "../../../support/values.ts";

const { waitUntil } = collectBackgroundWork();
const PAST_M = T0 + MEMORY_TTL_MS;

const POLICY: TokenPolicy = {
  issuer: TEST_ISSUER,
  audiences: [audienceOf("api")],
  algs: new Set(ALGS),
  typs: new Set(["jwt", "at+jwt", undefined]),
  maxTokenBytes: DEFAULT_MAX_TOKEN_BYTES,
};

let ring: TestRing;
beforeAll(async () => {
  ring = await makeRing();
});

interface Scene {
  readonly reader: ScriptedReader;
  readonly ladder: KeyLadder;
  readonly verifier: TokenVerifier;
}

async function open(policy: TokenPolicy = POLICY): Promise<Scene> {
  const reader = createScriptedReader(await ring.publish());
  const ladder = makeLadder(ring, reader);
  const memoryLimits = { maxEntries: 100, maxCharacters: 100_000 };
  return { reader, ladder, verifier: createTokenVerifier({ rings: onlyRing(ladder), policy, memoryLimits }) };
}

function token(claims: JsonObject = {}, key: TestKey = ring.key): Promise<string> {
  const times = { iat: ISSUED_AT, exp: ISSUED_AT + 3600 };
  return signToken({ iss: TEST_ISSUER, aud: "api", sub: "alice", ...times, ...claims }, key);
}

afterEach(() => {
  vi.restoreAllMocks();
});

/** The answer that is there at once; undefined where a promise is given. */
function remembered(verifier: TokenVerifier, text: string, nowMs: number, keep: WaitUntil): TokenAnswer | undefined {
  const answer = verifier.verify(text, nowMs, keep);
  return answer instanceof Promise ? undefined : answer;
}

describe("first sight", () => {
  test("a good token is verified with the keys of the ladder", async () => {
    const { verifier } = await open();
    const { header, claims } = valueOf(await verifier.verify(await token(), T0, waitUntil));
    expect(header).toEqual({ alg: "ES256", kid: ring.key.kid, typ: "jwt" });
    expect(claims).toMatchObject({ sub: "alice" });
  });

  test("skew and longest lifetime are those of the key set document", async () => {
    const { reader, verifier } = await open();
    reader.answer(await ring.publish({ timing: { ...TEST_TIMING, clockSkewSeconds: 5, maxTokenTtlSeconds: 600 } }));
    const tooLong = await token({ exp: ISSUED_AT + 601 });
    expect(errorOf(await verifier.verify(tooLong, T0, waitUntil)).code).toBe("token_lifetime_too_long");
    const early = await token({ nbf: ISSUED_AT + 6, exp: ISSUED_AT + 600 });
    expect(errorOf(await verifier.verify(early, T0, waitUntil)).code).toBe("token_not_yet_valid");
  });

  test("without keys the answer is keys_unavailable, never a rejection of the token", async () => {
    const { reader, verifier } = await open();
    reader.fail();
    const good = await token();
    expect(remembered(verifier, good, T0, waitUntil)).toBeUndefined();
    expect(errorOf(await verifier.verify(good, T0, waitUntil))).toMatchObject({ code: "keys_unavailable" });
  });

  test("an unknown kid costs one read, and a key that is new in KV verifies at once", async () => {
    const { reader, verifier } = await open();
    await verifier.verify(await token(), T0, waitUntil);
    reader.answer(await ring.publish({ rev: 11 }, [ring.key, ring.newKey]));
    expect((await verifier.verify(await token({}, ring.newKey), T0 + 1, waitUntil)).ok).toBe(true);
    expect(reader.reads).toEqual([30, 30]);
  });

  test("a kid that nobody knows is refused, and only the first of many asks KV", async () => {
    const { reader, verifier } = await open();
    const strange = await token({}, ring.newKey);
    for (let ms = 0; ms < 50; ms += 1) {
      expect(errorOf(await verifier.verify(strange, T0 + ms, waitUntil)).code).toBe("kid_unknown");
    }
    expect(reader.reads).toEqual([30, 30]);
  });

  test("a bad signature under a known kid does not ask KV", async () => {
    const { reader, verifier } = await open();
    const [header, , signature] = (await token()).split(".");
    const [, payload] = (await token({ sub: "mallory" })).split(".");
    const forged = `${header}.${payload}.${signature}`;
    expect(errorOf(await verifier.verify(forged, T0, waitUntil)).code).toBe("signature_invalid");
    expect(reader.reads).toHaveLength(1);
  });
});

describe("remembered token", () => {
  test("is answered without a promise, a signature check or a KV read", async () => {
    const { reader, verifier } = await open();
    const good = await token();
    const first = await verifier.verify(good, T0, waitUntil);
    const verify = vi.spyOn(crypto.subtle, "verify");
    expect(remembered(verifier, good, T0 + 1000, waitUntil)).toBe(first);
    expect(await verifier.verify(good, T0 + 1000, waitUntil)).toBe(first);
    expect(verify).not.toHaveBeenCalled();
    expect((await verifier.verify(await token({ jti: "other" }), T0 + 1000, waitUntil)).ok).toBe(true);
    expect(verify).toHaveBeenCalledOnce();
    expect(reader.reads).toHaveLength(1);
  });

  test("stays remembered when a read past M confirms the same key set", async () => {
    const { verifier } = await open();
    const good = await token();
    const first = await verifier.verify(good, T0, waitUntil);
    expect(remembered(verifier, good, PAST_M, waitUntil)).toBeUndefined();
    expect(await verifier.verify(good, PAST_M, waitUntil)).toBe(first);
  });

  test("is refused from exp plus skew on", async () => {
    const { verifier } = await open();
    const brief = await token({ exp: ISSUED_AT - 50, iat: ISSUED_AT - 60 });
    expect((await verifier.verify(brief, T0, waitUntil)).ok).toBe(true);
    expect(remembered(verifier, brief, T0 + 9999, waitUntil)?.ok).toBe(true);
    expect(errorOf(given(remembered(verifier, brief, T0 + 10_000, waitUntil))).code).toBe("token_expired");
    expect(errorOf(await verifier.verify(brief, T0 + 10_000, waitUntil)).code).toBe("token_expired");
  });

  test("is refused before nbf minus skew, if the clock has gone back", async () => {
    const { verifier } = await open();
    const late = await token({ nbf: ISSUED_AT + 60 });
    expect((await verifier.verify(late, T0, waitUntil)).ok).toBe(true);
    expect(errorOf(given(remembered(verifier, late, T0 - 1000, waitUntil))).code).toBe("token_not_yet_valid");
  });

  test("is forgotten when its key leaves the key set", async () => {
    const { reader, verifier } = await open();
    const good = await token();
    await verifier.verify(good, T0, waitUntil);
    reader.answer(await ring.publish({ rev: 11 }, [ring.newKey]));
    expect(errorOf(await verifier.verify(good, PAST_M, waitUntil)).code).toBe("kid_unknown");
  });

  test("is forgotten when its key is revoked, by a new document and by another one of the same rev", async () => {
    for (const rev of [10, 11]) {
      const { reader, verifier } = await open();
      const good = await token();
      await verifier.verify(good, T0, waitUntil);
      reader.answer(await ring.publish({ rev, revoked: [{ kid: ring.key.kid, at: seconds(ISSUED_AT) }] }));
      expect(errorOf(await verifier.verify(good, PAST_M, waitUntil)).code).toBe("kid_revoked");
    }
  });

  test("is checked again under the timing of a new document", async () => {
    const { reader, verifier } = await open();
    const good = await token();
    await verifier.verify(good, T0, waitUntil);
    reader.answer(await ring.publish({ rev: 11, timing: { ...TEST_TIMING, maxTokenTtlSeconds: 600 } }));
    expect(errorOf(await verifier.verify(good, PAST_M, waitUntil)).code).toBe("token_lifetime_too_long");
  });

  test("is not remembered when the key set changed while it was being verified", async () => {
    const { reader, ladder, verifier } = await open();
    const good = await token();
    await verifier.verify(await token({ jti: "1" }), T0, waitUntil);
    reader.answer(await ring.publish({ rev: 11, revoked: [{ kid: ring.key.kid, at: seconds(ISSUED_AT) }] }));
    const verifying = verifier.verify(good, T0 + 1, waitUntil);
    await ladder.current(PAST_M, waitUntil);
    await verifying;
    expect(errorOf(await verifier.verify(good, PAST_M, waitUntil)).code).toBe("kid_revoked");
  });

  test("counts for one policy only: another audience or algorithm list decides anew", async () => {
    const { ladder, verifier } = await open();
    const memoryLimits = { maxEntries: 100, maxCharacters: 100_000 };
    const good = await token();
    expect((await verifier.verify(good, T0, waitUntil)).ok).toBe(true);
    const reports = createTokenVerifier({
      rings: onlyRing(ladder),
      policy: { ...POLICY, audiences: [audienceOf("reports")] },
      memoryLimits,
    });
    const rsaOnly = createTokenVerifier({
      rings: onlyRing(ladder),
      policy: { ...POLICY, algs: new Set(["RS256"]) },
      memoryLimits,
    });
    expect(errorOf(await reports.verify(good, T0, waitUntil)).code).toBe("audience_mismatch");
    expect(errorOf(await rsaOnly.verify(good, T0, waitUntil)).code).toBe("alg_not_allowed");
    expect(remembered(verifier, good, T0, waitUntil)?.ok).toBe(true);
  });

  test("another spelling of it, or a changed signature, is another token", async () => {
    const { verifier } = await open();
    const good = await token();
    await verifier.verify(good, T0, waitUntil);
    const flipped = good.slice(0, -10) + (good.at(-10) === "A" ? "B" : "A") + good.slice(-9);
    expect(remembered(verifier, flipped, T0, waitUntil)).toBeUndefined();
    expect(errorOf(await verifier.verify(flipped, T0, waitUntil)).code).toBe("signature_invalid");
    expect(errorOf(await verifier.verify(`${good}=`, T0, waitUntil)).code).toBe("token_malformed");
  });

  test("refused tokens are not remembered", async () => {
    const { verifier } = await open();
    const foreign = await token({ aud: "other" });
    await verifier.verify(foreign, T0, waitUntil);
    expect(remembered(verifier, foreign, T0, waitUntil)).toBeUndefined();
  });

  test("during an outage it is answered from the last good document, without waiting", async () => {
    const { reader, verifier } = await open();
    const good = await token();
    await verifier.verify(good, T0, waitUntil);
    reader.fail();
    await verifier.verify(good, PAST_M, waitUntil);
    expect(remembered(verifier, good, PAST_M + 1, waitUntil)?.ok).toBe(true);
  });
});
