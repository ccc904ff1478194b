/** The options that say which keys count: checked once, under the name of the function that was called. */
import { beforeAll, expect, test } from "vitest";
import { fromDocument } from "../../../shared/index.ts";
import { createRingKeys } from "../../../shared/ring-keys.ts";
import type { RingKeysOptions } from "../../../shared/ring-keys.ts";
import { makeRoot, TEST_ISSUER } from "../../support/key-sets.ts";

let complete: RingKeysOptions;
beforeAll(async () => {
  const { jwk } = await makeRoot();
  complete = { issuer: TEST_ISSUER, anchors: [jwk], keySets: fromDocument("a.b.c") };
});

test("problems of the caller's own options are named together with these", () => {
  const make = (): unknown =>
    createRingKeys("someone", { ...complete, issuer: "auth", anchors: [] }, ["more is wrong"]);
  expect(make).toThrow(/^someone: issuer .*; anchors .*; more is wrong$/);
  expect(() => createRingKeys("someone", complete, ["more is wrong"])).toThrow("someone: more is wrong");
});

test("the wiring is made once, and anchors are imported when they are first needed", async () => {
  const keys = createRingKeys("someone", complete);
  expect(keys.issuer).toBe(TEST_ISSUER);
  expect(await keys.verification()).toBe(await keys.verification());
  const [anchor] = Array.isArray(complete.anchors) ? complete.anchors : [];
  const misnamed = createRingKeys("someone", { ...complete, anchors: [{ ...anchor, kid: "A".repeat(43) }] });
  await expect(misnamed.verification()).rejects.toThrow(/^someone: anchors\[0\] kid_mismatch$/);
});

test("the clock is asked each time, and must tell one", () => {
  let now = 5;
  const keys = createRingKeys("someone", { ...complete, clock: () => now });
  expect(keys.readClock()).toBe(5);
  now = Number.NaN;
  expect(() => keys.readClock()).toThrow(/^someone: clock /);
});
