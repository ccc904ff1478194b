import { expect, test } from "vitest";
import { observeList, readList } from "../../../../../issuer/key-ring/revocations/observe-list.ts";
import { signRevocations } from "../../../../../issuer/publish/sign-revocations.ts";
import { composeBody } from "../../../../../shared/revocations/sections.ts";
import { seconds, TEST_ISSUER, TEST_RING } from "../../../../support/key-sets.ts";
import { createLocalSigner } from "../../../../support/local-signer.ts";

const root = await createLocalSigner("ES256");
const other = await createLocalSigner("ES256");
const owner = { issuer: TEST_ISSUER, ring: TEST_RING, roots: [root] };
const parts = {
  issuer: TEST_ISSUER,
  ring: TEST_RING,
  rev: 9,
  readAt: seconds(1),
  lifetimeSeconds: 60,
  ...composeBody([]),
};
const text = await signRevocations(parts, root);

test("a list is read at any age, with the root key that signed it", async () => {
  expect(await readList(text, owner)).toMatchObject({ kind: "read", rootKid: root.kid, list: { rev: 9 } });
});

test.each([
  ["of another root key", signRevocations(parts, other), "revocations_unknown_root"],
  ["that was cut off", Promise.resolve(text.slice(0, 40)), "revocations_malformed"],
  ["of something else", Promise.resolve("null\n"), "revocations_malformed"],
])("a text %s is refused", async (_what, made, problem) => {
  expect(await readList(await made, owner)).toEqual({ kind: "refused", problem });
});

test("a KV without a list says so", async () => {
  expect(await observeList({ readRevocations: async () => undefined }, owner)).toEqual({
    held: { kind: "missing" },
    storedText: undefined,
  });
});
