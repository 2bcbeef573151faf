import * as vscode from "vscode";
import type { Broker, DeadLetterFilter, RedriveRequest } from "../../core/index.ts";
import type { App } from "../app.ts";
import type { Connection } from "../connections/connection.ts";
import { SCHEME, uriAddress } from "../documents/address.ts";
import { parseContentDocument } from "../../client/documents/read.ts";
import { deadQueues, redriveSteps, waitingNow } from "../loaders/deadLetters.ts";
import type { Rows } from "../loaders/paging.ts";
import { deadCount } from "../models/format.ts";
import type { DeadLetterNode } from "../models/nodes.ts";
import { confirm, inform, inSteps } from "./ask.ts";
import { asNode, documentOf, nodesOf, pickQueue, type QueueTarget } from "./target.ts";
import type { CommandFamily } from "./types.ts";

export const deadLetterCommands = {
  "queuescope.redrive": async (_app, ...args) => {
    const nodes = nodesOf("deadLetter", args);
    let redriven = 0;
    for (const { connection, queue, ids } of byQueue(nodes)) redriven += await redriveAll(connection, queue, { filter: { ids } }, ids.length);
    if (redriven > 0) inform(redriven === 1 ? vscode.l10n.t("Redriven, to the tail of its queue.") : vscode.l10n.t("{0} redriven, each to the tail of its queue.", redriven));
    else if (nodes.length > 0) void vscode.window.showWarningMessage(vscode.l10n.t("Nothing was redriven: that was done before."));
  },

  "queuescope.redriveAll": async (app, argument) => {
    const target = await pickDead(app, argument, vscode.l10n.t("Redrive All"));
    if (target === undefined) return;
    const { connection, queue, count, filter } = target;
    const sure = await confirm(vscode.l10n.t("Redrive {0} dead letters of {1} in {2}?", deadCount(count), queue, connection.label), vscode.l10n.t("Redrive All"), vscode.l10n.t("Each goes to the tail of its queue, to the group it died in."));
    if (!sure) return;
    const redriven = await redriveAll(connection, queue, { filter }, count);
    inform(vscode.l10n.t("{0} dead letters of {1} redriven.", redriven.toLocaleString(), queue));
  },

  "queuescope.redriveEdited": async (app, argument) => {
    const node = asNode(argument);
    if (node?.kind !== "deadLetter") return;
    await app.documents.show({ kind: "redrive", connection: node.connection.id, queue: node.queue, id: node.deadLetter.id }, { preview: false });
    inform(vscode.l10n.t("Edit it, then press the Redrive button of the editor."));
  },

  "queuescope.redriveDocument": async (app, argument) => {
    const document = documentOf(argument);
    if (document?.uri.scheme !== SCHEME) return;
    const address = uriAddress(document.uri);
    const connection = await app.documents.connectionOf(document.uri);
    if (address.kind !== "redrive") return;
    const { payload, headers } = parseContentDocument(document.getText());
    const { redriven } = await (await connection.open()).repair.redrive(address.queue, { filter: { ids: [address.id] }, payload, headers });
    const [result] = redriven;
    if (result === undefined) throw new Error(vscode.l10n.t("{0} isn't among the dead letters of {1} any more.", address.id, address.queue));
    if (result.status === "already-redriven") {
      void vscode.window.showWarningMessage(vscode.l10n.t("{0} was redriven before, as {1}. Nothing was pushed.", address.id, result.messageId));
      return;
    }
    // What was in it is in the queue now. Another editor may have been opened meanwhile, which must not be closed instead.
    await vscode.window.showTextDocument(document);
    await vscode.commands.executeCommand("workbench.action.revertAndCloseActiveEditor");
    app.documents.forget(document.uri);
    inform(vscode.l10n.t("Redriven as {0}, with your changes.", result.messageId));
  },

  "queuescope.discard": async (_app, ...args) => {
    const nodes = nodesOf("deadLetter", args);
    const [first] = nodes;
    if (first === undefined) return;
    const question =
      nodes.length === 1
        ? vscode.l10n.t("Discard dead letter {0} of {1} (message {2})?", first.deadLetter.id, first.queue, first.deadLetter.messageId)
        : vscode.l10n.t("Discard {0} dead letters of {1}?", nodes.length, [...new Set(nodes.map(({ queue }) => queue))].join(", "));
    if (!(await confirm(question, vscode.l10n.t("Discard"), vscode.l10n.t("Its data and error are lost. This can't be undone.")))) return;
    for (const { connection, queue, ids } of byQueue(nodes)) await discardAll(connection, queue, { ids }, ids.length);
  },

  "queuescope.discardAll": async (app, argument) => {
    const target = await pickDead(app, argument, vscode.l10n.t("Discard All"));
    if (target === undefined) return;
    const { connection, queue, count, filter } = target;
    const sure = await confirm(vscode.l10n.t("Discard {0} dead letters of {1} in {2}?", deadCount(count), queue, connection.label), vscode.l10n.t("Discard All"), vscode.l10n.t("Their data and errors are lost. This can't be undone."));
    if (!sure) return;
    const discarded = await discardAll(connection, queue, filter, count);
    inform(vscode.l10n.t("{0} dead letters of {1} discarded.", discarded.toLocaleString(), queue));
  },
} satisfies Partial<CommandFamily>;

async function pickDead(app: App, argument: unknown, title: string): Promise<(QueueTarget & { readonly count: number; readonly filter: DeadLetterFilter }) | undefined> {
  const target = await pickQueue(app, argument, title, { names: namesOfDead, none: ({ label }) => vscode.l10n.t("{0} has no dead letters.", label) });
  if (target === undefined) return undefined;
  const { inspect } = await target.connection.open();
  const filter = waitingNow();
  const count = await inspect.countDeadLetters(target.queue, filter);
  if (count > 0) return { ...target, count, filter };
  void vscode.window.showInformationMessage(vscode.l10n.t("{0} has no dead letters.", target.queue));
  return undefined;
}

/** Of the queues that have some, those whose names hold a text. */
async function namesOfDead(broker: Broker, match: string): Promise<Rows<string>> {
  const names = (await deadQueues(broker)).map(({ queue }) => queue);
  return { items: names.filter((name) => name.toLowerCase().includes(match.toLowerCase())), more: false };
}

function byQueue(nodes: readonly DeadLetterNode[]): { readonly connection: Connection; readonly queue: string; readonly ids: string[] }[] {
  return [...Map.groupBy(nodes, ({ connection }) => connection)].flatMap(([connection, ofConnection]) =>
    [...Map.groupBy(ofConnection, ({ queue }) => queue)].map(([queue, ofQueue]) => ({ connection, queue, ids: ofQueue.map(({ deadLetter }) => deadLetter.id) })),
  );
}

async function redriveAll(connection: Connection, queue: string, request: RedriveRequest, total: number): Promise<number> {
  return inSteps(vscode.l10n.t("Redriving dead letters of {0}", queue), total, redriveSteps(await connection.open(), queue, request));
}

async function discardAll(connection: Connection, queue: string, filter: DeadLetterFilter, total: number): Promise<number> {
  const { repair } = await connection.open();
  return inSteps(vscode.l10n.t("Discarding dead letters of {0}", queue), total, async () => {
    const { discarded, more } = await repair.discard(queue, filter);
    return { done: discarded, more };
  });
}
