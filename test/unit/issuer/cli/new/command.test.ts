/** The files of `sealgate new`. That the project works is in test/package/new-project.test.ts, with the packed package. */
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { fillIn, targetOf } from "../../../../../issuer/cli/new/command.ts";
import { jsonObject } from "../../../../support/values.ts";
import { jsonOf, sealgate } from "../support.ts";

const ROOT = new URL("../../../../../", import.meta.url);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealgate-new-"));
});
afterAll(() => rm(folder, { recursive: true }));

const read = (path: string): Promise<string> => readFile(join(folder, "gateway", path), "utf8");

describe("new", () => {
  test("writes the project, and says what comes next", async () => {
    const run = await sealgate(["new", join(folder, "gateway")]);
    expect(run).toMatchObject({
      code: EXIT.ok,
      err: expect.stringMatching(/^Now: cd ".*gateway" && npm install/) as unknown,
    });
    expect((await readdir(join(folder, "gateway"))).toSorted()).toEqual(
      [
        ".github",
        ".gitignore",
        "README.md",
        "package.json",
        "src",
        "test",
        "tsconfig.json",
        "wrangler.toml",
      ].toSorted(),
    );
    expect(run.out).toContain("wrangler.toml\n");
  });

  test("its version of sealgate stands in one place, and its tools are those that sealgate is tested with", async () => {
    const manifest = jsonObject(await read("package.json"));
    expect(manifest).toMatchObject({ name: "gateway", dependencies: { sealgate: "^1.2.3" } });
    const { devDependencies } = jsonObject(await readFile(new URL("package.json", ROOT), "utf8"));
    expect({ devDependencies }).toMatchObject({ devDependencies: manifest["devDependencies"] });
    for (const path of [
      "README.md",
      "wrangler.toml",
      "src/worker.ts",
      "test/local-ring.js",
      ".github/workflows/deploy.yml",
    ]) {
      expect(await read(path), path).not.toContain("1.2.3");
    }
  });

  test("no placeholder is left", async () => {
    for (const path of ["README.md", "wrangler.toml", "package.json"])
      expect(await read(path), path).not.toContain("{{");
  });

  test("its workflows pin every action to a commit, and give no right that is not needed", async () => {
    for (const name of ["ci.yml", "deploy.yml"]) {
      const text = await read(`.github/workflows/${name}`);
      expect(text).toMatch(/^permissions: \{\}$/m);
      const actions = [...text.matchAll(/uses: (.+)$/gm)].map(([, action]) => action);
      expect(actions.length).toBeGreaterThan(1);
      for (const action of actions) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    }
  });

  test("nothing is written over", async () => {
    await writeFile(join(folder, "gateway", "src", "routes.ts"), "mine");
    const run = await sealgate(["new", join(folder, "gateway")]);
    expect(run).toMatchObject({ code: EXIT.usage, err: expect.stringContaining("the folder is not empty") as unknown });
    expect(await read("src/routes.ts")).toBe("mine");
  });

  test("--name, and --json", async () => {
    const run = await sealgate(["new", join(folder, "My Gateway"), "--name", "my-gateway", "--json"]);
    expect(jsonOf(run)).toMatchObject({ name: "my-gateway", files: expect.arrayContaining([".gitignore"]) as unknown });
  });

  test.each(["My-Gateway", "-gateway", "a".repeat(55), "gate way"])("the name %j is refused", async (name) => {
    expect(await sealgate(["new", join(folder, "other"), "--name", name])).toMatchObject({ code: EXIT.usage });
  });
});

test("a way through a folder that does not exist is no way around the look", async () => {
  await mkdir(join(folder, "full"));
  await writeFile(join(folder, "full", "README.md"), "mine");
  const run = await sealgate(["new", `${folder}/full/none/..`, "--name", "gateway"]);
  expect(run).toMatchObject({ code: EXIT.usage, err: expect.stringContaining("the folder is not empty") as unknown });
  expect(await readdir(join(folder, "full"))).toEqual(["README.md"]);
});

test("a folder that holds a new repository of git is empty", async () => {
  await mkdir(join(folder, "cloned", ".git"), { recursive: true });
  expect(await sealgate(["new", join(folder, "cloned")])).toMatchObject({ code: EXIT.ok });
});

test.skipIf(process.platform !== "linux")("a place where nothing can be written is named", async () => {
  const run = await sealgate(["new", "/sys/gateway"]);
  expect(run).toMatchObject({
    code: EXIT.usage,
    err: expect.stringMatching(
      /^error usage_invalid: \/sys\/gateway\/.* cannot be written \(\w+\): name another folder\n/,
    ) as unknown,
  });
});

test("a name that is empty is not this folder", async () => {
  const run = await sealgate(["new", "", "--name", "gateway"]);
  expect(run).toMatchObject({
    code: EXIT.usage,
    err: expect.stringContaining("the folder's name is empty: name one, or . for this one") as unknown,
  });
});

test("names and placeholders", () => {
  expect([targetOf("_github/workflows/ci.yml"), targetOf("src/_x.ts")]).toEqual([
    ".github/workflows/ci.yml",
    "src/_x.ts",
  ]);
  expect(fillIn("{{name}} {{other}} ${{ vars.X }}", { name: "a" })).toBe("a {{other}} ${{ vars.X }}");
});
