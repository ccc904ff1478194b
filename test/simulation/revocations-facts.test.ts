/** Entries that a table has lost because it was put back to a backup: to the judge they are gone, also after the next one. */
import { expect, test } from "vitest";
import { createBareWorld } from "./bare-world.ts";
import { createCoverage } from "./coverage.ts";
import { createListFacts } from "./revocations-facts.ts";
import { createRng } from "./rng.ts";
import { createTableModel } from "./table-model.ts";

test.each([
  ["before each backup", 100, false],
  ["after the first backup was taken", 400, true],
  ["after the second was taken, before the first was put back", 750, true],
  ["between the two", 900, true],
  ["after both", 1100, false],
])("an entry that was stored %s", async (_, storedSeconds, isLost) => {
  const { clock, kms, kv, policy, wait } = createBareWorld();
  const table = createTableModel("main", { clock, rng: createRng("table"), coverage: createCoverage() });
  const facts = createListFacts(policy, [{ kms: kms.truth, kv, lists: kv, table }], 0);
  const beginMs = clock.nowMs;
  await wait(800);
  table.restore(500);
  await wait(200);
  table.restore(300);
  expect(facts.isLostWithTable({ sinceMs: new Map([[0, beginMs + storedSeconds * 1000]]) }, 0)).toBe(isLost);
});
