/**
 * `npm run fuzz`: long runs of the parsers' property tests, of the comparison with jose and of the search for a path
 * past the gateway, with a fresh seed each time.
 *
 *   --runs N      cases for each property (default 100000)
 *   --seconds N   time for each property, whichever ends first
 *   --seed N      repeats a run: a failure prints its seed
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const TESTS = [
  "test/unit/fuzz",
  "test/unit/differential-jose.test.ts",
  "test/unit/edge-verifier/request/route-differential.test.ts",
  "test/unit/edge-verifier/features/path-tolerance.test.ts",
];

const { values } = parseArgs({
  options: { runs: { type: "string", default: "100000" }, seconds: { type: "string" }, seed: { type: "string" } },
});
const settings = { RUNS: values.runs, SECONDS: values.seconds, SEED: values.seed };
const env: NodeJS.ProcessEnv = { ...process.env };
for (const [name, value] of Object.entries(settings)) {
  if (value === undefined) continue;
  if (!/^\d{1,10}$/.test(value)) {
    console.error(`--${name.toLowerCase()} must be a whole number`);
    process.exit(2);
  }
  env[`SEALGATE_FUZZ_${name}`] = value;
}
// The JSON report belongs to the whole suite, which CI counts.
const { status } = spawnSync("vitest", ["run", "--project", "unit", "--reporter=verbose", ...TESTS], {
  env,
  stdio: "inherit",
});
process.exitCode = status ?? 1;
