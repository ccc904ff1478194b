/** No good token is refused by chance. The long run is `npm run collisions`. */
import { expect, test } from "vitest";
import { countCollisions } from "../../../support/collisions.ts";

test("200,000 random tokens against 100,000 entries", () => {
  const { found, expected, foundOfHalf, expectedOfHalf } = countCollisions(200_000, 100_000);
  expect(found).toBe(0);
  expect(expected).toBeLessThan(2e-9);
  // The number of collisions of 32 bits has a Poisson distribution around 4.66: more than 30 has a probability below 1e-14.
  expect(expectedOfHalf).toBeCloseTo(4.66, 1);
  expect(foundOfHalf).toBeLessThan(31);
});
