/** What somebody who can write KV can still do with older documents, and what stops it. docs/reliability.md says the same. */
import { beforeAll, describe, expect, test } from "vitest";
import { ISSUED_AT, ISSUED_AT_MS as T0, makeLadder, makeRing, MEMORY_TTL_MS } from "../../../support/edge-ring.ts";
import type { TestRing } from "../../../support/edge-ring.ts";
import { seconds } from "../../../support/key-sets.ts";
import { collectBackgroundWork, createScriptedReader } from "../../../support/key-set-readers.ts";
import { errorOf, valueOf } from "../../../support/values.ts";

const { waitUntil } = collectBackgroundWork();

let ring: TestRing;
let withKey: string;
let withTombstone: string;
beforeAll(async () => {
  ring = await makeRing();
  withKey = await ring.publish();
  withTombstone = await ring.publish({ rev: 11, revoked: [{ kid: ring.key.kid, at: seconds(ISSUED_AT) }] });
});

describe("an older document in place of the one with a tombstone", () => {
  test("changes nothing in an isolate that has seen the tombstone", async () => {
    const reader = createScriptedReader(withTombstone);
    const ladder = makeLadder(ring, reader);
    await ladder.current(T0, waitUntil);
    reader.answer(withKey);
    const { keySet } = valueOf(await ladder.current(T0 + MEMORY_TTL_MS, waitUntil));
    expect(keySet.find(ring.key.kid)).toBe("revoked");
  });

  test("a new isolate accepts an older document that is signed and alive: what MIN_REV is for", async () => {
    const reader = createScriptedReader(withKey);
    const trusting = valueOf(await makeLadder(ring, reader).current(T0, waitUntil));
    expect(trusting.keySet.find(ring.key.kid)).toMatchObject({ kid: ring.key.kid });
    const floor = { minRev: 11, bootstrap: withKey };
    expect(errorOf(await makeLadder(ring, reader, floor).current(T0, waitUntil)).problem).toBe("key_set_rev_too_low");
  });

  test("is not accepted by any isolate past its exp", async () => {
    const reader = createScriptedReader(withKey);
    const atExpiryMs = T0 + 86_400_000;
    const refusal = errorOf(await makeLadder(ring, reader).current(atExpiryMs, waitUntil));
    expect(refusal.problem).toBe("key_set_expired");
  });
});
