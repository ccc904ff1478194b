/** One place of key sets, wired: its ladder and the verifiers of its tokens share one document, held for as long as it says. */
import { beforeAll, describe, expect, test } from "vitest";
import { ALGS } from "../../../../shared/algorithms.ts";
import type { KeyLadder } from "../../../../shared/keys/key-ladder.ts";
import type { KeySetReader, KeySets } from "../../../../shared/keys/key-set-reader.ts";
import { createVerification } from "../../../../shared/keys/verification.ts";
import type { KeySetConfig, RingConfig, Verification } from "../../../../shared/keys/verification.ts";
import { DEFAULT_MAX_TOKEN_BYTES } from "../../../../shared/verify-token.ts";
import type { TokenPolicy } from "../../../../shared/verify-token.ts";
import { ISSUED_AT, ISSUED_AT_MS as T, makeRing, MEMORY_TTL_MS } from "../../../support/edge-ring.ts";
import type { TestRing } from "../../../support/edge-ring.ts";
import { collectBackgroundWork, createScriptedReader } from "../../../support/key-set-readers.ts";
import { issuerUrl, ringName, seconds, signToken, TEST_ISSUER, TEST_RING } from "../../../support/key-sets.ts";
import { audienceOf, errorOf, given, valueOf } from "../../../support/values.ts";

const { waitUntil } = collectBackgroundWork();

let ring: TestRing;
let text: string;
beforeAll(async () => {
  ring = await makeRing();
  text = await ring.publish();
});

type Changes = Partial<RingConfig & Pick<KeySetConfig, "issuer">>;

function configOf({ issuer = TEST_ISSUER, ...changes }: Changes = {}): KeySetConfig {
  const { anchors } = ring.root;
  return { issuer, rings: [{ ring: TEST_RING, anchors, minRev: 1, bootstrapKeySet: undefined, ...changes }] };
}

/** The ladder of the only ring. */
function ladderOf({ rings }: Verification): KeyLadder {
  return given(rings.rings[0]).ladder;
}

/** A place that holds the same for each ring. */
function placeOf(reader: KeySetReader): KeySets {
  return { readerOf: () => reader };
}

/** What the first request finds. */
async function problemWith(changes: Changes, read: string | null = text): Promise<string> {
  const ladder = ladderOf(createVerification(placeOf(createScriptedReader(read)), configOf(changes)));
  const current = await ladder.current(T, waitUntil);
  return current.ok ? current.value.source : current.error.problem;
}

describe("the ladder of a verification", () => {
  test("holds what its reader returns, and reads again after M", async () => {
    const reader = createScriptedReader(text);
    const ladder = ladderOf(createVerification(placeOf(reader), configOf()));
    for (const afterMs of [0, 1, MEMORY_TTL_MS / 2 - 1]) {
      const { keySet } = valueOf(await ladder.current(T + afterMs, waitUntil));
      expect(keySet.find(ring.key.kid)).toMatchObject({ kid: ring.key.kid });
    }
    expect(reader.reads).toHaveLength(1);
    reader.answer(await ring.publish({ rev: 11, revoked: [{ kid: ring.key.kid, at: seconds(ISSUED_AT) }] }));
    const { keySet } = valueOf(await ladder.current(T + MEMORY_TTL_MS, waitUntil));
    expect(keySet.find(ring.key.kid)).toBe("revoked");
    expect(reader.reads).toHaveLength(2);
  });

  test("accepts by each member of its configuration", async () => {
    const stranger = await makeRing();
    expect(await problemWith({})).toBe("memory");
    expect(await problemWith({ anchors: stranger.root.anchors })).toBe("key_set_unknown_root");
    expect(await problemWith({ issuer: issuerUrl("https://elsewhere.example.com") })).toBe("key_set_wrong_issuer");
    expect(await problemWith({ ring: ringName("west") })).toBe("key_set_wrong_ring");
    expect(await problemWith({ minRev: 10 })).toBe("memory");
    expect(await problemWith({ minRev: 11 })).toBe("key_set_rev_too_low");
    expect(await problemWith({}, null)).toBe("key_set_missing");
    expect(await problemWith({ bootstrapKeySet: text }, null)).toBe("bootstrap");
  });
});

describe("the verifiers of a verification", () => {
  const token = (): Promise<string> =>
    signToken({ iss: TEST_ISSUER, aud: "api", sub: "u", iat: ISSUED_AT, exp: ISSUED_AT + 600 }, ring.key);
  const policy: TokenPolicy = {
    issuer: TEST_ISSUER,
    audiences: [audienceOf("api")],
    algs: new Set(ALGS),
    typs: new Set(["jwt"]),
    maxTokenBytes: DEFAULT_MAX_TOKEN_BYTES,
  };

  test("verify with the keys of its ladder, and answer a token that they remember at once", async () => {
    const reader = createScriptedReader(text);
    const { verifiers } = createVerification(placeOf(reader), configOf());
    const good = await token();
    expect(valueOf(await verifiers.under(policy).verify(good, T, waitUntil)).claims.sub).toBe("u");
    expect(verifiers.under(policy).verify(good, T, waitUntil)).toMatchObject({ ok: true });
    expect(reader.reads).toHaveLength(1);
  });

  test("remember no token when the limits leave no room", async () => {
    const limits = { maxEntries: 0, maxCharacters: 1_000_000 };
    const { verifiers } = createVerification(placeOf(createScriptedReader(text)), configOf(), limits);
    const good = await token();
    for (const sight of [1, 2]) {
      const answer = verifiers.under(policy).verify(good, T, waitUntil);
      expect(answer, `sight ${sight}`).toBeInstanceOf(Promise);
      expect(await answer).toMatchObject({ ok: true });
    }
  });
});

test("two verifications share nothing", async () => {
  const [full, empty] = [createScriptedReader(text), createScriptedReader(null)];
  const made: readonly Verification[] = [full, empty].map((reader) => createVerification(placeOf(reader), configOf()));
  const found = await Promise.all(made.map((one) => ladderOf(one).current(T, waitUntil)));
  expect(found.map(({ ok }) => ok)).toEqual([true, false]);
  expect(found.filter((one) => !one.ok).map((one) => errorOf(one).problem)).toEqual(["key_set_missing"]);
});
