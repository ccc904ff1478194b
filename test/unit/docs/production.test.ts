/** The workflow and the deployment command of docs/production.md are what is there. test/e2e/deploy runs the commands. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
const page = read("docs/production.md");
const template = read("issuer/deploy/sealgate.template.yaml");

/** The names below a top-level member of the template. */
function membersOf(section: string): readonly string[] {
  const [, body = ""] = new RegExp(`^${section}:\\n((?:(?: .*)?\\n)*)`, "m").exec(template) ?? [];
  return [...body.matchAll(/^ {2}(\w+):/gm)].map(([, name = ""]) => name);
}

test("the stack's command gives every parameter that has no default, and no other", () => {
  const [, command = ""] = /aws cloudformation deploy([\s\S]*?)```/.exec(page) ?? [];
  const given = [...command.matchAll(/(\w+)=/g)].map(([, name = ""]) => name);
  const parameters = membersOf("Parameters");
  expect(parameters).toEqual(expect.arrayContaining(given));
  const required = parameters.filter((name) => {
    const [, body = ""] = new RegExp(`^ {2}${name}:\\n((?: {4}.*\\n)*)`, "m").exec(template) ?? [];
    return !/^ {4}Default:/m.test(body);
  });
  expect(given).toEqual(expect.arrayContaining(required));
});

test("the outputs that the page speaks of are the stack's", () => {
  for (const [, output = ""] of page.matchAll(/`(\w+Arn)` of the stack's outputs/g)) {
    expect(membersOf("Outputs")).toContain(output);
  }
});

test("the workflow is the one that sealgate new writes", () => {
  const [, workflow = ""] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
  expect(workflow).toBe(read("template/_github/workflows/deploy.yml"));
});
