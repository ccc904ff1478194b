/** The names of aliases and tags that tools outside the repository rely on. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRingAlias, parseRingTags, ringAlias, ringTags } from "../../../../issuer/key-ring/names.ts";
import { MAIN_RING } from "../../../support/ring-world.ts";
import { kidOf } from "../../../support/values.ts";
import { seconds } from "../../../support/key-sets.ts";

describe("aliases", () => {
  test("have the names that other tools rely on", () => {
    expect(ringAlias(MAIN_RING, { role: "root" })).toBe("alias/sealgate/main/root");
    expect(ringAlias(MAIN_RING, { role: "active" })).toBe("alias/sealgate/main/active");
    expect(ringAlias(MAIN_RING, { role: "generation", number: 12 })).toBe("alias/sealgate/main/12");
    expect(ringAlias(MAIN_RING, { role: "numbered_root", number: 2 })).toBe("alias/sealgate/main/root-2");
  });

  test("are read back as what they stand for", () => {
    const number = fc.integer({ min: 1, max: 999_999_999 });
    fc.assert(
      fc.property(number, (n) => {
        expect(parseRingAlias(MAIN_RING, ringAlias(MAIN_RING, { role: "generation", number: n }))).toEqual({
          role: "generation",
          number: n,
        });
        expect(parseRingAlias(MAIN_RING, ringAlias(MAIN_RING, { role: "numbered_root", number: n }))).toEqual({
          role: "numbered_root",
          number: n,
        });
      }),
    );
    expect(parseRingAlias(MAIN_RING, ringAlias(MAIN_RING, { role: "root" }))).toEqual({ role: "root" });
    expect(parseRingAlias(MAIN_RING, ringAlias(MAIN_RING, { role: "active" }))).toEqual({ role: "active" });
  });

  test.each([
    "alias/sealgate/main/0",
    "alias/sealgate/main/01",
    "alias/sealgate/main/1e3",
    "alias/sealgate/main/-1",
    "alias/sealgate/main/root-0",
    "alias/sealgate/main/",
    "alias/sealgate/main/1/2",
    "alias/sealgate/main2/1",
    "alias/sealgate/other/1",
    "alias/other",
  ])("that are not this ring's are not read: %s", (name) => {
    expect(parseRingAlias(MAIN_RING, name)).toBeUndefined();
  });
});

describe("tags", () => {
  test("are read back as they were written", () => {
    const tags = {
      ring: "main",
      generation: "3",
      alg: "PS256",
      kid: kidOf("a-kid"),
      managed: true,
      listedAt: seconds(1_799_999_999),
      publishedAt: seconds(1_800_000_000),
      supersededAt: seconds(1_800_000_002),
      signsAgain: false,
      revokedAt: seconds(1_800_000_001),
      revokedOthers: [{ kid: kidOf("another-kid"), at: seconds(1_800_000_003) }],
      timing: "60/30/60/3600/180/360 to 60/30/60/600/180/360 @1800000000",
    } as const;
    expect(parseRingTags(ringTags(tags))).toEqual(tags);
  });

  test("of a key that signs once more have no time at which it handed over", () => {
    const written = ringTags({ signsAgain: true });
    expect(written).toEqual({ "sealgate:superseded": "" });
    expect(parseRingTags(written)).toMatchObject({ signsAgain: true, supersededAt: undefined });
  });

  test("use the names of the contract", () => {
    expect(ringTags({ ring: "main", generation: "root" })).toEqual({
      "sealgate:ring": "main",
      "sealgate:generation": "root",
    });
  });

  test("that are malformed count as absent", () => {
    const tags = parseRingTags({
      "sealgate:alg": "none",
      "sealgate:kid": "",
      "sealgate:managed": "yes",
      "sealgate:published": "1e9",
      "sealgate:revoked": "-1",
      "sealgate:revoked:another-kid": "soon",
      "sealgate:revoked:": "1800000000",
    });
    expect(tags).toMatchObject({ alg: undefined, kid: undefined, managed: false });
    expect(tags).toMatchObject({ publishedAt: undefined, revokedAt: undefined, revokedOthers: [] });
  });

  test("that KMS writes have only characters that KMS allows", () => {
    const values = Object.entries(
      ringTags({ timing: "60/30/60/3600/180/360 to 60/30/60/600/180/360 @1800000000", managed: true }),
    ).flat();
    // AWS KMS API Reference, Tag.
    for (const text of values) expect(text).toMatch(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u);
  });
});
