/** From when the lead of a pending key counts: the first settled document that was seen to list it. */
import { describe, expect, test } from "vitest";
import { planRing } from "../../../../../issuer/key-ring/index.ts";
import type { ObservedRing, Plan } from "../../../../../issuer/key-ring/index.ts";
import type { EpochSeconds } from "../../../../../shared/identifiers.ts";
import { after, documentOf, entry, generation, held, noted, observedRing } from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";

const DAY = 86_400;
const POLICY = ringPolicy({ rotateEverySeconds: DAY });

describe("a rotation by schedule", () => {
  const listedAt = after(-10 * DAY);
  const longListed = documentOf([entry(1, "active"), entry(2, "pending", listedAt)], { issuedAt: after(DAY - 10) });

  test("never activates a pending key that no settled document was seen to list, however long ago it was listed", () => {
    const rev = longListed.issuedAt * 1_000_000 + 1;
    const observed = observedRing({
      generations: [generation(1, noted()), generation(2, { tags: { listedAt } })],
      document: held({ ...longListed, rev }),
    });
    expect(planRing(observed, POLICY, after(DAY)).due).toEqual([]);
  });

  test("counts from the first settled document, not from a later one, and not from before a listing anew", () => {
    const tagged = (publishedAt: EpochSeconds): ObservedRing =>
      observedRing({
        generations: [generation(1, noted()), generation(2, { tags: { listedAt, publishedAt } })],
        document: held(longListed),
      });
    expect(planRing(tagged(after(-DAY)), POLICY, after(DAY)).due).toMatchObject([{ kind: "move_active" }]);
    expect(planRing(tagged(after(-11 * DAY)), POLICY, after(DAY)).due).toMatchObject([
      { kind: "tag_key", generation: 2, tags: { publishedAt: longListed.issuedAt } },
    ]);
  });

  test("begins late when it is noted late, so that signers are shown the note before the key signs", () => {
    // S + K + P + 1 = 361, of which KMS may take 300 to show a tag.
    const quick = ringPolicy({ rotateEverySeconds: DAY, downstreamCacheSeconds: 30 });
    const observed = observedRing({
      generations: [generation(1, noted()), generation(2, { tags: { listedAt } })],
      document: held(longListed),
    });
    const notedAt = (late: number, policy = quick): unknown =>
      planRing(observed, policy, after(DAY - 10 + late)).due[0];
    expect(notedAt(60)).toMatchObject({ tags: { publishedAt: longListed.issuedAt } });
    expect(notedAt(160)).toMatchObject({ tags: { publishedAt: after(DAY - 10 + 160 + 301 - 361) } });
    // A KMS that shows tags within 5 s, as the embedded one does, holds nothing up.
    expect(notedAt(160, { ...quick, kmsConsistencySeconds: 5 })).toMatchObject({
      tags: { publishedAt: longListed.issuedAt },
    });
  });

  test("notes the listing at once, and that it has settled once a settled document shows it", () => {
    const fresh = [generation(1, noted()), generation(2)];
    const at = (rev: number): Plan =>
      planRing(observedRing({ generations: fresh, document: held({ ...longListed, rev }) }), POLICY, after(DAY - 5));
    const second = longListed.issuedAt * 1_000_000;
    expect(at(second + 1).due).toMatchObject([{ kind: "tag_key", generation: 2, tags: { listedAt } }]);
    expect(at(second + 1).due[0]).not.toHaveProperty("tags.publishedAt");
    expect(at(second).due).toMatchObject([{ tags: { listedAt, publishedAt: longListed.issuedAt } }]);
  });
});
