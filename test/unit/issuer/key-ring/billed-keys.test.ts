/** Which keys of a ring AWS bills. */
import { expect, test } from "vitest";
import { billedKeysOf, keptKeysOfYear } from "../../../../issuer/key-ring/index.ts";
import { generation, keyOf, observedKey, observedRing, root } from "../../../support/observed-ring.ts";

test("every key counts once, disabled ones too, and none that waits for its deletion", () => {
  expect(billedKeysOf(observedRing())).toEqual({ keys: 3, disabled: 0 });
  const generations = [
    generation(1, { keyState: "Disabled" }),
    generation(2),
    generation(3, { keyState: "PendingDeletion" }),
    generation(4, { keyState: "NotFound" }),
  ];
  const orphans = [observedKey(keyOf(5), "5")];
  expect(billedKeysOf(observedRing({ generations, orphans }))).toEqual({ keys: 4, disabled: 1 });
  // One key behind the aliases root and root-1.
  const { keyId, keyArn } = root();
  expect(billedKeysOf(observedRing({ otherRoots: [root({ keyId, keyArn })] }))).toEqual({ keys: 3, disabled: 0 });
});

test.each([
  [30, 12, 144],
  [1, 365, 4380],
  [365, 1, 12],
  [366, 0, 0],
])("rotations every %i days leave %i keys a year, which cost $%i in a later one", (days, keys, dollarsPerYear) => {
  expect(keptKeysOfYear({ rotateEverySeconds: days * 86_400 })).toEqual({ keys, dollarsPerYear });
});
