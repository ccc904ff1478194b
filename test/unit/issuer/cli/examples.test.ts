/** The examples of `--help` are lines of docs/cli.md, whose blocks test/support/doc-examples.ts has executed. */
import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { addExamples, EXAMPLES } from "../../../../issuer/cli/examples.ts";
import { createProgram } from "../../../../issuer/cli/program.ts";
import { blocksOf } from "../../../support/doc-examples.ts";
import { given } from "../../../support/values.ts";
import { sealgate, testIo } from "./support.ts";

/** The words of each command that does something: "ring rotate". */
function leavesOf({ commands }: Command, words: readonly string[] = []): readonly string[] {
  if (commands.length === 0) return [words.join(" ")];
  // What a shell asks while a person types; it is not shown.
  const shown = commands.filter((child) => child.name() !== "complete");
  return shown.flatMap((child) => leavesOf(child, [...words, child.name()]));
}

/** What `--help` prints behind the options. */
async function examplesOf(words: string): Promise<readonly string[]> {
  const { out } = await sealgate([...words.split(" "), "--help"]);
  return out
    .replace(/^[^]*?\n(?=Examples?:\n)/, "")
    .trimEnd()
    .split("\n");
}

describe("the examples of --help", () => {
  test("are there for each command, and for no other", () => {
    expect(Object.keys(EXAMPLES)).toEqual(leavesOf(createProgram(testIo(), () => undefined)));
  });

  test("stand on the page", () => {
    const shown = blocksOf("docs/cli.md").flatMap(({ code }) => code.split("\n"));
    expect(
      Object.values(EXAMPLES)
        .flat()
        .filter((line) => !shown.includes(line)),
    ).toEqual([]);
  });

  test.each(["--ring", "--key"])("verify with %s what an example has signed with it", (option) => {
    const filesOf = (words: string, redirection: RegExp): readonly string[] =>
      given(EXAMPLES[words]).flatMap((line) =>
        line.includes(` ${option} `) ? (redirection.exec(line)?.[1] ?? []) : [],
      );
    const [read] = filesOf("token verify", / < (\S+)$/);
    expect(filesOf("token sign", / > (\S+)$/)).toContain(read);
  });

  test.each(Object.entries(EXAMPLES))("end the help of %s, one line each", async (words, lines) => {
    const title = lines.length === 1 ? "Example:" : "Examples:";
    expect(await examplesOf(words)).toEqual([title, ...lines.map((line) => `  ${line}`)]);
  });

  test("are not invented for a command that has none", () => {
    let help = "";
    const program = new Command("other").configureOutput({ writeOut: (text) => void (help += text) });
    const child = program.command("rotate");
    addExamples(program);
    child.outputHelp();
    expect(help).toContain("Usage: other rotate");
    expect(help).not.toContain("Example");
  });
});
