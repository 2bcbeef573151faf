import { basename, relative } from "node:path";
import * as vscode from "vscode";
import { type Broker, type DeadLetter, DEFAULT_GROUP } from "../../core/index.ts";
import type { App } from "../app.ts";
import type { Connection } from "../connections/connection.ts";
import { instances, liveWorkers, workerInstances } from "../loaders/workers.ts";
import { described } from "../models/format.ts";
import type { DeadLetterNode, MessageNode, WorkerInstanceNode } from "../models/nodes.ts";
import { partitionNamed } from "../loaders/purgeable.ts";
import { loaded } from "../loaders/loaded.ts";
import type { WorkerDefinition } from "../workers/definition.ts";
import type { LaunchRequest } from "../workers/launcher.ts";
import { asNode, pickConnection, pickQueue } from "./target.ts";
import type { CommandFamily } from "./types.ts";

export const workerCommands = {
  "queuescope.startWorker": async (app, argument) => {
    const request = await pickWorker(app, argument, vscode.l10n.t("Start Worker"));
    if (request !== undefined) await app.launcher.start(request);
  },

  "queuescope.debugWorker": async (app, argument) => {
    const request = await pickWorker(app, argument, vscode.l10n.t("Debug Worker"));
    if (request !== undefined) await app.launcher.debug(request);
  },

  "queuescope.stopWorker": async (app, argument) => {
    const node = asNode(argument);
    const workers = node?.kind === "workerInstance" ? [node] : node?.kind === "workerDefinition" ? workerInstances(node) : await pickRunning(app);
    const results = await Promise.allSettled(workers.map((worker) => stopWorker(app, worker)));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  },

  "queuescope.debugMessage": async (app, argument) => {
    const node = asNode(argument);
    if (node?.kind === "deadLetter") await debugDeadLetter(app, node);
    if (node?.kind === "message") await debugMessage(app, node);
  },
} satisfies Partial<CommandFamily>;

/** A worker named in queuescope.json, given as a CodeLens does. */
export interface WorkerTarget {
  readonly connection: Connection;
  readonly definition: WorkerDefinition;
}

function isWorkerTarget(value: unknown): value is WorkerTarget {
  return typeof value === "object" && value !== null && "connection" in value && "definition" in value;
}

async function pickWorker(app: App, argument: unknown, title: string): Promise<LaunchRequest | undefined> {
  if (isWorkerTarget(argument)) return { connection: argument.connection, definition: argument.definition, named: true };
  const node = asNode(argument);
  if (node?.kind === "queue" || node?.kind === "group") {
    const queue = node.kind === "queue" ? node.queue.name : node.queue;
    return pickForQueue(app, node.connection, queue, node.kind === "group" ? node.group.name : undefined, title);
  }
  const connection = await pickConnection(app, argument);
  if (connection === undefined) return undefined;
  const definitions = await app.connections.workers(connection);
  const byHand = async () => pickHandler(connection, (await pickQueue(app, { kind: "connection", connection }, title, { allowNew: true }))?.queue, undefined, title);
  return definitions.length === 0 ? byHand() : chooseDefinition(connection, definitions, title, byHand);
}

/** A worker that takes messages of a queue (and group): one of queuescope.json, or a handler file. */
async function pickForQueue(app: App, connection: Connection, queue: string, group: string | undefined, title: string): Promise<LaunchRequest | undefined> {
  const fitting = await fittingWorkers(app, connection, queue, group);
  const byHand = () => pickHandler(connection, queue, group, title);
  return fitting.length === 0 ? byHand() : chooseDefinition(connection, fitting, title, byHand);
}

async function fittingWorkers(app: App, connection: Connection, queue: string, group: string | undefined): Promise<WorkerDefinition[]> {
  const all = await app.connections.workers(connection);
  return all.filter(({ settings }) => settings.queues.includes(queue) && (group === undefined || (settings.group ?? DEFAULT_GROUP) === group));
}

/** For one message there is nothing to ask when one handler of queuescope.json gets such messages. */
async function pickForMessage(app: App, connection: Connection, queue: string, group: string, title: string): Promise<LaunchRequest | undefined> {
  const handlers = (await fittingWorkers(app, connection, queue, group)).filter(({ settings }) => settings.handler !== undefined && settings.dlq !== true);
  const [only] = handlers;
  if (only !== undefined && handlers.length === 1) return { connection, definition: only, named: true };
  const byHand = () => pickHandler(connection, queue, group, title);
  return handlers.length === 0 ? byHand() : chooseDefinition(connection, handlers, title, byHand);
}

interface DefinitionItem extends vscode.QuickPickItem {
  readonly definition: WorkerDefinition | undefined;
}

async function chooseDefinition(connection: Connection, definitions: readonly WorkerDefinition[], title: string, byHand: () => Promise<LaunchRequest | undefined>): Promise<LaunchRequest | undefined> {
  const items: DefinitionItem[] = definitions.map((definition) => ({
    definition,
    label: `$(server-process) ${definition.name}`,
    description: definition.settings.queues.join(", "),
    detail: definition.settings.handler ?? String(definition.settings.command),
  }));
  items.push({ definition: undefined, label: vscode.l10n.t("$(file-code) Another handler…") });
  const chosen = await vscode.window.showQuickPick(items, { title, placeHolder: vscode.l10n.t("Workers of queuescope.json") });
  if (chosen === undefined) return undefined;
  return chosen.definition === undefined ? byHand() : { connection, definition: chosen.definition, named: true };
}

interface FileItem extends vscode.QuickPickItem {
  readonly path: string | undefined;
}

/** Handler files are offered when they are open, or when handler, worker or job stands in their name or folder; any other can be browsed for. */
async function pickHandler(connection: Connection, queue: string | undefined, group: string | undefined, title: string): Promise<LaunchRequest | undefined> {
  if (queue === undefined) return undefined;
  const found = await vscode.workspace.findFiles(new vscode.RelativePattern(connection.folder, "**/{*[hH]andle*,*[wW]orker*,*[jJ]ob*,handlers/*,workers/*,jobs/*}.{ts,mts,cts,js,mjs,cjs}"), "**/{node_modules,dist,out,build}/**", 50);
  const active = vscode.window.activeTextEditor?.document.uri;
  const open = active?.scheme === "file" && /\.[mc]?[tj]s$/.test(active.path) ? [active] : [];
  const paths = [...new Set([...open, ...found].map(({ fsPath }) => fsPath))];
  const items: FileItem[] = paths.map((path) => ({ path, label: `$(file-code) ${basename(path)}`, description: relative(connection.folder, path) }));
  items.push({ path: undefined, label: vscode.l10n.t("$(folder-opened) Browse…") });
  const chosen = await vscode.window.showQuickPick(items, { title, placeHolder: vscode.l10n.t("Handler of {0}: a module with a default export or one named handler", queue), matchOnDescription: true });
  if (chosen === undefined) return undefined;
  const path = chosen.path ?? (await browse(connection, queue));
  if (path === undefined) return undefined;
  const definition: WorkerDefinition = { name: `${queue} ${basename(path)}`, folder: connection.folder, settings: { queues: [queue], handler: path, ...(group === undefined ? {} : { group }) } };
  return { connection, definition, named: false };
}

async function browse(connection: Connection, queue: string): Promise<string | undefined> {
  const picked = await vscode.window.showOpenDialog({
    title: vscode.l10n.t("Handler of {0}", queue),
    defaultUri: vscode.Uri.file(connection.folder),
    filters: { [vscode.l10n.t("JavaScript and TypeScript")]: ["ts", "mts", "cts", "js", "mjs", "cjs"] },
    openLabel: vscode.l10n.t("Use as Handler"),
  });
  return picked?.[0]?.fsPath;
}

/** A row may be old: the process that had its number then may be another program by now. */
async function stopWorker(app: App, { connection, worker }: WorkerInstanceNode): Promise<void> {
  const live = (await liveWorkers(connection)).find(({ id }) => id === worker.id);
  if (live !== undefined) return app.launcher.stop(connection, live);
  app.connections.changed();
  throw new Error(vscode.l10n.t("Worker {0} (process {1}) isn't running any more.", worker.name, worker.pid));
}

/** The only one, or a picked one. */
async function pickRunning(app: App): Promise<readonly WorkerInstanceNode[]> {
  const connections = await app.connections.all();
  const workers = await loaded(connections.map(async (connection) => instances(connection, await liveWorkers(connection))));
  if (workers.length === 0) void vscode.window.showInformationMessage(vscode.l10n.t("No worker is running."));
  if (workers.length <= 1) return workers;
  const items = workers.map((node) => ({ label: node.worker.name, description: described([node.worker.queues.join(", "), connections.length > 1 ? node.connection.label : "", `pid ${node.worker.pid}`]), node }));
  const chosen = await vscode.window.showQuickPick(items, { title: vscode.l10n.t("Stop Worker"), placeHolder: vscode.l10n.t("Running handlers finish; what wasn't started is released") });
  return chosen === undefined ? [] : [chosen.node];
}

async function debugMessage(app: App, { connection, queue, message }: MessageNode): Promise<void> {
  const request = await pickForMessage(app, connection, queue, message.group, vscode.l10n.t("Debug {0}", message.id));
  if (request === undefined) return;
  await checkHead(await connection.open(), message.queue, message.group, message.partition, message.id);
  await app.launcher.debug({ ...request, messageId: message.id, group: message.group });
}

/** A message with a partition waits for those before it; then exactly this one can't be taken. */
async function checkHead(broker: Broker, queue: string, group: string, partition: string | null, id: string): Promise<void> {
  if (partition === null) return;
  const [head] = await broker.inspect.peek(queue, { group, partition, limit: 1 });
  if (head?.id !== id) throw new Error(vscode.l10n.t("{0} stands behind {1} in partition {2}, whose order is kept. Debug that one first.", id, head?.id ?? vscode.l10n.t("a leased message"), partition));
}

async function debugDeadLetter(app: App, { connection, queue, deadLetter }: DeadLetterNode): Promise<void> {
  const request = await pickForMessage(app, connection, queue, deadLetter.group, vscode.l10n.t("Debug {0}", deadLetter.messageId));
  if (request === undefined) return;
  const broker = await connection.open();
  const messageId = await redriveToDebug(broker, deadLetter);
  app.connections.changed();
  await app.launcher.debug({ ...request, messageId, group: deadLetter.group });
}

/** Into its own partition only when nothing stands before it there: otherwise it couldn't be taken now. */
async function redriveToDebug(broker: Broker, deadLetter: DeadLetter): Promise<string> {
  const { queue, group, partition } = deadLetter;
  const busy = partition !== null && ((await partitionNamed(broker, queue, partition, group))?.lag ?? 0) > 0;
  const { redriven } = await broker.repair.redrive(queue, { filter: { ids: [deadLetter.id] }, ...(busy ? { partition: null } : {}) });
  const [result] = redriven;
  if (result === undefined) throw new Error(vscode.l10n.t("{0} isn't among the dead letters of {1} any more.", deadLetter.id, queue));
  return result.messageId;
}

