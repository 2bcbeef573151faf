import * as vscode from "vscode";
import type { Disposable } from "../disposable.ts";
import type { Connections } from "../connections/connections.ts";
import { errorText } from "../errors.ts";
import { type AnyNode, nodeKey, type NoteNode } from "../models/nodes.ts";
import { treeItem } from "./items.ts";

/** Rows with a countdown are drawn again this often, from memory. */
const TICK_MS = 1000;

/**
 * A view that follows the brokers while somebody sees it. Hidden it loads nothing; what changed
 * meanwhile is loaded when it is shown again.
 */
export abstract class LiveTreeView<N extends AnyNode> implements vscode.TreeDataProvider<N | NoteNode>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<(N | NoteNode) | (N | NoteNode)[] | undefined>();
  readonly #log: vscode.LogOutputChannel;
  readonly #disposables: Disposable[];
  readonly #ticking = new Map<string, readonly N[]>();
  readonly #ticker: NodeJS.Timeout;
  #stale = false;

  readonly view: vscode.TreeView<N | NoteNode>;
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(id: string, connections: Connections, log: vscode.LogOutputChannel) {
    this.#log = log;
    this.view = vscode.window.createTreeView(id, { treeDataProvider: this, canSelectMany: true, showCollapseAll: true });
    this.#ticker = setInterval(() => { this.#tick(); }, TICK_MS);
    this.#disposables = [
      this.#changed,
      this.view,
      connections.onDidChangeData(() => { this.refresh(); }),
      connections.onDidChangeList(() => { this.refresh(); }),
      this.view.onDidChangeVisibility(({ visible }) => {
        if (visible && this.#stale) this.refresh();
      }),
    ];
  }

  /** Rows at the top, or below one. */
  protected abstract children(parent: N | undefined): Promise<N[]>;

  /** Whether a row shows a time that runs. */
  protected abstract runs(node: N): boolean;

  refresh(): void {
    this.#stale = !this.view.visible;
    if (this.#stale) return;
    this.#ticking.clear();
    this.#changed.fire(undefined);
  }

  getTreeItem(node: N | NoteNode): vscode.TreeItem {
    return treeItem(node);
  }

  async getChildren(parent?: N | NoteNode): Promise<(N | NoteNode)[]> {
    const key = parent === undefined ? "" : nodeKey(parent);
    try {
      const nodes = await this.children(parent as N | undefined);
      const running = nodes.filter((node) => this.runs(node));
      if (running.length > 0) this.#ticking.set(key, running);
      else this.#ticking.delete(key);
      return nodes;
    } catch (error) {
      this.#log.error(error instanceof Error ? error : String(error));
      return [{ kind: "note", key: `failed ${key}`, note: "failed", detail: errorText(error) }];
    }
  }

  dispose(): void {
    clearInterval(this.#ticker);
    for (const disposable of this.#disposables) disposable.dispose();
  }

  #tick(): void {
    if (!this.view.visible || this.#ticking.size === 0) return;
    this.#changed.fire([...this.#ticking.values()].flat());
  }
}
