import * as vscode from "vscode";
import { isQueuescopeError } from "../../core/index.ts";
import type { Disposable } from "../disposable.ts";
import type { Connections } from "../connections/connections.ts";
import { errorText } from "../errors.ts";
import { type AnyNode, nodeKey, type NoteNode } from "../models/nodes.ts";
import { rowLook, treeItem } from "./items.ts";
import { ShownRows } from "./shownRows.ts";

/** Between two looks at what changed passes at least this many times what the last one took: a huge queue mustn't keep the editor busy. */
const REST = 3;
/** And at least this: whoever presses a button on a row needs a moment in which it stays the same. */
const LEAST_REST_MS = 700;
/** How soon to ask again whether a load that is under way has ended. */
const ASK_AGAIN_MS = 200;

/**
 * A view that follows the brokers while somebody sees it. Hidden it loads nothing; what changed
 * meanwhile is loaded when it is shown again.
 */
export abstract class LiveTreeView<N extends AnyNode> implements vscode.TreeDataProvider<N | NoteNode>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<(N | NoteNode)[] | undefined>();
  readonly #connections: Connections;
  readonly #log: vscode.LogOutputChannel;
  readonly #disposables: Disposable[];
  readonly #shown = new ShownRows<N | NoteNode>(nodeKey, rowLook);
  #waiting: NodeJS.Timeout | undefined;
  #loads = 0;
  #startedAt = 0;
  #restUntil = 0;
  #stale = false;

  readonly view: vscode.TreeView<N | NoteNode>;
  readonly onDidChangeTreeData = this.#changed.event;

  constructor(id: string, connections: Connections, log: vscode.LogOutputChannel) {
    this.#connections = connections;
    this.#log = log;
    this.view = vscode.window.createTreeView(id, { treeDataProvider: this, canSelectMany: true, showCollapseAll: true });
    this.#disposables = [
      this.#changed,
      this.view,
      connections.onDidChangeData(() => { this.followRested(); }),
      connections.onDidChangeState(() => { this.followRested(); }),
      connections.onDidChangeList(() => { this.refresh(); }),
      this.view.onDidChangeVisibility(({ visible }) => {
        if (visible && this.#stale) this.refresh();
      }),
      this.view.onDidCollapseElement(({ element }) => { this.#shown.close(element); }),
      this.view.onDidExpandElement(({ element }) => {
        if (this.#shown.reopen(element)) this.#changed.fire([element]);
      }),
    ];
  }

  /** Rows at the top, or below one. */
  protected abstract children(parent: N | undefined): Promise<(N | NoteNode)[]>;

  /** Draws everything anew. */
  refresh(): void {
    this.#stale = !this.view.visible;
    if (!this.#stale) this.#changed.fire(undefined);
  }

  getTreeItem(node: N | NoteNode): vscode.TreeItem {
    return treeItem(node);
  }

  async getChildren(parent?: N | NoteNode): Promise<(N | NoteNode)[]> {
    const rows = await this.#timed(() => this.#load(parent));
    this.#shown.show(parent, rows);
    return rows;
  }

  dispose(): void {
    clearTimeout(this.#waiting);
    for (const disposable of this.#disposables) disposable.dispose();
  }

  async #load(parent: N | NoteNode | undefined): Promise<(N | NoteNode)[]> {
    try {
      return await this.children(parent as N | undefined);
    } catch (error) {
      if (isQueuescopeError(error) && error.ended) this.#connections.renew();
      this.#log.error(error instanceof Error ? error : String(error));
      return [{ kind: "note", key: `failed ${parent === undefined ? "" : nodeKey(parent)}`, note: "failed", detail: errorText(error) }];
    }
  }

  /** Rows are loaded one level after the other; from the first to the last of them is one load. */
  async #timed<T>(load: () => Promise<T>): Promise<T> {
    if (this.#loads === 0) this.#startedAt = performance.now();
    this.#loads += 1;
    try {
      return await load();
    } finally {
      this.#loads -= 1;
      const now = performance.now();
      if (this.#loads === 0) this.#restUntil = now + Math.max(REST * (now - this.#startedAt), LEAST_REST_MS);
    }
  }

  /** What a broker says of changes may wait; what a person does may not. */
  protected followRested(): void {
    if (!this.view.visible) {
      this.#stale = true;
      return;
    }
    const rest = this.#loads > 0 ? ASK_AGAIN_MS : this.#restUntil - performance.now();
    if (rest <= 0) void this.#follow();
    else
      this.#waiting ??= setTimeout(() => {
        this.#waiting = undefined;
        this.followRested();
      }, rest);
  }

  async #follow(): Promise<void> {
    const changed = await this.#timed(() => this.#shown.changed((parent) => this.#load(parent)));
    const rows = changed.filter((row) => row !== undefined);
    if (changed.length > rows.length) this.#changed.fire(undefined);
    else if (rows.length > 0) this.#changed.fire(rows);
  }
}
