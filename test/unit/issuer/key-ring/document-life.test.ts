/** When a ring may sign although another one could: its document lives at every edge, for as long as a token. */
import { describe, expect, test } from "vitest";
import {
  isLive,
  leastDocumentSeconds,
  lifeWith,
  parseDocumentLife,
  serialiseDocumentLife,
} from "../../../../issuer/key-ring/document-life.ts";
import { after } from "../../../support/observed-ring.ts";
import { ringPolicy } from "../../../support/ring-world.ts";

const MARGINS = { leadSeconds: 331, leastSeconds: 3660 };

describe("a life", () => {
  const life = { since: after(0), until: after(86_400) };

  test("is one from S + K + 1 after it began until a token of full length could outlive it", () => {
    const live = (elapsed: number): boolean => isLive(life, MARGINS, after(elapsed));
    expect([live(330), live(331)]).toEqual([false, true]);
    expect([live(86_400 - 3661), live(86_400 - 3660), live(90_000)]).toEqual([true, false, false]);
    expect(isLive(undefined, MARGINS, after(1000))).toBe(false);
  });

  test("is the same when the same document is seen again", () => {
    const document = { issuedAt: after(43_200), expiresAt: after(129_600) };
    const next = lifeWith(document, life, MARGINS.leadSeconds);
    expect(next).toEqual({ since: after(0), until: after(129_600) });
    expect(lifeWith(document, next, MARGINS.leadSeconds)).toEqual(next);
  });

  test("goes through its text, and no other text is one", () => {
    expect(serialiseDocumentLife(life)).toBe(`${after(0)} to ${after(86_400)}`);
    expect(parseDocumentLife(serialiseDocumentLife(life))).toEqual(life);
    for (const text of [undefined, "", "1 to", "1 to 2 to 3", "-1 to 2", "1800000000"]) {
      expect(parseDocumentLife(text)).toBeUndefined();
    }
  });
});

test("a token needs its document for L + K, if documents live long enough for that", () => {
  expect(leastDocumentSeconds(ringPolicy())).toBe(3660);
  // Half of 7200, renewed R late and seen A late: 3600 - 300 - 360.
  expect(leastDocumentSeconds(ringPolicy({ documentLifetimeSeconds: 7200 }))).toBe(2940);
  expect(leastDocumentSeconds(ringPolicy({ documentLifetimeSeconds: 8640 }))).toBe(3660);
  expect(leastDocumentSeconds(ringPolicy({ documentLifetimeSeconds: 1865 }))).toBe(272);
});
