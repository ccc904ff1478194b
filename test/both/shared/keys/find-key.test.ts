/** The key of a kid: what is held, what one more read brings, and what is said when nothing can be had. */
import { beforeAll, expect, test } from "vitest";
import { findKey } from "../../../../shared/keys/find-key.ts";
import {
  ISSUED_AT,
  ISSUED_AT_MS as T,
  makeHoldingLadder,
  makeLadder,
  makeRing,
  onlyRing,
} from "../../../support/edge-ring.ts";
import type { TestRing } from "../../../support/edge-ring.ts";
import { collectBackgroundWork, createScriptedReader } from "../../../support/key-set-readers.ts";
import { seconds } from "../../../support/key-sets.ts";
import { errorOf, valueOf } from "../../../support/values.ts";

const { waitUntil } = collectBackgroundWork();

let ring: TestRing;
beforeAll(async () => {
  ring = await makeRing();
});

test("a kid that is held costs no read", async () => {
  const { ladder, reader } = await makeHoldingLadder(ring, waitUntil);
  const reads = reader.reads.length;
  expect(valueOf(await findKey(onlyRing(ladder), ring.key.kid, T + 1, waitUntil))).toMatchObject({ kid: ring.key.kid });
  expect(reader.reads).toHaveLength(reads);
});

test("one that is not held costs one read per cooldown, which may bring it", async () => {
  const { ladder, reader } = await makeHoldingLadder(ring, waitUntil);
  const reads = reader.reads.length;
  expect(valueOf(await findKey(onlyRing(ladder), ring.newKey.kid, T + 1, waitUntil))).toBeUndefined();
  reader.answer(
    await ring.publish({ rev: 11, revoked: [{ kid: ring.key.kid, at: seconds(ISSUED_AT) }] }, [ring.newKey]),
  );
  expect(valueOf(await findKey(onlyRing(ladder), ring.newKey.kid, T + 2, waitUntil))).toBeUndefined();
  expect(reader.reads.length - reads).toBe(1);
  expect(valueOf(await findKey(onlyRing(ladder), ring.newKey.kid, T + 30_001, waitUntil))).toMatchObject({
    kid: ring.newKey.kid,
  });
  expect(valueOf(await findKey(onlyRing(ladder), ring.key.kid, T + 30_001, waitUntil))).toBe("revoked");
});

test("without a key set it is a fault, and no answer about the kid", async () => {
  const ladder = makeLadder(ring, createScriptedReader(null));
  expect(errorOf(await findKey(onlyRing(ladder), ring.key.kid, T, waitUntil))).toMatchObject({
    problem: "key_set_missing",
  });
});
