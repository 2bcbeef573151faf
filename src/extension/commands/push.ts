import { basename } from "node:path";
import * as vscode from "vscode";
import { bytesPayload, jsonTextPayload, type Payload, type PushItem, textPayload } from "../../core/index.ts";
import type { App } from "../app.ts";
import type { Connection } from "../connections/connection.ts";
import { SCHEME } from "../documents/address.ts";
import { parsePushDocument } from "../../client/documents/read.ts";
import { ask, inform } from "./ask.ts";
import { documentOf, pickConnection, pickQueue, type QueueTarget } from "./target.ts";
import type { CommandFamily } from "./types.ts";

export const pushCommands = {
  "queuescope.pushMessage": async (app, argument) => {
    const target = await pickQueue(app, argument, vscode.l10n.t("Push Message"), { allowNew: true });
    if (target === undefined) return;
    const text = await ask({
      title: target.partition === undefined ? vscode.l10n.t("Push to {0}", target.queue) : vscode.l10n.t("Push to partition {0} of {1}", target.partition, target.queue),
      prompt: vscode.l10n.t("The message, as JSON"),
      placeHolder: '{ "id": 1 }',
      check: jsonTextPayload,
    });
    if (text === undefined) return;
    await push(app, target, { payload: jsonTextPayload(text), partition: target.partition });
  },

  "queuescope.newPushDocument": async (app, argument) => {
    const target = await pickQueue(app, argument, vscode.l10n.t("Write Message"), { allowNew: true });
    if (target === undefined) return;
    const editor = await app.documents.show({ kind: "push", connection: target.connection.id, queue: target.queue, partition: target.partition }, { preview: false });
    const data = editor.document.getText().lastIndexOf("{}");
    const inside = editor.document.positionAt(data + 1);
    if (data >= 0) editor.selection = new vscode.Selection(inside, inside);
  },

  "queuescope.pushDocument": async (app, argument) => {
    const document = documentOf(argument);
    if (document === undefined) return;
    const { queue, item } = parsePushDocument(document.getText(), Date.now());
    const target = await documentTarget(app, document.uri, queue);
    if (target !== undefined) await push(app, target, item);
  },

  "queuescope.pushFile": async (app, argument) => {
    const isFile = argument instanceof vscode.Uri;
    const target = await pickQueue(app, isFile ? undefined : argument, vscode.l10n.t("Push File"), { allowNew: true });
    if (target === undefined) return;
    const uri = isFile ? argument : (await vscode.window.showOpenDialog({ title: vscode.l10n.t("File to push to {0}", target.queue), openLabel: vscode.l10n.t("Push") }))?.[0];
    if (uri === undefined) return;
    await push(app, target, { payload: filePayload(uri, await vscode.workspace.fs.readFile(uri)), partition: target.partition });
  },

  "queuescope.pushSelection": async (app) => {
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined) return;
    const text = editor.selection.isEmpty ? editor.document.getText() : editor.document.getText(editor.selection);
    const target = await pickQueue(app, undefined, vscode.l10n.t("Push Selection"), { allowNew: true });
    if (target !== undefined) await push(app, target, { payload: jsonOrText(text) });
  },
} satisfies Partial<CommandFamily>;

async function push(app: App, { connection, queue }: QueueTarget, item: PushItem): Promise<void> {
  const broker = await connection.open();
  const [result] = await broker.messages.push(queue, [item]);
  app.connections.changed();
  if (result === undefined) return;
  switch (result.status) {
    case "queued":
      inform(vscode.l10n.t("Pushed {0} to {1}.", result.id, queue));
      break;
    case "scheduled":
      inform(vscode.l10n.t("Scheduled {0} in {1}.", result.id, queue));
      break;
    case "duplicate":
      void vscode.window.showWarningMessage(vscode.l10n.t("Not pushed: {0} already has a message with the id {1}. It is {2}.", queue, result.transactionId, result.id));
      break;
  }
  app.log.info(`Pushed ${result.id} to ${queue} (${result.status})`);
}

/** A template of ours names its connection; a file of the workspace goes to its folder's, and where there are several somebody picks. */
async function documentTarget(app: App, uri: vscode.Uri, queue: string | undefined): Promise<QueueTarget | undefined> {
  const connection = (await documentConnection(app, uri)) ?? (await pickConnection(app, undefined));
  if (connection === undefined) return undefined;
  if (queue === undefined) return pickQueue(app, { kind: "connection", connection }, vscode.l10n.t("Push Message"), { allowNew: true });
  return { connection, queue, partition: undefined, group: undefined };
}

async function documentConnection(app: App, uri: vscode.Uri): Promise<Connection | undefined> {
  if (uri.scheme === SCHEME) return app.documents.connectionOf(uri);
  const folder = vscode.workspace.getWorkspaceFolder(uri)?.uri.fsPath;
  const [only, ...others] = (await app.connections.all()).filter((connection) => connection.folder === folder);
  return others.length === 0 ? only : undefined;
}

function jsonOrText(text: string): Payload {
  try {
    return jsonTextPayload(text.trim());
  } catch {
    // What doesn't parse is text: that is the rule of a push without more said.
    return textPayload(text);
  }
}

/** A .json file must hold JSON; anything else is text where it is UTF-8, or else bytes. */
function filePayload(uri: vscode.Uri, bytes: Uint8Array): Payload {
  const text = utf8(bytes);
  if (text === undefined) return bytesPayload(bytes);
  return basename(uri.path).endsWith(".json") ? jsonTextPayload(text) : jsonOrText(text);
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // Not UTF-8, so not text.
    return undefined;
  }
}
