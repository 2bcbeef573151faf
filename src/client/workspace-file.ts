import { readFile } from "node:fs/promises";
import { parse, printParseErrorCode, type ParseError } from "jsonc-parser";
import * as z from "zod";
import { DEFAULT_OPTIONS, invalidInput, isQueuescopeError, mergeOptions, OPTION_SPECS, QueuescopeError } from "../core/index.ts";
import type { OptionSpec, QueueOptionsInput } from "../core/index.ts";

/** The shape of queuescope.json. Its JSON schema, media/queuescope.schema.json, is made from this. */

const duration = (unit: "s" | "ms"): z.ZodType =>
  z.union([z.number().min(0), z.string().regex(/^\s*\d+(\.\d+)?\s*(ms|s|m|h|d)?\s*$/, "it must be a duration such as 500ms, 30s, 5m, 2h or 1d")]).meta({ examples: ["500ms", "30s", "5m", "2h", "1d"], unit });

const text = (description: string): z.ZodString => z.string().min(1).max(255).describe(description);
const count = (description: string): z.ZodNumber => z.number().int().min(1).describe(description);

const backoff = z.union([
  z.enum(["fixed", "linear", "exponential"]),
  z.string().describe("A list of delays: 1s,5s,1m"),
  z.array(duration("ms")),
  z.strictObject({
    kind: z.enum(["fixed", "linear", "exponential", "list"]).optional(),
    delays: z.array(duration("ms")).optional(),
    max: duration("ms").optional(),
    jitter: z.number().min(0).max(1).optional(),
  }),
]);

function optionShape(spec: OptionSpec): z.ZodType {
  const standard = DEFAULT_OPTIONS[spec.name];
  if (spec.unit !== null) return duration(spec.unit);
  if (spec.name === "backoff") return backoff;
  if (typeof standard === "boolean") return z.boolean();
  if (spec.values !== undefined) return z.enum(spec.values as [string, ...string[]]);
  return typeof standard === "number" ? z.number().int().min(0) : z.string().min(1).max(255);
}

function describeOption(spec: OptionSpec): string {
  const standard = DEFAULT_OPTIONS[spec.name];
  const unit = spec.unit === null ? "" : ` A bare number is in ${spec.unit === "s" ? "seconds" : "milliseconds"}.`;
  return `${spec.description}${unit} Default: ${standard === null ? "none" : spec.show(standard)}.`;
}

const queueOptions = Object.fromEntries(
  OPTION_SPECS.map((spec) => [spec.name, optionShape(spec).nullable().optional().describe(describeOption(spec))]),
);

const queue = z
  .strictObject({ connection: text("Name of the connection it is on. Default: the first one.").optional(), ...queueOptions })
  .describe("Options of a queue; `null` is the default.");

const connection = z
  .strictObject({
    url: z.string().min(1).describe("file:PATH (relative to this file) or nats://HOST:PORT; nats:?context=NAME is a context of the nats CLI."),
    credentials: z
      .union([z.strictObject({ env: text("Name of the environment variable that holds them.") }), z.strictObject({ secret: text("Name in the editor's secret storage.") })])
      .optional()
      .describe("Where the credentials are; never the credentials themselves."),
    readOnly: z.boolean().optional().describe("Refuse everything that changes something, pop too."),
  })
  .describe("Where queues are.");

const worker = z
  .strictObject({
    queue: z.union([text("The queue it takes messages from."), z.array(text("A queue it takes messages from.")).min(1)]),
    handler: text("A module with a default export or one named `handler`: JavaScript or TypeScript.").optional(),
    command: z.union([text("A command line, run once a message."), z.array(z.string()).min(1)]).optional().describe("A program in any language that is run once a message, instead of a handler."),
    connection: text("Name of the connection. Default: the first one.").optional(),
    group: text("Consumer group. Default: default.").optional(),
    partition: text("Only this partition.").optional(),
    dlq: z.boolean().optional().describe("Handle the dead letters of the group instead of its messages."),
    concurrency: count("Handlers that run at once. Default: 1.").optional(),
    batch: count("Messages a pop. Above 1 a handler gets an array. Default: 1.").optional(),
    limit: count("Stop after this many messages.").optional(),
    lease: duration("ms").optional().describe("Length of each lease, renewed while the handler runs. A bare number is in milliseconds. Default: the queue's leaseTime."),
    env: z.record(z.string(), z.string()).optional().describe("Environment of the handler or command. No secrets: they come from the environment you start it in."),
  })
  .describe("How to run a worker.");

export const workspaceSchema = z
  .strictObject({
    $schema: z.string().optional(),
    connections: z.record(z.string().min(1), connection).optional().describe("Connections by name. Default: the workspace's own file, .queuescope/queues.db."),
    queues: z.record(z.string().min(1), queue).optional().describe("Queues by name, with their options: what `queuescope apply` makes so."),
    workers: z.record(z.string().min(1), worker).optional().describe("Workers by name, to start from the editor or the command line."),
  })
  .describe("The queues of a workspace, for Queuescope.");

export interface ConnectionSettings {
  readonly url: string;
  readonly credentials?: { readonly env: string } | { readonly secret: string };
  readonly readOnly?: boolean;
}

export interface WorkerSettings {
  readonly queues: readonly string[];
  readonly handler?: string;
  /** A command line, or the program and its arguments. */
  readonly command?: string | readonly string[];
  readonly connection?: string;
  readonly group?: string;
  readonly partition?: string;
  readonly dlq?: boolean;
  readonly concurrency?: number;
  readonly batch?: number;
  readonly limit?: number;
  readonly lease?: number | string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface QueueSettings {
  readonly connection?: string;
  readonly options: QueueOptionsInput;
}

/** A queuescope.json that was found valid. */
export interface Workspace {
  readonly connections: ReadonlyMap<string, ConnectionSettings>;
  readonly queues: ReadonlyMap<string, QueueSettings>;
  readonly workers: ReadonlyMap<string, WorkerSettings>;
}

/** @throws invalid-input with the file's name and the place in it, permission-denied, unavailable */
export async function readWorkspaceFile(path: string): Promise<Workspace> {
  let content: string;
  try {
    content = await readFile(path, "utf8");
  } catch (cause) {
    const denied = (cause as NodeJS.ErrnoException).code === "EACCES";
    throw new QueuescopeError(denied ? "permission-denied" : "unavailable", `${path} can't be read: ${(cause as Error).message}.`, { cause });
  }
  try {
    return parseWorkspace(content);
  } catch (error) {
    if (!isQueuescopeError(error, "invalid-input")) throw error;
    throw new QueuescopeError("invalid-input", `${path}: ${error.message}`, { ...(error.field === undefined ? {} : { field: error.field }), cause: error });
  }
}

/** Reads the text of a queuescope.json; comments and trailing commas are fine. @throws invalid-input naming the place */
export function parseWorkspace(content: string): Workspace {
  const errors: ParseError[] = [];
  const json: unknown = parse(content, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first !== undefined) {
    const before = content.slice(0, first.offset).split("\n");
    const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
    throw invalidInput("queuescope.json", `this is not JSON: ${printParseErrorCode(first.error)} at ${place}.`);
  }
  const result = workspaceSchema.safeParse(json);
  if (!result.success) throw refusal(result.error);
  const file = result.data;
  const workspace: Workspace = {
    connections: new Map(Object.entries(file.connections ?? {}) as [string, ConnectionSettings][]),
    queues: new Map(Object.entries(file.queues ?? {}).map(([name, { connection: on, ...options }]) => [name, { ...(on === undefined ? {} : { connection: on }), options }])),
    workers: new Map(Object.entries(file.workers ?? {}).map(([name, settings]) => [name, workerSettings(settings)])),
  };
  checkMeaning(workspace);
  return workspace;
}

/** The connection that a queue or worker without one is on; `null`: the workspace's own file. */
export function defaultConnection(workspace: Workspace): string | null {
  return workspace.connections.keys().next().value ?? null;
}

function workerSettings({ queue: from, ...settings }: z.output<typeof worker>): WorkerSettings {
  return { queues: typeof from === "string" ? [from] : from, ...(settings as Omit<WorkerSettings, "queues">) };
}

function refusal(error: z.ZodError): QueuescopeError {
  const issue = deepest(error.issues);
  const field = issue.path.map(String).join(".") || "queuescope.json";
  return invalidInput(field, `${field} is not valid: ${issue.message}.`);
}

/** Of a union, the branch that got furthest says what is meant. */
function deepest(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue {
  const [issue] = issues;
  if (issue === undefined) throw new Error("A refusal has a reason.");
  if (issue.code !== "invalid_union") return issue;
  const inner = issue.errors.filter((branch) => branch.length > 0).map(deepest).sort((a, b) => b.path.length - a.path.length)[0];
  return inner === undefined || inner.path.length === 0 ? issue : { ...inner, path: [...issue.path, ...inner.path] };
}

/** What a JSON schema can't say. */
function checkMeaning(workspace: Workspace): void {
  for (const [name, { url }] of workspace.connections) {
    if (holdsPassword(url)) {
      throw invalidInput(`connections.${name}.url`, `connections.${name}.url holds a password. Put it into an environment variable and name that in credentials: { "env": "NAME" }.`);
    }
  }
  for (const [name, settings] of workspace.queues) {
    knownConnection(workspace, settings.connection, `queues.${name}`);
    try {
      mergeOptions(DEFAULT_OPTIONS, settings.options);
    } catch (error) {
      if (!isQueuescopeError(error)) throw error;
      throw new QueuescopeError("invalid-input", `queues.${name}: ${error.message}`, { field: `queues.${name}.${error.field ?? ""}`, cause: error });
    }
  }
  for (const [name, settings] of workspace.workers) {
    knownConnection(workspace, settings.connection, `workers.${name}`);
    if ((settings.handler === undefined) === (settings.command === undefined)) {
      throw invalidInput(`workers.${name}`, `workers.${name} has ${settings.handler === undefined ? "neither a handler nor a command" : "a handler and a command"}. Give it one: handler is a module, command a program.`);
    }
  }
}

/** Of any of its servers; a setting after the `?` may have what it likes. */
function holdsPassword(url: string): boolean {
  const [servers = ""] = url.split("?");
  return /^[a-z]+:\/\//i.test(servers) && /[/,][^/,:@]*:[^/,@]*@/.test(servers);
}

function knownConnection(workspace: Workspace, name: string | undefined, field: string): void {
  if (name === undefined || workspace.connections.has(name)) return;
  const known = [...workspace.connections.keys()].join(", ") || "none";
  throw invalidInput(`${field}.connection`, `${field}.connection names ${JSON.stringify(name)}, which is not in connections (there: ${known}).`);
}
