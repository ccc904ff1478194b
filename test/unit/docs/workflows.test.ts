/** The workflows: pinned actions, no permission that is not asked for, and no command that does not exist. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { isJsonObject } from "../../../shared/json.ts";
import { jsonObject } from "../../support/values.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const FOLDER = `${ROOT}.github/workflows/`;
const { scripts } = jsonObject(readFileSync(`${ROOT}package.json`, "utf8"));

describe.each(readdirSync(FOLDER))("%s", (name) => {
  const text = readFileSync(FOLDER + name, "utf8");
  const actions = [...text.matchAll(/^\s*- uses: (.+)$/gm)].map(([, action = ""]) => action);

  test("pins every action to a commit, and says which version that is", () => {
    expect(actions.length).toBeGreaterThan(0);
    for (const action of actions) expect(action).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  test("has no permission but to read the repository, and keeps no credentials", () => {
    expect(text).toMatch(/^permissions: \{\}$/m);
    const granted = [...text.matchAll(/^ {4}permissions:\n((?: {6}.+\n)+)/gm)].map(([, lines]) => lines);
    expect(granted).toHaveLength(text.match(/^ {4}runs-on:/gm)?.length ?? -1);
    // A release proves to npm where it was built.
    const allowed = name === "release.yml" ? "      contents: read\n      id-token: write\n" : "      contents: read\n";
    for (const lines of granted) expect(lines).toBe(allowed);
    expect(text.match(/persist-credentials: false/g)).toHaveLength(text.match(/actions\/checkout@/g)?.length ?? -1);
  });

  test("runs scripts that exist", () => {
    const known = isJsonObject(scripts) ? Object.keys(scripts) : [];
    for (const [, script = ""] of text.matchAll(/npm run ([\w:]+)/g)) expect(known).toContain(script);
  });
});
