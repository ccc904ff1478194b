/**
 * docs/cli.md lists what the program has: every command, option, exit code and variable, and none that is not there.
 */
import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, test } from "vitest";
import { EXIT } from "../../../../issuer/cli/exit-codes.ts";
import { createProgram } from "../../../../issuer/cli/program.ts";
import { given } from "../../../support/values.ts";
import { testIo } from "./support.ts";

const DOCS = readFileSync(new URL("../../../../docs/cli.md", import.meta.url), "utf8");

const program = createProgram(testIo(), () => undefined);

/** Commands that do something, by the line one types. */
const commands = new Map(leavesOf(program, program.name()));

function leavesOf(command: Command, line: string): readonly (readonly [string, Command])[] {
  if (command.commands.length === 0) return [[[line, ...argumentsOf(command)].join(" "), command]];
  // What a shell asks while a person types; it is not shown.
  const shown = command.commands.filter((child) => child.name() !== "complete");
  return shown.flatMap((child) => leavesOf(child, `${line} ${child.name()}`));
}

function argumentsOf({ registeredArguments }: Command): readonly string[] {
  return registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
}

/** Sections of a level of headings, by their titles. */
function sections(level: string): ReadonlyMap<string, string> {
  const [, ...found] = DOCS.split(new RegExp(`^${level} `, "m"));
  return new Map(
    found.map((section) => {
      const end = section.indexOf("\n");
      return [section.slice(0, end), section.slice(end).split(/^#{1,3} /m)[0] ?? ""];
    }),
  );
}

/** The cells of a section's table, without its head. */
function rowsOf(section: string): readonly (readonly string[])[] {
  const lines = section.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function unquoted(cell: string | undefined): string {
  return given(cell).replaceAll("`", "");
}

/** Headings in code; the others are about several commands. */
const documented = new Map(
  [...sections("###")].filter(([title]) => title.startsWith("`")).map(([title, section]) => [unquoted(title), section]),
);

test("every command has its section, and every section its command", () => {
  expect([...documented.keys()]).toEqual([...commands.keys()]);
});

describe.for([...commands].map(([line, command]) => ({ line, command })))("$line", ({ line, command }) => {
  const rows = rowsOf(documented.get(line) ?? "");

  test("has all its options documented, in the order of its help", () => {
    expect(rows.map(([option]) => unquoted(option))).toEqual(command.options.map(({ flags }) => flags));
  });

  test("has its defaults and variables documented", () => {
    const cells = rows.map(([, , cell]) => unquoted(cell));
    const needed = command.options.map(({ defaultValue, description }) => [
      ...(defaultValue === undefined ? [] : [String(defaultValue)]),
      ...variablesIn(description),
    ]);
    expect(needed.map((texts, index) => texts.filter((text) => cells[index]?.includes(text) !== true))).toEqual(
      needed.map(() => []),
    );
  });
});

function variablesIn(description: string): readonly string[] {
  return description.match(/\b(?:SEALGATE|CLOUDFLARE)_[A-Z_]+/g) ?? [];
}

test("every exit code is documented, and no other", () => {
  const rows = rowsOf(given(sections("##").get("Exit codes")));
  expect(rows.map(([code]) => Number(code))).toEqual(Object.values(EXIT));
});

test("every variable that stands in for an option is documented with it, and with no other", () => {
  const rows = rowsOf(given(sections("##").get("Environment variables")));
  // Of some commands only, where it says so.
  const documentedPairs = rows.map(
    ([variable, option]) => `${unquoted(variable)} ${unquoted(option).replace(/^(--\S+) of .*/, "$1")}`,
  );
  const pairs = [...commands.values()].flatMap(({ options }) =>
    options.flatMap(({ long, description }) => variablesIn(description).map((name) => `${name} ${String(long)}`)),
  );
  // A variable may also stand alone, without an option.
  expect(new Set(documentedPairs.filter((pair) => pair.includes(" --")))).toEqual(new Set(pairs));
});
