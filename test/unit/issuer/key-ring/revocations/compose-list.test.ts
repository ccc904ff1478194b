/** What a table says that the list has to hold. */
import { expect, test } from "vitest";
import { composeFrom } from "../../../../../issuer/key-ring/revocations/compose-list.ts";
import { issuerOf, timeOf, tokenEntry } from "../../../../support/revocation-store-contract.ts";

const ISSUER = issuerOf("https://auth.example.com");
const NOW = timeOf(1_800_000_000);
const TIMING = { clockSkewSeconds: 60, maxTokenTtlSeconds: 3600 };

test("holds what has not ended, and counts what has no room and what cannot be read", async () => {
  const entries = [
    tokenEntry("ended", NOW - 121),
    ...Array.from({ length: 100_001 }, (_, index) => tokenEntry(`token ${index}`, NOW + 600)),
  ];
  const composed = await composeFrom({ load: async () => ({ entries, unreadable: 3 }) }, ISSUER, TIMING, NOW);
  expect(composed).toMatchObject({
    composed: { counts: { jti: 100_000 }, leftOut: { jti: 1 } },
    total: { jti: 100_001, sid: 0, sub: 0 },
    unreadable: 3,
  });
  expect(composed.entries).toHaveLength(100_001);
});
