/** What the Worker says of itself, as rows. */
import { expect, test } from "vitest";
import { verdictRows } from "../../../../../issuer/cli/check/verdict.ts";
import { workerConfig } from "./support.ts";

const config = workerConfig();

test("a Worker that is ready, or that is no gateway, has nothing to repair", () => {
  expect(verdictRows({ kind: "ready" }, config)).toMatchObject([{ status: "ok" }]);
  expect(verdictRows({ kind: "other" }, config)).toMatchObject([{ status: "skipped" }]);
});

test("a Worker that does not start says why", () => {
  const [row] = verdictRows({ kind: "crashed", message: "createGateway takes features" }, config);
  expect(row).toMatchObject({ status: "wrong", message: "The Worker does not start: createGateway takes features" });
});

test.each([
  [
    "TRUST_ANCHORS",
    "is missing",
    "Run sealgate ring anchors, and put the line that it prints into [env.production.vars].",
  ],
  [
    "KEY_SETS",
    "must be a KV namespace binding",
    'Bind the namespace: kv_namespaces = [{ binding = "KEY_SETS", id = "…" }].',
  ],
  ["routes", "must be an array", "Correct the policy in routes.ts."],
  ["routes[3]", "can never match", "Correct that rule in routes.ts."],
  [
    "EVENTS",
    "needs the feature dataPoints: add it in edge-verifier/features.ts",
    "List dataPoints in features.ts, or take EVENTS out of the configuration.",
  ],
  ["TOKEN_ALGS", "must be a list", "Correct TOKEN_ALGS in [env.production.vars], or take it out."],
])("%s %s", (variable, problem, repair) => {
  expect(verdictRows({ kind: "problems", problems: [{ variable, problem }] }, config)).toEqual([
    { check: "worker", status: "wrong", message: `${variable} ${problem}.`, variable, repair },
  ]);
});
