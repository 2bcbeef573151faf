import * as vscode from "vscode";
import { invalidInput } from "../../core/index.ts";
import type { Connection } from "../connections/connection.ts";
import type { Address } from "../documents/address.ts";
import type { MessageNode } from "../models/nodes.ts";
import { ask, confirm, inform } from "./ask.ts";
import { asNode, nodesOf, pickConnection, pickQueue } from "./target.ts";
import type { App } from "../app.ts";
import type { CommandFamily } from "./types.ts";

export const MESSAGE_ID = /^m\d+-\d+$/;
const DEAD_LETTER_ID = /^d\d+-\d+$/;

export const messageCommands = {
  "queuescope.peekMessages": async (app, argument) => {
    const target = await pickQueue(app, argument, vscode.l10n.t("Peek Messages"));
    if (target === undefined) return;
    await app.documents.show({ kind: "peek", connection: target.connection.id, queue: target.queue, group: target.group, partition: target.partition });
  },

  "queuescope.openMessage": async (app, argument) => {
    const node = asNode(argument);
    const address = node?.kind === "message" ? messageAddress(node) : node?.kind === "deadLetter" ? { kind: "deadLetter" as const, connection: node.connection.id, id: node.deadLetter.id } : await askAddress(app, argument);
    if (address !== undefined) await app.documents.show(address);
  },

  "queuescope.editMessage": async (app, argument) => {
    const node = asNode(argument);
    if (node?.kind !== "message") return;
    await app.documents.show({ kind: "edit", connection: node.connection.id, id: node.message.id }, { preview: false });
  },

  "queuescope.removeMessage": async (_app, ...args) => {
    const nodes = nodesOf("message", args);
    await removeEach(nodes, {
      question: (count, queue, ids) => vscode.l10n.t("Remove {0} messages from {1} ({2})?", count, queue, ids),
      single: (id, queue) => vscode.l10n.t("Remove message {0} from {1}?", id, queue),
      action: vscode.l10n.t("Remove"),
      detail: vscode.l10n.t("This can't be undone."),
      remove: async (connection, ids) => (await (await connection.open()).repair.remove(ids)).filter(({ removed }) => removed).length,
      done: (count) => vscode.l10n.t("{0} messages removed.", count),
    });
  },

  "queuescope.cancelMessage": async (_app, ...args) => {
    // Of a selection, those that there is something to cancel of.
    const nodes = nodesOf("message", args).filter(({ message }) => message.state === "scheduled");
    await removeEach(nodes, {
      question: (count, queue, ids) => vscode.l10n.t("Cancel {0} scheduled messages of {1} ({2})?", count, queue, ids),
      single: (id, queue) => vscode.l10n.t("Cancel the scheduled message {0} of {1}?", id, queue),
      action: vscode.l10n.t("Cancel Delivery"),
      detail: vscode.l10n.t("It is never delivered. This can't be undone."),
      remove: async (connection, ids) => (await (await connection.open()).repair.cancel(ids)).filter(({ cancelled }) => cancelled).length,
      done: (count) => vscode.l10n.t("{0} scheduled messages cancelled.", count),
    });
  },

  "queuescope.showTrace": async (app, argument) => {
    const node = asNode(argument);
    const connection = await pickConnection(app, argument);
    if (connection === undefined) return;
    const id = node?.kind === "message" ? node.message.id : node?.kind === "deadLetter" ? node.deadLetter.messageId : await askMessageId(vscode.l10n.t("Show Trace"));
    if (id !== undefined) await app.documents.show({ kind: "trace", connection: connection.id, id });
  },
} satisfies Partial<CommandFamily>;

/** An address by id: of a message (m…) or a dead letter (d…). */
export function idAddress(connection: Connection, id: string): Address {
  return { kind: MESSAGE_ID.test(id) ? "message" : "deadLetter", connection: connection.id, id };
}

function messageAddress({ connection, message }: MessageNode): Address {
  return { kind: "message", connection: connection.id, id: message.id, group: message.group };
}

async function askAddress(app: App, argument: unknown): Promise<Address | undefined> {
  const connection = await pickConnection(app, argument);
  if (connection === undefined) return undefined;
  const id = typeof argument === "string" ? argument : await askMessageId(vscode.l10n.t("Open Message"));
  return id === undefined ? undefined : idAddress(connection, id);
}

function askMessageId(title: string): Thenable<string | undefined> {
  return ask({
    title,
    prompt: vscode.l10n.t("Id of the message or dead letter"),
    placeHolder: "m1-42",
    check: (text) => {
      if (!MESSAGE_ID.test(text) && !DEAD_LETTER_ID.test(text)) throw invalidInput("id", vscode.l10n.t("Ids look like m1-42, of dead letters like d1-7."));
    },
  });
}

interface Removal {
  readonly question: (count: number, queue: string, ids: string) => string;
  readonly single: (id: string, queue: string) => string;
  readonly action: string;
  readonly detail: string;
  readonly remove: (connection: Connection, ids: readonly string[]) => Promise<number>;
  readonly done: (count: number) => string;
}

async function removeEach(selected: readonly MessageNode[], removal: Removal): Promise<void> {
  // One that several groups lease has a row for each.
  const nodes = [...new Map(selected.map((node) => [`${node.connection.id} ${node.message.id}`, node])).values()];
  const [first] = nodes;
  if (first === undefined) return;
  const queues = [...new Set(nodes.map(({ queue }) => queue))].join(", ");
  const question = nodes.length === 1 ? removal.single(first.message.id, first.queue) : removal.question(nodes.length, queues, idsText(nodes.map(({ message }) => message.id)));
  if (!(await confirm(question, removal.action, removal.detail))) return;
  const byConnection = Map.groupBy(nodes, ({ connection }) => connection);
  let removed = 0;
  for (const [connection, of] of byConnection) removed += await removal.remove(connection, of.map(({ message }) => message.id));
  inform(removal.done(removed));
}

function idsText(ids: readonly string[]): string {
  return ids.length <= 5 ? ids.join(", ") : `${ids.slice(0, 5).join(", ")}, …`;
}
