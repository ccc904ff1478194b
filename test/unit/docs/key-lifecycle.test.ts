/** docs/key-lifecycle.md says the numbers that the formulas give for a default ring, docs/cli.md the policy's defaults. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { graceSeconds, holdSeconds, leadSeconds, plannedLeadSeconds } from "../../../issuer/key-ring/policy.ts";
import { settleAfterSeconds } from "../../../issuer/key-ring/rev.ts";
import { outageSurvivedSeconds, stalenessBoundSeconds } from "../../../shared/timing.ts";
import { ringPolicy } from "../../support/ring-world.ts";

const pageOf = (name: string): string => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");
/** Without its line ends: where a sentence is wrapped does not matter. */
const LIFECYCLE = pageOf("key-lifecycle.md").replaceAll(/\s+/g, " ");
const CLI = pageOf("cli.md");

const policy = ringPolicy();
const { timing } = policy;
const lead = plannedLeadSeconds(timing, policy);
const grace = graceSeconds(timing, policy);
const settling = settleAfterSeconds(timing.clockSkewSeconds);

test.each([
  ["S", `= ${String(stalenessBoundSeconds(timing))} s.`],
  ["planned lead", `= ${String(lead)} s (1 h 6 min)`],
  ["emergency lead", `S + K + 1 = ${String(leadSeconds(timing))} s`],
  ["settling", `4K + 20 = ${String(settling)} s`],
  ["hold", `= ${String(holdSeconds(timing))} s (1 h 8 min)`],
  ["grace", `= ${String(grace)} s.`],
  ["outage survived", `= ${outageSurvivedSeconds(timing, policy).toLocaleString("en-US")} s`],
  ["least life of a key set", `= ${String(2 * (2 * policy.reconcileEverySeconds + leadSeconds(timing)))} s`],
  [
    "least rotation period",
    `= ${String(settling + policy.reconcileEverySeconds + lead + holdSeconds(timing) + grace)} s`,
  ],
  [
    "tokens of 15 minutes",
    `after ${String(holdSeconds({ ...timing, maxTokenTtlSeconds: 900 }) + grace)} s (A + L + 2K + G)`,
  ],
])("%s", (_name, text) => {
  expect(LIFECYCLE).toContain(text);
});

test("every member of a policy is on docs/cli.md, with its default", () => {
  const table = CLI.split("## The policy")[1]?.split(/^## /m)[0] ?? "";
  const members = Object.entries({
    ...Object.fromEntries(Object.entries(timing).map(([name, value]) => [`timing.${name}`, value])),
    ...Object.fromEntries(Object.keys(policy.newKeys).map((name) => [`newKeys.${name}`, undefined])),
    ...Object.fromEntries(
      Object.entries(policy).filter(([name]) => !["ring", "issuer", "timing", "newKeys"].includes(name)),
    ),
  });
  const wanting = members.filter(([name, value]) => {
    const row = table.split("\n").find((line) => line.startsWith("|") && line.includes(`\`${name}\``));
    const hasDefault = value === undefined || name === "keySpec" || row?.includes(String(value)) === true;
    return row === undefined || !hasDefault;
  });
  expect(wanting).toEqual([]);
});
