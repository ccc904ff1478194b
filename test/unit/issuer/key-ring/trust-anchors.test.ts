/** The root keys that an edge has to have pinned, told by what was observed. */
import { expect, test } from "vitest";
import { rootAnchorsOf } from "../../../../issuer/key-ring/index.ts";
import { keyOf, nextRootKey, observedRing, root, rootKey } from "../../../support/observed-ring.ts";

test("the current root key comes first, and the others by their numbers are next or previous", () => {
  const observed = observedRing({
    root: root({}, rootKey, 2),
    otherRoots: [root({}, keyOf(7), 1), root({}, nextRootKey, 3)],
  });
  expect(rootAnchorsOf(observed).map(({ role, kid }) => [role, kid])).toEqual([
    ["current", rootKey.kid],
    ["previous", keyOf(7).kid],
    ["next", nextRootKey.kid],
  ]);
  expect(rootAnchorsOf(observed)[0]?.jwk).toMatchObject({ kid: rootKey.kid, use: "sig", alg: "ES256" });
});

test("a root key that cannot sign is left out", () => {
  const disabled = root({ keyState: "Disabled" }, nextRootKey, 2);
  expect(rootAnchorsOf(observedRing({ otherRoots: [disabled] })).map(({ kid }) => kid)).toEqual([rootKey.kid]);
  expect(rootAnchorsOf(observedRing({ root: undefined }))).toEqual([]);
});
