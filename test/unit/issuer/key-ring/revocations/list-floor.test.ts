import { expect, test } from "vitest";
import { SealgateError } from "../../../../../issuer/errors.ts";
import { chooseListFloor } from "../../../../../issuer/key-ring/revocations/list-floor.ts";
import { signRevocations } from "../../../../../issuer/publish/sign-revocations.ts";
import { hostTimer } from "../../../../../issuer/within.ts";
import { composeBody } from "../../../../../shared/revocations/sections.ts";
import { seconds, TEST_ISSUER, TEST_RING } from "../../../../support/key-sets.ts";
import { createLocalSigner } from "../../../../support/local-signer.ts";

const READ_AT = seconds(1_800_000_000);
const LEAST = 3;
const root = await createLocalSigner("ES256");
const text = await signRevocations(
  { issuer: TEST_ISSUER, ring: TEST_RING, rev: 9, readAt: READ_AT, lifetimeSeconds: 60, ...composeBody([]) },
  root,
);

function floor(
  read: () => Promise<string | undefined>,
  ageSeconds = 331,
  startTimer = hostTimer,
): Promise<number | undefined> {
  const list = { leastRev: LEAST, settledAfterSeconds: 331 };
  const question = { issuer: TEST_ISSUER, ring: TEST_RING, list, root };
  return chooseListFloor({ readRevocations: read }, question, {
    clock: () => seconds(READ_AT + ageSeconds),
    startTimer,
  });
}

test("a list that every edge has is named, even if it has expired", async () => {
  expect(await floor(async () => text)).toBe(9);
});

test.each([
  ["is a second too young", async () => text, 330],
  ["is not there", async () => undefined, 331],
  ["is not the ring's", async () => "a.b.c\n", 331],
  ["cannot be read", () => Promise.reject(new SealgateError("publish_unreachable", "down")), 331],
])("when the list %s, the floor stays", async (_what, read, age) => {
  expect(await floor(read, age)).toBe(LEAST);
});

test("a key set does not wait for a list that does not come", async () => {
  const hanging = () => new Promise<never>(() => {});
  const atOnce = (_ms: number, onTime: () => void): (() => void) => {
    queueMicrotask(onTime);
    return () => {};
  };
  expect(await floor(hanging, 331, atOnce)).toBe(LEAST);
});
