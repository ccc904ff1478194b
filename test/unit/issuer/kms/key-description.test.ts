/** The algorithm in the description of a key that sealgate makes. */
import { describe, expect, test } from "vitest";
import { algInDescription, describeGeneration, describeRootKey } from "../../../../issuer/kms/key-description.ts";
import { ALGS } from "../../../../shared/algorithms.ts";
import { TEST_RING } from "../../../support/key-sets.ts";

test.each(ALGS)("%s is read from what was written, with an operator's words and without", (alg) => {
  expect(algInDescription(describeGeneration(TEST_RING, 12, alg, undefined))).toBe(alg);
  expect(algInDescription(describeGeneration(TEST_RING, 12, alg, "Owner: platform, RS256"))).toBe(alg);
});

describe("there is none in", () => {
  test.each([
    ["no description", undefined],
    ["an empty one", ""],
    ["a root key's", describeRootKey(TEST_RING, "generation 3, RS256")],
    ["what was written before", "sealgate, ring main, generation 3"],
    ["what was written before, with an operator's words", "sealgate, ring main, generation 3. Owner: RS256"],
    ["a person's words", "tokens of the shop, generation 3, RS256"],
    ["an algorithm that tokens cannot have", "sealgate, ring main, generation 3, HS256"],
    ["the name of another kind", "sealgate, ring main, generation 3, constructor"],
  ])("%s", (_case, description) => {
    expect(algInDescription(description)).toBeUndefined();
  });
});
