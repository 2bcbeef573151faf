import type { WorkerDefinition } from "./definition.ts";

export interface WorkerRun {
  readonly definition: WorkerDefinition;
  /** Whether queuescope.json names it: then the CLI reads everything else there. */
  readonly named: boolean;
  /** `undefined`: the worker is told in another way. */
  readonly url: string | undefined;
  /** Only this message, once. */
  readonly messageId?: string | undefined;
  /** The group the message is taken for, where it isn't the definition's. */
  readonly group?: string | undefined;
}

/** Arguments of the CLI, which need no quoting: they are given to the program as they are. */
export function workerArguments({ definition, named, url, messageId, group }: WorkerRun): string[] {
  const { settings } = definition;
  const exec = typeof settings.command === "string" ? settings.command : settings.command?.map(quoted).join(" ");
  return [
    ...option("--url", url),
    "worker",
    ...(named ? [] : settings.queues),
    "--name",
    definition.name,
    ...(named || settings.handler === undefined ? [] : ["--handler", settings.handler]),
    ...(named || exec === undefined ? [] : ["--exec", exec]),
    ...option("--group", group ?? (named ? undefined : settings.group)),
    ...option("--message", messageId),
  ];
}

function option(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [name, value];
}

function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : JSON.stringify(argument);
}
