import { access } from "node:fs/promises";
import { join } from "node:path";
import { findNodeAtLocation, parseTree } from "jsonc-parser";
import * as vscode from "vscode";
import { WORKSPACE_FILE } from "../../client/workspace.ts";
import type { Workspace } from "../../client/workspace-file.ts";
import { isQueuescopeError } from "../../core/index.ts";
import { errorText } from "../errors.ts";

/**
 * Reads each folder's queuescope.json. What is wrong in it stands in the Problems view, at its place,
 * and the last good version stays in force: people save in the middle of typing.
 */
export class WorkspaceFiles implements vscode.Disposable {
  readonly #log: vscode.LogOutputChannel;
  readonly #problems = vscode.languages.createDiagnosticCollection("queuescope");
  readonly #lastGood = new Map<string, Workspace>();

  constructor(log: vscode.LogOutputChannel) {
    this.#log = log;
  }

  /** `undefined`: there is none. */
  async read(folder: vscode.WorkspaceFolder): Promise<Workspace | undefined> {
    const path = join(folder.uri.fsPath, WORKSPACE_FILE);
    const uri = vscode.Uri.file(path);
    this.#problems.delete(uri);
    if (!(await access(path).then(() => true, () => false))) {
      this.#lastGood.delete(path);
      return undefined;
    }
    const { readWorkspaceFile } = await import("../../client/workspace-file.ts");
    try {
      const workspace = await readWorkspaceFile(path);
      this.#lastGood.set(path, workspace);
      return workspace;
    } catch (error) {
      this.#log.warn(errorText(error));
      await this.#show(uri, error);
      return this.#lastGood.get(path);
    }
  }

  dispose(): void {
    this.#problems.dispose();
  }

  async #show(uri: vscode.Uri, error: unknown): Promise<void> {
    const field = isQueuescopeError(error) ? error.field : undefined;
    // A file that can't be read has no places.
    const range = await vscode.workspace.openTextDocument(uri).then((document) => placeOf(document, field), () => new vscode.Range(0, 0, 0, 1));
    const problem = new vscode.Diagnostic(range, errorText(error).replace(`${uri.fsPath}: `, ""));
    problem.source = "Queuescope";
    this.#problems.set(uri, [problem]);
  }
}

/** Where a field such as `workers.billing.queue` stands, or what is nearest above it. */
function placeOf(document: vscode.TextDocument, field = ""): vscode.Range {
  const root = parseTree(document.getText());
  const path = field.split(".");
  while (root !== undefined && path.length > 0) {
    const node = findNodeAtLocation(root, path);
    if (node !== undefined) return new vscode.Range(document.positionAt(node.offset), document.positionAt(node.offset + node.length));
    path.pop();
  }
  return new vscode.Range(0, 0, 0, 1);
}
