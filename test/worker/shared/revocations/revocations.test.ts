/** Lists beside key sets: two rings, what is read when, and what one request never does for another. */
import { beforeEach, describe, expect, test } from "vitest";
import { ALGS } from "../../../../shared/algorithms.ts";
import type { RingName } from "../../../../shared/identifiers.ts";
import { createKeyLadder } from "../../../../shared/keys/key-ladder.ts";
import { createKeyRings } from "../../../../shared/keys/key-rings.ts";
import type { KeyRings } from "../../../../shared/keys/key-rings.ts";
import { createTokenVerifiers } from "../../../../shared/keys/token-verifier.ts";
import type { TokenVerifier, TokenVerifiers } from "../../../../shared/keys/token-verifier.ts";
import { createRevocations } from "../../../../shared/revocations/revocations.ts";
import type { Revocations } from "../../../../shared/revocations/revocations.ts";
import { DEFAULT_MAX_TOKEN_BYTES } from "../../../../shared/verify-token.ts";
import { ISSUED_AT, ISSUED_AT_MS as T0, MEMORY_TTL_MS } from "../../../support/edge-ring.ts";
import { collectBackgroundWork, createManualTimer } from "../../../support/key-set-readers.ts";
import type { BackgroundWork, ManualTimer } from "../../../support/key-set-readers.ts";
import { ringName, seconds, signToken, TEST_ISSUER, TEST_RING } from "../../../support/key-sets.ts";
import { takenBack } from "../../../support/revocations.ts";
import { audienceOf, valueOf } from "../../../support/values.ts";
import { list, sideOf } from "./side.ts";
import type { Side } from "./side.ts";

const WEST = ringName("west");
const PAST_M = T0 + MEMORY_TTL_MS;
const LATER = PAST_M + 60_000;

let main: Side;
let west: Side;
let timer: ManualTimer;
let work: BackgroundWork;
let revocations: Revocations;
let verifier: TokenVerifier;
let createGuarded: () => TokenVerifiers;

beforeEach(async () => {
  timer = createManualTimer();
  work = collectBackgroundWork();
  main = await sideOf(TEST_RING);
  west = await sideOf(WEST);
  use([main, west]);
});

function use(sides: readonly Side[]): void {
  const names = [TEST_RING, WEST].slice(0, sides.length);
  const common = { readDeadlineMs: 2000, random: () => 0, startTimer: timer.start };
  const rings: KeyRings = createKeyRings(
    sides.map(({ ring, keys }, index) => ({
      name: names[index] ?? TEST_RING,
      ladder: createKeyLadder({
        ...common,
        reader: keys,
        anchors: ring.root.anchors,
        issuer: TEST_ISSUER,
        ring: names[index] ?? TEST_RING,
        acceptsUnnamed: false,
        minRev: 1,
        bootstrapKeySet: undefined,
      }),
    })),
  );
  const sideNamed = (name: RingName): Side => (name === WEST ? west : main);
  revocations = createRevocations(rings, {
    ...common,
    issuer: TEST_ISSUER,
    readerOf: (name) => sideNamed(name).lists,
    anchorsOf: (name) => sideNamed(name).ring.root.anchors,
  });
  const memoryLimits = { maxEntries: 100, maxCharacters: 100_000 };
  createGuarded = () => revocations.guard(createTokenVerifiers({ rings, memoryLimits }));
  verifier = createGuarded().under(POLICY);
}

function tokenOf({ ring }: Side, jti: string): Promise<string> {
  return signToken({ iss: TEST_ISSUER, aud: "api", iat: ISSUED_AT, exp: ISSUED_AT + 600, jti }, ring.key);
}

async function outcome(token: string, nowMs: number = T0): Promise<string> {
  const answer = await verifier.verify(token, nowMs, work.waitUntil);
  return answer.ok ? "good" : answer.error.code;
}

const readsOf = ({ keys, lists }: Side): readonly number[] => [keys.reads.length, lists.reads.length];

describe("a token", () => {
  test("is refused by what any ring's list names, and waits for each that is older than M", async () => {
    const token = await tokenOf(main, "stolen");
    expect(await outcome(token)).toBe("good");
    // Both key sets and the token's own list are refreshed behind three requests; the other list is not.
    for (let turn = 0; turn < 3; turn += 1) await outcome(token, T0 + MEMORY_TTL_MS * 0.9 + turn);
    await work.settle();
    expect([readsOf(main), readsOf(west)].join(" ")).toBe("2,2 2,1");
    west.lists.answer(await list(west.ring, WEST, [takenBack("jti", "stolen")], 11));
    expect(await outcome(token, PAST_M)).toBe("token_revoked");
    expect(await outcome(await tokenOf(main, "another"), PAST_M)).toBe("good");
  });

  test("is judged by its ring's list after a wait in which later requests were answered", async () => {
    expect(await outcome(await tokenOf(west, "first"))).toBe("good");
    const answer = west.keys.hang();
    const waiting = [outcome(await tokenOf(west, "second"), PAST_M), outcome(await tokenOf(west, "third"), LATER)];
    answer(await west.ring.publish({ ring: WEST }));
    expect(await Promise.all(waiting)).toEqual(["good", "good"]);
  });

  test("whose key was withdrawn is found out by a recheck that waited while later requests were answered", async () => {
    const verified = valueOf(await verifier.verify(await tokenOf(main, "open"), T0, work.waitUntil));
    const answer = main.keys.hang();
    const recheck = revocations.recheck(verified, PAST_M, work.waitUntil);
    const late = outcome(await tokenOf(main, "late"), LATER);
    const revoked = [{ kid: main.ring.key.kid, at: seconds(ISSUED_AT) }];
    answer(await main.ring.publish({ ring: TEST_RING, rev: ISSUED_AT + 1, revoked }));
    expect(await recheck).toEqual({ code: "kid_revoked" });
    expect(await late).toBe("kid_revoked");
  });

  test("needs the list of its own ring, and no other", async () => {
    west.lists.answer(null);
    expect(await outcome(await tokenOf(main, "one"))).toBe("good");
    expect(await outcome(await tokenOf(west, "two"))).toBe("revocations_unavailable");
  });

  test("of another issuer is still verified by those who know it, and is not looked for", async () => {
    const answer = {
      ok: true as const,
      value: { header: { alg: "ES256" as const, kid: "k", typ: "jwt" as const }, claims: foreignClaims },
    };
    const others = { verify: () => answer };
    const guarded = createGuarded().under(POLICY, others);
    expect(await guarded.verify("any", T0, work.waitUntil)).toBe(answer);
    main.lists.answer(null);
    expect(await guarded.verify("any", PAST_M, work.waitUntil)).toBe(answer);
  });
});

const foreignClaims = { iss: "https://other.example.com", aud: "api", exp: seconds(ISSUED_AT + 600) };
const POLICY = {
  issuer: TEST_ISSUER,
  audiences: [audienceOf("api")],
  algs: new Set(ALGS),
  typs: new Set(["jwt" as const]),
  maxTokenBytes: DEFAULT_MAX_TOKEN_BYTES,
};

describe("reads", () => {
  test("of key sets and lists begin together in an isolate that starts new", async () => {
    const answerKeys = main.keys.hang();
    const answerList = main.lists.hang();
    use([main]);
    const answer = outcome(await tokenOf(main, "one"));
    expect(readsOf(main)).toEqual([1, 1]);
    answerList(await list(main.ring, TEST_RING, [takenBack("jti", "one")]));
    answerKeys(await main.ring.publish());
    expect(await answer).toBe("token_revoked");
    expect(readsOf(main)).toEqual([1, 1]);
  });

  test("that hang end at one deadline, and requests after it do not wait", async () => {
    use([main]);
    const token = await tokenOf(main, "one");
    main.lists.hang();
    const first = outcome(token);
    while (timer.running.length === 0 || main.keys.reads.length === 0) await Promise.resolve();
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
    timer.fire();
    expect(await first).toBe("revocations_unavailable");
    expect(await outcome(token, T0 + 2001)).toBe("revocations_unavailable");
    expect(readsOf(main)).toEqual([1, 1]);
  });

  test("fail for a while: the last good list is used until its exp, and one read in a backoff is made", async () => {
    use([main]);
    const [good, bad] = [await tokenOf(main, "good"), await tokenOf(main, "bad")];
    main.lists.answer(await list(main.ring, TEST_RING, [takenBack("jti", "bad")]));
    expect([await outcome(good), await outcome(bad)]).toEqual(["good", "token_revoked"]);
    main.lists.fail();
    for (let turn = 0; turn < 3; turn += 1) {
      expect([await outcome(good, PAST_M), await outcome(bad, PAST_M)]).toEqual(["good", "token_revoked"]);
    }
    expect(main.lists.reads.length).toBe(2);
    expect(revocations.status(TEST_RING, PAST_M)).toMatchObject({
      source: "last_good",
      problem: "revocations_read_failed",
    });
  });

  test("behind an answer are one in a request: the key set's first, and with its own C", async () => {
    use([main]);
    const token = await tokenOf(main, "one");
    await outcome(token);
    const due = T0 + MEMORY_TTL_MS / 2;
    const before = verifier.verify(token, due, work.waitUntil);
    expect(before).not.toBeInstanceOf(Promise);
    expect(readsOf(main)).toEqual([2, 1]);
    await outcome(token, due);
    expect(readsOf(main)).toEqual([2, 2]);
    await work.settle();
    expect([main.keys.reads.at(-1), main.lists.reads.at(-1)]).toEqual([60, 60]);
    await outcome(token, due + 1);
    expect(readsOf(main)).toEqual([2, 2]);
  });

  test("are not made for a token that is bad anyway", async () => {
    use([main]);
    await outcome(await tokenOf(main, "one"));
    main.keys.answer(await main.ring.publish());
    const forged = `${(await tokenOf(main, "two")).slice(0, -4)}AAAA`;
    const reads = readsOf(main);
    expect(await outcome(forged, T0 + 1)).toBe("signature_invalid");
    expect(readsOf(main)).toEqual(reads);
  });

  test("after the clock went back are made anew", async () => {
    use([main]);
    const token = await tokenOf(main, "one");
    await outcome(token, T0 + 20_000);
    await outcome(token, T0);
    expect(main.lists.reads.length).toBe(2);
  });
});

describe("a remembered token", () => {
  test("is answered without a promise while the list is fresh, also right after a new list", async () => {
    use([main]);
    const token = await tokenOf(main, "one");
    await outcome(token);
    expect(verifier.verify(token, T0 + 1, work.waitUntil)).toMatchObject({ ok: true });
    main.lists.answer(await list(main.ring, TEST_RING, [takenBack("jti", "one")], 11));
    expect(await outcome(token, PAST_M)).toBe("token_revoked");
    expect(verifier.verify(token, PAST_M + 1, work.waitUntil)).toMatchObject({ ok: false });
  });
});

describe("an open connection's token", () => {
  async function recheck(jti: string, nowMs: number): Promise<string> {
    const answer = await verifier.verify(await tokenOf(main, jti), T0, work.waitUntil);
    if (!answer.ok) throw new Error(answer.error.code);
    return (await revocations.recheck(answer.value, nowMs, work.waitUntil))?.code ?? "good";
  }

  test("is looked for in a list that is read for it, though no request asks", async () => {
    use([main]);
    expect(await recheck("one", T0)).toBe("good");
    main.lists.answer(await list(main.ring, TEST_RING, [takenBack("jti", "one")], 11));
    expect(await recheck("one", PAST_M)).toBe("token_revoked");
    expect(await recheck("two", PAST_M)).toBe("good");
  });

  test("ends with its key, and while no list can be had", async () => {
    use([main]);
    expect(await recheck("one", T0)).toBe("good");
    const { kid } = main.ring.key;
    main.keys.answer(await main.ring.publish({ rev: 11, revoked: [{ kid, at: seconds(ISSUED_AT) }] }, []));
    const answer = await verifier.verify(await tokenOf(main, "one"), T0, work.waitUntil);
    if (!answer.ok) throw new Error(answer.error.code);
    expect(await revocations.recheck(answer.value, PAST_M, work.waitUntil)).toEqual({ code: "kid_revoked" });
    const muchLater = T0 + 86_400_000;
    main.lists.fail();
    main.keys.answer(
      await main.ring.publish({
        rev: 12,
        issuedAt: seconds(ISSUED_AT + 86_000),
        expiresAt: seconds(ISSUED_AT + 172_000),
      }),
    );
    expect((await revocations.recheck(answer.value, muchLater, work.waitUntil))?.code).toBe("kid_revoked");
    use([main]);
    main.lists.fail();
    expect((await revocations.recheck(answer.value, muchLater, work.waitUntil))?.code).toBe("revocations_unavailable");
  });

  test("ends with the key set of its ring, which would say that its key was withdrawn", async () => {
    for (const rings of [[main], [main, west]]) {
      main.keys.answer(await main.ring.publish({ expiresAt: seconds(ISSUED_AT + 60) }));
      use(rings);
      const answer = await verifier.verify(await tokenOf(main, "one"), T0, work.waitUntil);
      if (!answer.ok) throw new Error(answer.error.code);
      expect(await revocations.recheck(answer.value, PAST_M, work.waitUntil)).toBeUndefined();
      main.keys.fail();
      expect((await revocations.recheck(answer.value, LATER, work.waitUntil))?.code).toBe("keys_unavailable");
    }
  });

  test("ends when the key set lists its key no more", async () => {
    use([main]);
    expect(await recheck("one", T0)).toBe("good");
    main.keys.answer(await main.ring.publish({ rev: 11 }, []));
    expect(await recheck("two", PAST_M)).toBe("kid_unknown");
  });

  test("is asked after each M, and at most 400 times in its life", async () => {
    use([main]);
    const answer = await verifier.verify(await tokenOf(main, "one"), T0, work.waitUntil);
    if (!answer.ok) throw new Error(answer.error.code);
    expect(revocations.recheckEverySeconds(answer.value, T0)).toBe(30);
  });
});
