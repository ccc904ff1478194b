/** docs/reliability.md says the numbers that the formulas give. Its faults and their tests: test/PROMISES.md. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { DEFAULT_TIMING, outageSurvivedSeconds, stalenessBoundSeconds } from "../../../shared/timing.ts";
import { ringPolicy } from "../../support/ring-world.ts";

const page = readFileSync(fileURLToPath(new URL("../../../docs/reliability.md", import.meta.url)), "utf8");

test("docs/reliability.md says the numbers of a default ring", () => {
  const policy = ringPolicy();
  const { timing, documentLifetimeSeconds, reconcileEverySeconds } = policy;
  const grouped = (value: number): string => value.toLocaleString("en-US");
  expect(timing).toEqual(DEFAULT_TIMING);
  const said = [
    `lives D = ${grouped(documentLifetimeSeconds)} s`,
    `R = ${reconcileEverySeconds} s apart`,
    `K = ${timing.clockSkewSeconds} s ahead`,
    `W = ${timing.kvPropagationSeconds} s is`,
    `S = W + C + M = ${timing.kvPropagationSeconds} + ${timing.kvCacheTtlSeconds} + ${timing.memoryTtlSeconds} = ${stalenessBoundSeconds(timing)} s**`,
    `= ${grouped(outageSurvivedSeconds(timing, policy))} s**`,
    `D − S = ${grouped(documentLifetimeSeconds - stalenessBoundSeconds(timing))} s`,
  ];
  expect(said.filter((text) => !page.includes(text))).toEqual([]);
});
