/** `npm run docs:cli`: writes docs/cli.md from the commands themselves. A test checks that it is current. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { DEFAULT_OPTIONS, OPTION_SPECS } from "../src/core/index.ts";
import { examplesOf } from "../src/cli/examples.ts";
import { buildProgram } from "../src/cli/program.ts";
import { shownOption } from "../src/cli/queue-options.ts";

export const CLI_DOCS = join(import.meta.dirname, "..", "docs", "cli.md");

export function cliDocs(): string {
  const program = buildProgram(() => () => Promise.resolve());
  const groups = Map.groupBy(program.commands, (command) => command.helpGroup().replace(/:$/, ""));
  return [
    "# The command line",
    "<!-- Made by scripts/make-cli-docs.ts from the commands themselves: change those. -->",
    program.description(),
    "## Options of every command",
    optionTable(program),
    INTRODUCTION,
    ...[...groups].flatMap(([title, commands]) => [`## ${title}`, ...commands.flatMap((command) => section(command, []))]),
    "## Options of a queue",
    "As `--set option=value` of `queue create` and `queue configure`, and in `queuescope.json`. `--set option=default` resets one. A bare number has the stated unit.",
    table(["Option", "Default", "Unit", "What it does"], OPTION_SPECS.map((spec) => [`\`${spec.name}\``, code(shownOption(spec, DEFAULT_OPTIONS)), spec.unit ?? "", spec.description])),
  ].join("\n\n") + "\n";
}

const INTRODUCTION = `## What every command does alike

**Exit codes**: 0 done; 1 failed or refused (also when one of several receipts or ids was); 2 the command line can't be parsed; 130 and 143 ended by Ctrl-C or SIGTERM.

**Output**: results go to stdout, everything else to stderr, so that pipes stay clean. With \`--json\` each result is a JSON object on a line of its own, and an error is \`{"error":{"code","message"}}\` on stderr. JSON data comes out as the text that was pushed: \`12345678901234567890\` stays itself. Bytes come out as base64, with \`"encoding": "bytes"\`.

A **message** has \`id\`, \`queue\`, \`partition\`, \`data\`, \`encoding\`, \`headers\`, \`transactionId\`, \`priority\`, \`createdAt\`, \`state\`; a **delivery** (of pop) also \`receipt\`, \`group\`, \`attempt\`, \`deliveryCount\`, \`leaseExpiresAt\`. A **push** answers \`id\`, \`status\` (\`queued\`, \`scheduled\`, or \`duplicate\`, then with the id of the original), \`queue\`, \`partition\`, \`transactionId\`.

**Durations** are \`500ms\`, \`30s\`, \`5m\`, \`2h\`, \`1d\`; a bare number is seconds. **Times** are ISO 8601; without a zone they are UTC.

**Logs**: \`--verbose\`, or \`QUEUESCOPE_LOG=debug|info|warn|error\`, logs to stderr, never with payloads or secrets. **Colours** are used on a terminal only, and not with \`NO_COLOR\`.

**Encrypted queues** need \`QUEUESCOPE_ENCRYPTION_KEY\` (64 hexadecimal digits).`;

function section(command: CommandUnknownOpts, parents: readonly string[]): string[] {
  const path = [...parents, command.name()];
  const heading = `${"#".repeat(3 + parents.length)} ${path.join(" ")}`;
  const inner = command.commands.flatMap((sub) => section(sub, path));
  if (inner.length > 0) return [heading, command.description(), ...inner];
  const words = command.registeredArguments.map((argument) => (argument.required ? `<${argument.name()}${argument.variadic ? "..." : ""}>` : `[${argument.name()}${argument.variadic ? "..." : ""}]`));
  const usage = ["queuescope", ...path, ...(visibleOptions(command).length > 0 ? ["[options]"] : []), ...words].join(" ");
  return [
    heading,
    command.description(),
    fence(usage),
    ...(command.registeredArguments.length > 0 ? [table(["Argument", "What it is"], command.registeredArguments.map((argument) => [`\`${argument.name()}\``, argument.description]))] : []),
    ...(visibleOptions(command).length > 0 ? [optionTable(command)] : []),
    ...(examplesOf(command).length > 0 ? [fence(examplesOf(command).join("\n"))] : []),
  ];
}

function visibleOptions(command: CommandUnknownOpts): CommandUnknownOpts["options"] {
  return command.options.filter(({ hidden }) => !hidden);
}

function optionTable(command: CommandUnknownOpts): string {
  return table(["Option", "What it does"], visibleOptions(command).map((option) => [`\`${option.flags}\``, option.description + defaultText(option)]));
}

function defaultText({ defaultValue, defaultValueDescription, negate, argChoices }: CommandUnknownOpts["options"][number]): string {
  const choices = argChoices === undefined ? "" : ` (${argChoices.map((choice) => `\`${choice}\``).join(", ")})`;
  if (negate || defaultValue === undefined) return choices;
  return `${choices} (default: ${defaultValueDescription ?? code(String(defaultValue))})`;
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(heading), line(heading.map(() => "---")), ...rows.map(line)].join("\n");
}

function code(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}

function fence(text: string): string {
  return `\`\`\`sh\n${text}\n\`\`\``;
}

if (import.meta.main) await writeFile(CLI_DOCS, cliDocs());
