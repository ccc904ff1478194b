/** What the console gives the page: read with care, and a sentence where something is missing. */
import { expect, test } from "vitest";
import { readRingFacts } from "../../../../../issuer/console/page/ring-facts.ts";
import { TEST_ISSUER, TEST_RING } from "../../../../support/key-sets.ts";

const GIVEN = { ring: TEST_RING, issuer: TEST_ISSUER, keySet: "a.b.c", anchors: [{}], routes: [] };

test("takes over what is there", () => {
  expect(readRingFacts({ ...GIVEN, revocations: "x" })).toEqual({ ok: true, value: { ...GIVEN, revocations: "x" } });
  expect(readRingFacts({ ...GIVEN, anchors: 7 })).toMatchObject({ value: { anchors: [], revocations: undefined } });
});

test.each([
  [undefined, "The console did not answer with keys."],
  [{ code: "kms_unreachable" }, "The ring's key set cannot be read (kms_unreachable)."],
  [{ ...GIVEN, keySet: undefined }, "KV holds no key set of this ring."],
  [{ ...GIVEN, ring: "../x" }, "KV holds no key set of this ring."],
  [{ ...GIVEN, issuer: 7 }, "KV holds no key set of this ring."],
])("%j", (given, error) => {
  expect(readRingFacts(given)).toEqual({ ok: false, error });
});
