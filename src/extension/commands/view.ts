import { stat } from "node:fs/promises";
import { join } from "node:path";
import * as vscode from "vscode";
import { WORKSPACE_FILE } from "../../client/workspace.ts";
import { readKeys } from "../../core/index.ts";
import { listKey, nodeKey, type AnyNode } from "../models/nodes.ts";
import { ask, inform } from "./ask.ts";
import { asNode, pickConnection } from "./target.ts";
import type { CommandFamily } from "./types.ts";

const NEW_WORKSPACE_FILE = `{
  "queues": {},
  "workers": {}
}
`;

export const viewCommands = {
  "queuescope.refresh": async (app) => {
    await app.connections.refresh();
  },

  "queuescope.filterQueues": async ({ queuesView }) => {
    const filter = await ask({ title: vscode.l10n.t("Filter Queues"), prompt: vscode.l10n.t("Part of the queue's name"), value: queuesView.queueFilter });
    if (filter !== undefined) await queuesView.filterQueues(filter.trim());
  },

  "queuescope.clearQueueFilter": ({ queuesView }) => queuesView.filterQueues(""),

  "queuescope.filterPartitions": async ({ queuesView }, argument) => {
    const node = asNode(argument);
    if (node?.kind !== "section") return;
    const list = listKey(node);
    const filter = await ask({ title: vscode.l10n.t("Filter Partitions of {0}", node.queue), prompt: vscode.l10n.t("Part of the partition's name; empty shows all"), value: queuesView.partitionFilter(list) });
    if (filter !== undefined) queuesView.filterPartitions(list, filter.trim());
  },

  "queuescope.showMore": (app, argument) => {
    const node = asNode(argument);
    if (node?.kind !== "more") return;
    app.paging.more(node.list);
    app.queuesView.refresh();
    app.deadLettersView.refresh();
    app.tapsView.refresh();
  },

  "queuescope.copyName": async (_app, argument) => {
    const node = asNode(argument);
    if (node === undefined) return;
    const name = copiedName(node);
    await vscode.env.clipboard.writeText(name);
    inform(vscode.l10n.t("Copied {0}", name));
  },

  "queuescope.openLog": ({ log }) => {
    log.show();
  },

  "queuescope.openWorkspaceFile": async (app, argument) => {
    const connection = await pickConnection(app, argument);
    if (connection === undefined) return;
    const path = join(connection.folder, WORKSPACE_FILE);
    const exists = await stat(path).then(() => true, () => false);
    const uri = vscode.Uri.file(path);
    if (exists) {
      await vscode.window.showTextDocument(uri);
      return;
    }
    // Nothing is written before the person saves.
    const document = await vscode.workspace.openTextDocument(uri.with({ scheme: "untitled" }));
    const editor = await vscode.window.showTextDocument(document);
    await editor.edit((edit) => { edit.insert(new vscode.Position(0, 0), NEW_WORKSPACE_FILE); });
  },

  "queuescope.setEncryptionKey": async ({ encryptionKey, connections }) => {
    const overridden = vscode.l10n.t("QUEUESCOPE_ENCRYPTION_KEY is set in the editor's environment and is used instead of a stored key.");
    const prompt = vscode.l10n.t("64 hexadecimal digits, as in QUEUESCOPE_ENCRYPTION_KEY; several keys with commas, the current one first. Empty removes what is stored.");
    const key = await ask({
      title: vscode.l10n.t("Encryption Key"),
      prompt: encryptionKey.isOverridden ? `${prompt} ${overridden}` : prompt,
      password: true,
      check: readKeys,
    });
    if (key === undefined) return;
    await encryptionKey.set(key.trim());
    await connections.reopen();
    if (encryptionKey.isOverridden) void vscode.window.showWarningMessage(overridden);
    inform(key.trim() === "" ? vscode.l10n.t("The encryption key was removed.") : vscode.l10n.t("The encryption key is in the editor's secret storage."));
  },
} satisfies Partial<CommandFamily>;

function copiedName(node: AnyNode): string {
  switch (node.kind) {
    case "queue":
      return node.queue.name;
    case "partition":
      return node.partition.name;
    case "group":
      return node.group.name;
    case "message":
      return node.message.id;
    case "deadLetter":
      return node.deadLetter.messageId;
    case "workerDefinition":
      return node.definition.name;
    case "workerInstance":
      return node.worker.id;
    case "connection":
      return node.connection.label;
    case "deadQueue":
    case "section":
      return node.queue;
    case "stream":
    case "streamPart":
      return node.stream.name;
    case "subject":
      return node.subject.subject;
    case "consumer":
      return node.consumer.name;
    case "streamMessage":
      return node.message.subject;
    case "key":
      return node.key;
    case "tap":
      return node.tap.subjects.join(" ");
    case "recording":
      return node.recording.subjects.join(" ");
    case "arrival":
      return node.arrival.message.subject;
    case "streams":
    case "more":
    case "note":
      return nodeKey(node);
  }
}
