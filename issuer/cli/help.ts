/** `sealgate help ring rotate`: the help of a command at any depth, as `sealgate ring rotate --help` prints it. */
import type { Command } from "commander";
import { UsageError } from "./exit-codes.ts";

export function addHelpCommand(program: Command): void {
  // Those of commander know one level, and each group would have one more.
  for (const command of [program, ...program.commands]) command.helpCommand(false);
  program
    .command("help [command...]")
    .description("print the help of a command, such as: help ring rotate")
    .action((words: readonly string[]) => find(program, words).outputHelp());
}

/** @throws UsageError naming the first word that is no command */
function find(program: Command, words: readonly string[]): Command {
  return words.reduce((command, word) => {
    const child = command.commands.find((one) => one.name() === word);
    if (child !== undefined) return child;
    const shown = command.createHelp().visibleCommands(command);
    const names = shown.map((one) => one.name()).join(", ");
    const known = names === "" ? "it has no commands of its own" : `there are ${names}`;
    throw new UsageError(`${pathOf(command)} has no command ${JSON.stringify(word)}: ${known}`);
  }, program);
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}
