import * as vscode from "vscode";
import type { Broker } from "../../core/index.ts";
import type { App } from "../app.ts";
import type { Connection } from "../connections/connection.ts";
import { groupNames, queueNames } from "../loaders/queues.ts";
import { type AnyNode, queueOf } from "../models/nodes.ts";
import type { Rows } from "../loaders/paging.ts";
import { pickName } from "./queuePick.ts";

/** What a command is about: a row it was called on, or what the person picks. */

const KINDS: ReadonlySet<string> = new Set(["connection", "queue", "section", "partition", "group", "message", "deadQueue", "deadLetter", "workerDefinition", "workerInstance", "streams", "stream", "streamPart", "subject", "consumer", "streamMessage", "key", "tap", "recording", "arrival", "more", "note"] satisfies AnyNode["kind"][]);

export function asNode(value: unknown): AnyNode | undefined {
  return typeof value === "object" && value !== null && "kind" in value && typeof value.kind === "string" && KINDS.has(value.kind) ? (value as AnyNode) : undefined;
}

/** The rows of a kind that a command was called on: the selection when the row is part of it, else the row alone. */
export function nodesOf<K extends AnyNode["kind"]>(kind: K, args: readonly unknown[]): Extract<AnyNode, { kind: K }>[] {
  const clicked = asNode(args[0]);
  const selected = Array.isArray(args[1]) ? args[1].map(asNode) : [];
  const nodes = selected.includes(clicked) ? selected : [clicked];
  return nodes.filter((node): node is Extract<AnyNode, { kind: K }> => node?.kind === kind);
}

/** The document whose title bar a button was pressed in, which need not be the active one; else the active one. */
export function documentOf(argument: unknown): vscode.TextDocument | undefined {
  const named = argument instanceof vscode.Uri ? vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === argument.toString()) : undefined;
  return named ?? vscode.window.activeTextEditor?.document;
}

export interface QueueTarget {
  readonly connection: Connection;
  readonly queue: string;
  readonly partition: string | undefined;
  readonly group: string | undefined;
}

export function isQueueTarget(value: unknown): value is QueueTarget {
  return typeof value === "object" && value !== null && "connection" in value && "queue" in value && typeof value.queue === "string" && !("kind" in value);
}

export async function pickConnection(app: App, argument: unknown): Promise<Connection | undefined> {
  const node = asNode(argument);
  if (node !== undefined && "connection" in node) return node.connection;
  if (isQueueTarget(argument)) return argument.connection;
  const connections = await app.connections.all();
  if (connections.length === 0) throw new Error(vscode.l10n.t("Queues belong to a folder. Open a folder on disk first."));
  if (connections.length === 1) return connections[0];
  const items = connections.map((connection) => ({ label: connection.label, description: connection.broker?.url ?? connection.folder, connection }));
  return (await vscode.window.showQuickPick(items, { title: vscode.l10n.t("Connection"), placeHolder: vscode.l10n.t("Where are the queues?") }))?.connection;
}

export interface QueueChoice {
  /** Whether a name that is typed and isn't in the list is an answer too. */
  readonly allowNew?: boolean;
  /** Names to pick from that hold a text; all queues by default. */
  readonly names?: (broker: Broker, match: string) => Promise<Rows<string>>;
  /** What is said where there are none. */
  readonly none?: (connection: Connection) => string;
}

/** The queue of a row, or a picked one. */
export async function pickQueue(app: App, argument: unknown, title: string, choice: QueueChoice = {}): Promise<QueueTarget | undefined> {
  if (isQueueTarget(argument)) return argument;
  const connection = await pickConnection(app, argument);
  if (connection === undefined) return undefined;
  const node = asNode(argument);
  const queue = (node === undefined ? undefined : queueOf(node)) ?? (await pickQueueName(connection, title, choice));
  if (queue === undefined) return undefined;
  return { connection, queue, partition: node?.kind === "partition" ? node.partition.name : undefined, group: node?.kind === "group" ? node.group.name : undefined };
}

async function pickQueueName(connection: Connection, title: string, { allowNew = false, names = queueNames, none = noQueues }: QueueChoice): Promise<string | undefined> {
  const broker = await connection.existing();
  const load = (match: string): Promise<Rows<string>> => (broker === undefined ? Promise.resolve({ items: [], more: false }) : names(broker, match));
  if (!allowNew && (await load("")).items.length === 0) {
    void vscode.window.showInformationMessage(none(connection));
    return undefined;
  }
  return pickName({ title, allowNew, load });
}

function noQueues({ label }: Connection): string {
  return vscode.l10n.t("{0} has no queues yet. Create one, or push a message to a new name.", label);
}

export async function pickGroup(target: QueueTarget, title: string): Promise<string | undefined> {
  if (target.group !== undefined) return target.group;
  const names = await groupNames(await target.connection.open(), target.queue);
  return names.length === 1 ? names[0] : vscode.window.showQuickPick(names, { title, placeHolder: vscode.l10n.t("Group") });
}
