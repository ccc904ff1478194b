/** Two rings of one issuer behind one verifier: each with its own root, documents and faults, and what each does to the other. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ALGS } from "../../../../shared/algorithms.ts";
import type { RingName } from "../../../../shared/identifiers.ts";
import type { KeySetDocument } from "../../../../shared/key-set.ts";
import { createKeyLadder } from "../../../../shared/keys/key-ladder.ts";
import { createKeyRings } from "../../../../shared/keys/key-rings.ts";
import type { KeyRings } from "../../../../shared/keys/key-rings.ts";
import { createTokenVerifier } from "../../../../shared/keys/token-verifier.ts";
import { statusOf } from "../../../../shared/keys/verification.ts";
import type { TokenVerifier } from "../../../../shared/keys/token-verifier.ts";
import { DEFAULT_MAX_TOKEN_BYTES } from "../../../../shared/verify-token.ts";
import { ISSUED_AT, ISSUED_AT_MS as T0, makeRing, MEMORY_TTL_MS } from "../../../support/edge-ring.ts";
import type { TestRing } from "../../../support/edge-ring.ts";
import { collectBackgroundWork, createManualTimer, createScriptedReader } from "../../../support/key-set-readers.ts";
import type { BackgroundWork, ManualTimer, ScriptedReader } from "../../../support/key-set-readers.ts";
import { ringName, seconds, signToken, TEST_ISSUER, TEST_RING, TEST_TIMING } from "../../../support/key-sets.ts";
import type { TestKey } from "../../../support/key-sets.ts";
import { audienceOf } from "../../../support/values.ts";

const WEST = ringName("west");
const PAST_M = T0 + MEMORY_TTL_MS;

let main: TestRing;
let west: TestRing;
let mainReader: ScriptedReader;
let westReader: ScriptedReader;
let timer: ManualTimer;
let rings: KeyRings;
let verifier: TokenVerifier;
let work: BackgroundWork;

beforeEach(async () => {
  [main, west] = await Promise.all([makeRing(), makeRing()]);
  mainReader = createScriptedReader(await main.publish());
  westReader = createScriptedReader(await ofWest());
  timer = createManualTimer();
  work = collectBackgroundWork();
  rings = createKeyRings([ladderOf(TEST_RING, main, mainReader), ladderOf(WEST, west, westReader)]);
  verifier = createTokenVerifier({
    rings,
    policy: {
      issuer: TEST_ISSUER,
      audiences: [audienceOf("api")],
      algs: new Set(ALGS),
      typs: new Set(["jwt"]),
      maxTokenBytes: DEFAULT_MAX_TOKEN_BYTES,
    },
    memoryLimits: { maxEntries: 100, maxCharacters: 100_000 },
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});

function ladderOf(name: RingName, { root }: TestRing, reader: ScriptedReader): KeyRings["rings"][number] {
  const ladder = createKeyLadder({
    reader,
    anchors: root.anchors,
    issuer: TEST_ISSUER,
    ring: name,
    acceptsUnnamed: false,
    minRev: 1,
    bootstrapKeySet: undefined,
    readDeadlineMs: 2000,
    random: () => 0,
    startTimer: timer.start,
  });
  return { name, ladder };
}

function ofWest(changes: Partial<KeySetDocument> = {}, keys?: readonly TestKey[]): Promise<string> {
  return west.publish({ ring: WEST, ...changes }, keys);
}

/** A token that is good for `lifetimeSeconds` from {@link ISSUED_AT}. */
function token(key: TestKey, lifetimeSeconds = 3600): Promise<string> {
  const times = { iat: ISSUED_AT, exp: ISSUED_AT + lifetimeSeconds };
  return signToken({ iss: TEST_ISSUER, aud: "api", sub: "alice", ...times }, key);
}

/** "ok", or the code of the refusal. */
async function ask(text: string, nowMs: number = T0): Promise<string> {
  const answer = await verifier.verify(text, nowMs, work.waitUntil);
  return answer.ok ? "ok" : answer.error.code;
}

describe("tokens of two rings", () => {
  test("verify with the key of their ring, remembered ones too", async () => {
    for (const key of [main.key, west.key]) {
      const good = await token(key);
      expect(await ask(good)).toBe("ok");
      expect(verifier.verify(good, T0, work.waitUntil)).toMatchObject({ ok: true });
    }
    expect([mainReader.reads.length, westReader.reads.length]).toEqual([1, 1]);
  });

  test("verify after a wait in which later requests were answered, as when an isolate was frozen", async () => {
    const [first, second, third] = [await token(main.key), await token(main.key, 3500), await token(main.key, 3400)];
    expect(await ask(first)).toBe("ok");
    const answer = mainReader.hang();
    const early = ask(second, PAST_M);
    const late = ask(third, PAST_M + 60_000);
    answer(await main.publish());
    expect(await Promise.all([early, late])).toEqual(["ok", "ok"]);
  });

  test("are held to the timing of their own ring", async () => {
    westReader.answer(await ofWest({ timing: { ...TEST_TIMING, maxTokenTtlSeconds: 600, clockSkewSeconds: 0 } }));
    expect(await ask(await token(west.key, 601))).toBe("token_lifetime_too_long");
    expect(await ask(await token(main.key, 601))).toBe("ok");
    const [ofMain, short] = [await token(main.key, 20), await token(west.key, 20)];
    for (const sight of ["first", "remembered"]) {
      expect([sight, await ask(ofMain), await ask(short)]).toEqual([sight, "ok", "ok"]);
    }
    expect(await ask(ofMain, T0 + 20_000)).toBe("ok");
    expect(await ask(short, T0 + 20_000)).toBe("token_expired");
  });

  test("of a kid that both list, the first ring decides what is too long", async () => {
    westReader.answer(await ofWest({ timing: { ...TEST_TIMING, maxTokenTtlSeconds: 600 } }, [main.key]));
    expect(await ask(await token(main.key, 601))).toBe("ok");
  });
});

describe("a ring that cannot be read", () => {
  test.each([
    ["missing", (): void => westReader.answer(null)],
    ["failing", (): void => westReader.fail()],
    ["holding junk", (): void => westReader.answer("junk")],
  ])("%s, harms neither the other's tokens nor turns its own into 401", async (_how, break_) => {
    break_();
    expect(await ask(await token(main.key))).toBe("ok");
    expect(await ask(await token(west.key))).toBe("keys_unavailable");
    // Nor can a stranger's kid be called unknown: it could be the ring's.
    expect(await ask(await token(main.newKey))).toBe("keys_unavailable");
    westReader.answer(await ofWest());
    expect(await ask(await token(west.key), T0 + 6000)).toBe("ok");
    expect(await ask(await token(main.newKey), T0 + 60_000)).toBe("kid_unknown");
  });

  test("does not make the other's requests wait while its reads fail", async () => {
    westReader.fail();
    const good = await token(main.key);
    await ask(good);
    const verifySignature = vi.spyOn(crypto.subtle, "verify");
    expect(await ask(good, T0 + 1)).toBe("ok");
    expect(verifySignature).not.toHaveBeenCalled();
    expect(westReader.reads).toHaveLength(1);
  });

  test("stands on its last good document", async () => {
    await ask(await token(main.key));
    westReader.fail();
    expect(await ask(await token(west.key), PAST_M)).toBe("ok");
    expect(statusOf({ rings }, PAST_M)).toMatchObject([
      { ring: "main", source: "memory" },
      { ring: "west", source: "last_good", problem: "key_set_read_failed" },
    ]);
  });

  test("without any ring's key set: 503, with the problem of the first", async () => {
    mainReader.answer(null);
    westReader.fail();
    const answer = await verifier.verify(await token(west.key), T0, work.waitUntil);
    expect(answer).toMatchObject({ ok: false, error: { code: "keys_unavailable", problem: "key_set_missing" } });
    expect(mainReader.reads).toHaveLength(1);
    expect(await ask("no token")).toBe("token_malformed");
  });
});

describe("a document", () => {
  test("of the other ring is refused, though one root signs for both", async () => {
    west = { ...west, root: main.root, publish: (changes) => main.publish({ ring: WEST, ...changes }, [west.key]) };
    rings = createKeyRings([ladderOf(TEST_RING, main, mainReader), ladderOf(WEST, west, westReader)]);
    mainReader.answer(await west.publish());
    westReader.answer(await main.publish());
    await rings.current(T0, work.waitUntil);
    expect(statusOf({ rings }, T0)).toMatchObject([
      { source: undefined, problem: "key_set_wrong_ring" },
      { source: undefined, problem: "key_set_wrong_ring" },
    ]);
  });

  test("that names no ring is refused where there are several", async () => {
    mainReader.answer(await main.publish({ ring: undefined }));
    await rings.current(T0, work.waitUntil);
    expect(statusOf({ rings }, T0)).toMatchObject([{ problem: "key_set_wrong_ring" }, { problem: undefined }]);
  });
});

describe("a tombstone", () => {
  const revoking = ({ kid }: TestKey): Partial<KeySetDocument> => ({
    rev: 11,
    revoked: [{ kid, at: seconds(ISSUED_AT) }],
  });

  test("in any ring is final, also for a token of the other ring that is remembered", async () => {
    const good = await token(main.key);
    expect(await ask(good)).toBe("ok");
    westReader.answer(await ofWest(revoking(main.key)));
    expect(await ask(good, PAST_M)).toBe("kid_revoked");
    expect(await ask(await token(west.key), PAST_M)).toBe("ok");
  });

  test("in the first ring outweighs a listing in the second", async () => {
    mainReader.answer(await main.publish(revoking(west.key)));
    expect(await ask(await token(west.key))).toBe("kid_revoked");
  });
});

describe("remembered tokens", () => {
  test("of one ring outlive a change in the other, and cost no signature check", async () => {
    const [ofMain, ofWestern] = [await token(main.key), await token(west.key)];
    await ask(ofMain);
    await ask(ofWestern);
    westReader.answer(await ofWest({ rev: 11 }, [west.key, west.newKey]));
    await rings.current(PAST_M, work.waitUntil);
    const verifySignature = vi.spyOn(crypto.subtle, "verify");
    expect(verifier.verify(ofMain, PAST_M, work.waitUntil)).toMatchObject({ ok: true });
    expect(verifySignature).not.toHaveBeenCalled();
    expect(await ask(ofWestern, PAST_M)).toBe("ok");
    expect(verifySignature).toHaveBeenCalledOnce();
  });

  test("of a ring that no longer lists their key are refused", async () => {
    const good = await token(west.key);
    await ask(good);
    westReader.answer(await ofWest({ rev: 11 }, [west.newKey]));
    expect(await ask(good, PAST_M)).toBe("kid_unknown");
    expect(await ask(await token(west.newKey), PAST_M)).toBe("ok");
  });
});

describe("reads", () => {
  test("of all rings begin at once, and one that hangs costs one deadline", async () => {
    westReader.hang();
    const asked = ask(await token(main.key));
    await vi.waitFor(() => expect([mainReader.reads.length, westReader.reads.length]).toEqual([1, 1]));
    await vi.waitFor(() => expect(timer.running).toEqual([2000]));
    timer.fire();
    expect(await asked).toBe("ok");
  });

  test("a request begins at most one in the background, and the next request the other", async () => {
    const good = await token(main.key);
    await ask(good);
    const due = T0 + MEMORY_TTL_MS / 2;
    const begun = (): readonly number[] => [mainReader.reads.length, westReader.reads.length];
    void verifier.verify(good, due, work.waitUntil);
    expect(begun()).toEqual([2, 1]);
    void verifier.verify(good, due, work.waitUntil);
    expect(begun()).toEqual([2, 2]);
    void verifier.verify(good, due, work.waitUntil);
    expect(begun()).toEqual([2, 2]);
    await work.settle();
  });

  test("for an unknown kid ask every ring, once per cooldown", async () => {
    const good = await token(west.newKey);
    await ask(await token(main.key));
    westReader.answer(await ofWest({ rev: 11 }, [west.key, west.newKey]));
    expect(await ask(good, T0 + 1)).toBe("ok");
    expect([mainReader.reads.length, westReader.reads.length]).toEqual([2, 2]);
    for (let index = 0; index < 50; index += 1) expect(await ask(await token(main.newKey), T0 + 2)).toBe("kid_unknown");
    expect([mainReader.reads.length, westReader.reads.length]).toEqual([2, 2]);
  });

  test("that change nothing leave the held keys as they are", async () => {
    const before = await rings.current(T0, work.waitUntil);
    const after = await rings.current(PAST_M, work.waitUntil);
    expect(after).toBe(before);
    expect(rings.ready(PAST_M, work.waitUntil)).toBe(before);
  });
});
