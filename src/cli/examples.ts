import type { CommandUnknownOpts } from "@commander-js/extra-typings";

const EXAMPLES = new WeakMap<object, readonly string[]>();

/** Adds examples to a command's help, and to docs/cli.md. */
export function withExamples<C extends CommandUnknownOpts>(command: C, ...lines: string[]): C {
  EXAMPLES.set(command, lines);
  command.addHelpText("after", `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`);
  return command;
}

export function examplesOf(command: CommandUnknownOpts): readonly string[] {
  return EXAMPLES.get(command) ?? [];
}
