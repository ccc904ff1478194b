/**
 * The workflows, ours and those that `sealgate new` writes: pinned actions, no permission that is not asked for, no command that does not
 * exist, and for each step where it is executed without GitHub, or why it cannot be.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { createProgram } from "../../../issuer/cli/program.ts";
import { isJsonObject } from "../../../shared/json.ts";
import { jsonObject } from "../../support/values.ts";
import { testIo } from "../issuer/cli/support.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

interface Workflow {
  readonly file: string;
  readonly text: string;
  /** Of the project that it runs in. */
  readonly scripts: readonly string[];
}

function workflowsIn(folder: string, manifest: string): readonly Workflow[] {
  const { scripts } = jsonObject(readFileSync(ROOT + manifest, "utf8"));
  return readdirSync(ROOT + folder).map((name) => ({
    file: folder + name,
    text: readFileSync(ROOT + folder + name, "utf8"),
    scripts: isJsonObject(scripts) ? Object.keys(scripts) : [],
  }));
}

const WORKFLOWS = [
  ...workflowsIn(".github/workflows/", "package.json"),
  ...workflowsIn("template/_github/workflows/", "template/package.json"),
];

/** What jobs ask for besides reading the repository: those that prove to npm or to AWS which job they are. */
const READS = "      contents: read\n";
const GRANTED: Readonly<Record<string, readonly string[]>> = {
  ".github/workflows/release.yml": [READS, "      id-token: write\n"],
  "template/_github/workflows/deploy.yml": [`${READS}      id-token: write\n`],
};

/** Where each step runs without GitHub, or why it does not; by its first line. */
const STEPS: Readonly<Record<string, string>> = {
  "bash .ci/run": "before every change lands",
  "npm ci": "first in .ci/run",
  "npm test": "of a new project: test/package/new-project.test.ts; of this repository: in .ci/run",
  "npm run types": "test/package/new-project.test.ts",
  "npm run fuzz -- --runs 1000000 --seconds 1500": "shorter in test/unit/fuzz",
  "npm run soak -- --seconds 1200": "shorter in test/e2e/soak.test.ts",
  'npm run simulate -- --schedules 10000 --seed "nightly-$GITHUB_RUN_ID"': "shorter in test/simulation",
  "npm run simulate -- --schedules 300": "shorter in test/simulation",
  "npm run simulate -- --interleavings": "shorter in test/simulation",
  "npm run collisions": "by hand: 20 minutes",
  'npm install --prefix "$RUNNER_TEMP/runtimes" deno@2.9.6 bun@1.4.5': "asks a registry",
  "npx vitest run --project e2e test/e2e/verify-elsewhere.test.ts": "in .ci/run, with the runtimes that are there",
  "npm publish --dry-run": "test/package packs the same files",
  'node tools/check-release.ts "$GITHUB_REF_NAME"': "test/unit/tools/check-release.test.ts",
  "npm pack": "test/package packs it",
  "npm publish ./sealgate-*.tgz --provenance --access public": "publishes",
  'curl -sSf -H "Authorization: bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN" \\': "asks GitHub",
  'npx sealgate check --env "$ENVIRONMENT"': "test/package/new-project.test.ts",
  "npx sealgate ring bootstrap > key-set.jws": "test/package/ring-examples.test.ts; what follows needs an account",
  'npx sealgate check --env "$ENVIRONMENT" --gateway "$GATEWAY"': "test/unit/issuer/cli/check/online.test.ts",
};

describe.each(WORKFLOWS)("$file", ({ file, text, scripts }) => {
  const actions = [...text.matchAll(/^\s*- uses: (.+)$/gm)].map(([, action = ""]) => action);

  test("pins every action to a commit, and says which version that is", () => {
    expect(actions.length).toBeGreaterThan(0);
    for (const action of actions) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test("has no permission but to read the repository, and keeps no credentials", () => {
    expect(text).toMatch(/^permissions: \{\}$/m);
    const granted = [...text.matchAll(/^ {4}permissions:\n((?: {6}.+\n)+)/gm)].map(([, lines]) => lines);
    expect(granted).toHaveLength(text.match(/^ {4}runs-on:/gm)?.length ?? -1);
    expect(granted).toEqual(GRANTED[file] ?? granted.map(() => READS));
    expect(text.match(/persist-credentials: false/g)).toHaveLength(text.match(/actions\/checkout@/g)?.length ?? -1);
    expect(text).not.toMatch(/AWS_(?:ACCESS_KEY|SECRET)|NPM_TOKEN|NODE_AUTH_TOKEN/);
  });

  test("runs scripts and commands that exist", () => {
    for (const [, script = ""] of text.matchAll(/npm run ([\w:]+)/g)) expect(scripts).toContain(script);
    const { commands } = createProgram(testIo(), () => undefined);
    const known = commands.flatMap((one) => [
      one.name(),
      ...one.commands.map((below) => `${one.name()} ${below.name()}`),
    ]);
    for (const [, words] of text.matchAll(/npx sealgate ([a-z ]*[a-z])/g)) expect(known).toContain(words);
  });

  test("has no step of which it is not known where it runs without GitHub, or why not", () => {
    const steps = [...text.matchAll(/^ {6,8}(?:- )?run: (?:\|\n\s+)?(.+)$/gm)].map(([, line = ""]) => line);
    expect(steps.length).toBeGreaterThan(0);
    for (const step of steps) expect(Object.keys(STEPS)).toContain(step);
  });
});

test("the job that may publish runs npm alone: no code of a dependency is near the right to publish", () => {
  const [, publish = ""] = readFileSync(`${ROOT}.github/workflows/release.yml`, "utf8").split("\n  publish:\n");
  expect(publish).toContain("id-token: write");
  expect([...publish.matchAll(/- run: (.+)/g)].map(([, command]) => command)).toEqual([
    "npm publish ./sealgate-*.tgz --provenance --access public",
  ]);
});

// GitHub's own default is `bash -e`, by which `curl … | jq …` succeeds without an answer.
test("a step with a pipe fails where its first command does", () => {
  for (const { file, text } of WORKFLOWS) {
    const pipes = /^ {10,}.* \| /m.test(text);
    expect([file, pipes && !/^defaults:\n {2}run:\n {4}shell: bash\n/m.test(text)]).toEqual([file, false]);
  }
});

const hasYaml = spawnSync("python3", ["-c", "import yaml"]).status === 0;

test.skipIf(!hasYaml)("each is YAML: jobs with a machine, a time limit and steps that either use or run", () => {
  const script = "import json, sys, yaml; print(json.dumps([yaml.safe_load(open(path)) for path in sys.argv[1:]]))";
  const paths = WORKFLOWS.map(({ file }) => ROOT + file);
  const { stdout } = spawnSync("python3", ["-c", script, ...paths], { encoding: "utf8" });
  const parsed: readonly { readonly jobs: Readonly<Record<string, Job>> }[] = JSON.parse(stdout);
  const jobs = parsed.flatMap((workflow) => Object.values(workflow.jobs));
  expect(jobs.length).toBeGreaterThanOrEqual(WORKFLOWS.length);
  for (const job of jobs) {
    expect(job).toMatchObject({ "runs-on": "ubuntu-24.04", "timeout-minutes": expect.any(Number) as unknown });
    for (const step of job.steps) expect([step.uses, step.run].filter((one) => one !== undefined)).toHaveLength(1);
  }
});

interface Job {
  readonly steps: readonly { readonly uses?: string; readonly run?: string }[];
}
