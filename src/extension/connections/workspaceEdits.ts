import { access } from "node:fs/promises";
import { join } from "node:path";
import { modify } from "jsonc-parser";
import * as vscode from "vscode";
import { WORKSPACE_DATABASE, WORKSPACE_FILE } from "../../client/workspace.ts";
import type { ConnectionSettings } from "../../client/workspace-file.ts";

/** The workspace's own queues, as a connection. */
const OWN = { name: "local", settings: { url: "file:.queuescope/queues.db" } } as const;

/**
 * Writes a connection into a folder's queuescope.json, whose comments and layout stay. Where none was named before, the
 * folder's own queues, if there are some, are named first: they stay what is meant by default.
 */
export async function writeConnection(folder: string, name: string, settings: ConnectionSettings): Promise<void> {
  const document = await openFile(folder);
  const hasOwn = await access(join(folder, WORKSPACE_DATABASE)).then(() => true, () => false);
  const first = !/"connections"\s*:\s*\{\s*"/.test(document.getText());
  if (first && hasOwn && name !== OWN.name) await change(document, ["connections", OWN.name], OWN.settings);
  await change(document, ["connections", name], settings);
  await save(document);
}

export async function removeConnection(folder: string, name: string): Promise<void> {
  const document = await openFile(folder);
  await change(document, ["connections", name], undefined);
  await save(document);
}

async function openFile(folder: string): Promise<vscode.TextDocument> {
  const uri = vscode.Uri.file(join(folder, WORKSPACE_FILE));
  const exists = await access(uri.fsPath).then(() => true, () => false);
  if (!exists) await vscode.workspace.fs.writeFile(uri, new TextEncoder().encode("{}\n"));
  return vscode.workspace.openTextDocument(uri);
}

/** As an edit of the document, which may be open and can be undone. */
async function change(document: vscode.TextDocument, path: readonly string[], value: unknown): Promise<void> {
  const edit = new vscode.WorkspaceEdit();
  for (const { offset, length, content } of modify(document.getText(), [...path], value, { formattingOptions: { insertSpaces: true, tabSize: 2 } })) {
    edit.replace(document.uri, new vscode.Range(document.positionAt(offset), document.positionAt(offset + length)), content);
  }
  if (!(await vscode.workspace.applyEdit(edit))) throw new Error(vscode.l10n.t("{0} couldn't be changed. Close or save it in other editors, and try again.", document.uri.fsPath));
}

async function save(document: vscode.TextDocument): Promise<void> {
  if (!(await document.save())) throw new Error(vscode.l10n.t("{0} couldn't be saved. Save it yourself, and reload the window if the connection doesn't appear.", document.uri.fsPath));
}
