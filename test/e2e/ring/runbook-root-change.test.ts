/** The runbook for a change of the root key, followed word for word on the local stack. It waits as long as the page says. */
import { expect, test } from "vitest";
import { follow, startRipeStack } from "./runbook.ts";

const SLOW = { timeout: 240_000 };

test("change of the root key: the ring and the gateway stay in order at every step", SLOW, async () => {
  const stack = await startRipeStack();
  const output = await follow("root-change.md", stack);
  expect(output).toContain("sign key sets with root key 2: done");
  expect(output).toContain("disable the KMS key (root_retired): done");
  const { observed } = await stack.reconcile();
  expect(observed.root?.number).toBe(2);
  expect(observed.otherRoots.map(({ keyState }) => keyState)).toEqual(["Disabled"]);
});
