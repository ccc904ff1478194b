/** What the Worker says of itself, as rows. */
import { expect, test } from "vitest";
import { bundleRow, verdictRows } from "../../../../../issuer/cli/check/verdict.ts";
import { withVars, workerConfig } from "./support.ts";

const config = workerConfig();

test("a Worker that is ready, or that is no gateway, has nothing to repair", () => {
  expect(verdictRows({ kind: "ready" }, config)).toMatchObject([{ status: "ok" }]);
  expect(verdictRows({ kind: "other" }, config)).toMatchObject([{ status: "skipped" }]);
});

test("a Worker that does not start says why", () => {
  const [row] = verdictRows({ kind: "crashed", message: "createGateway takes features" }, config);
  expect(row).toMatchObject({ status: "wrong", message: "The Worker does not start: createGateway takes features" });
});

test("a date that workerd does not know, or that is too old for the gateway, is not taken for the code's fault", () => {
  const future = 'Compatibility date "2030-01-01" is in the future and unsupported';
  expect(verdictRows({ kind: "crashed", message: future }, config)).toMatchObject([
    { variable: "compatibility_date", repair: expect.stringMatching(/^Set compatibility_date in the wrangler/) },
  ]);
  expect(verdictRows({ kind: "crashed", message: "with internal_error" }, config)).toMatchObject([
    { repair: expect.stringMatching(/^Make compatibility_date and compatibility_flags those/) },
  ]);
});

test.each([
  [
    "A compatibility_date is required when uploading a Worker. Add the following to your wrangler.json file:",
    "A compatibility_date is required when uploading a Worker.",
    "compatibility_date",
    /^Set compatibility_date/,
  ],
  ["Missing entry-point to Worker script", "Missing entry-point to Worker script", "main", /^Set main/],
  [
    'The entry-point file at "src/x.ts" was not found.',
    'The entry-point file at "src/x.ts" was not found.',
    "main",
    /^Set main/,
  ],
  ["Unexpected end of file", "Unexpected end of file", undefined, /^Correct the code that wrangler names/],
])("wrangler says %s", (said, message, variable, repair) => {
  expect(bundleRow(said)).toEqual({
    check: "bundle",
    status: "wrong",
    message,
    variable,
    repair: expect.stringMatching(repair),
  });
});

test("what is wrong with a root key is a sentence", () => {
  const of = (variable: string, problem: string): readonly string[] =>
    verdictRows({ kind: "problems", problems: [{ variable, problem }] }, config).map(({ message }) => message);
  expect(of("TRUST_ANCHORS", "[1] kid_mismatch")).toEqual([
    "TRUST_ANCHORS is refused, because its key 2 has a kid that is not its thumbprint.",
  ]);
  expect(of("TRUST_ANCHORS.west", "[0] alg_unsupported")).toEqual([
    "TRUST_ANCHORS.west is refused, because its key 1 has no alg, or one that is not supported.",
  ]);
  expect(of("TRUST_ANCHORS", "[0] something_new")).toEqual(["TRUST_ANCHORS [0] something_new."]);
  expect(of("FOREIGN_ISSUERS", "[0] issuer must be a URL")).toEqual(["FOREIGN_ISSUERS [0] issuer must be a URL."]);
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
  ["routes", "must be an array", "Correct the policy (in most projects, in routes.ts)."],
  ["routes[3]", "can never match", "Correct that rule (in most projects, in routes.ts)."],
  [
    "EVENTS",
    "needs the feature dataPoints: add it in features.ts",
    "List the feature dataPoints (in most projects, in features.ts), or take EVENTS out of the configuration.",
  ],
  ["TOKEN_ALGS", "must be a list", "Correct TOKEN_ALGS in [env.production.vars], or take it out."],
])("%s %s", (variable, problem, repair) => {
  expect(verdictRows({ kind: "problems", problems: [{ variable, problem }] }, config)).toEqual([
    { check: "worker", status: "wrong", message: `${variable} ${problem}.`, variable, repair },
  ]);
});

test.each([
  [
    "TRUST_ANCHORS",
    "Run sealgate ring anchors --ring <ring> for each of main, west, and make TRUST_ANCHORS in [env.production.vars] an object from ring to the array that it prints.",
  ],
  [
    "TRUST_ANCHORS.west",
    "Run sealgate ring anchors --ring <ring> for each of main, west, and make TRUST_ANCHORS in [env.production.vars] an object from ring to the array that it prints.",
  ],
  [
    "MIN_REV.west",
    "Set MIN_REV.west in [env.production.vars] to a rev as sealgate ring status shows it, or take it out.",
  ],
])("of several rings, %s", (variable, repair) => {
  const problems = [{ variable, problem: "must be another" }];
  const several = workerConfig(withVars({ RING: "main,west" }));
  expect(verdictRows({ kind: "problems", problems }, several)).toMatchObject([{ variable, repair }]);
});

test("the binding of the namespace, and where root keys go, in a file of JSON", () => {
  const inJson = workerConfig({ configPath: "/project/wrangler.jsonc" });
  const problems = ["KEY_SETS", "TRUST_ANCHORS"].map((variable) => ({ variable, problem: "is missing" }));
  expect(verdictRows({ kind: "problems", problems }, inJson)).toMatchObject([
    { repair: 'Bind the namespace: "kv_namespaces": [{ "binding": "KEY_SETS", "id": "…" }].' },
    { repair: "Run sealgate ring anchors, and make TRUST_ANCHORS in env.production.vars the array that it prints." },
  ]);
});
