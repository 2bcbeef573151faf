import * as vscode from "vscode";
import { isQueuescopeError } from "../../core/index.ts";
import type { Disposable } from "../disposable.ts";
import type { Connections } from "../connections/connections.ts";
import { errorText } from "../errors.ts";
import { type AnyNode, nodeKey, type NoteNode } from "../models/nodes.ts";
import { treeItem } from "./items.ts";

/**
 * Rows with a countdown are drawn again this often, from memory. Not each second: drawing a row makes
 * its buttons anew, and a click that falls between press and release is lost.
 */
const TICK_MS = 5000;

/** Between two loads passes at least this many times what the last one took: a huge queue mustn't keep the editor busy. */
const REST = 3;
/** How soon to ask again whether a load that is under way has ended. */
const ASK_AGAIN_MS = 200;

/**
 * A view that follows the brokers while somebody sees it. Hidden it loads nothing; what changed
 * meanwhile is loaded when it is shown again.
 */
export abstract class LiveTreeView<N extends AnyNode> implements vscode.TreeDataProvider<N | NoteNode>, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<(N | NoteNode) | (N | NoteNode)[] | undefined>();
  readonly #connections: Connections;
  readonly #log: vscode.LogOutputChannel;
  readonly #disposables: Disposable[];
  readonly #ticking = new Map<string, readonly N[]>();
  #ticker: NodeJS.Timeout | undefined;
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
      connections.onDidChangeData(() => { this.#refreshRested(); }),
      connections.onDidChangeList(() => { this.refresh(); }),
      this.view.onDidChangeVisibility(({ visible }) => {
        if (!visible) return;
        if (this.#stale) this.refresh();
        this.#runTicker();
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
    this.#began();
    try {
      const nodes = await this.children(parent as N | undefined);
      this.#count(key, nodes.filter((node) => this.runs(node)));
      return nodes;
    } catch (error) {
      if (isQueuescopeError(error) && error.ended) this.#connections.renew();
      this.#log.error(error instanceof Error ? error : String(error));
      return [{ kind: "note", key: `failed ${key}`, note: "failed", detail: errorText(error) }];
    } finally {
      this.#ended();
    }
  }

  dispose(): void {
    clearInterval(this.#ticker);
    clearTimeout(this.#waiting);
    for (const disposable of this.#disposables) disposable.dispose();
  }

  /** Rows are loaded one level after the other; from the first to the last of them is one load. */
  #began(): void {
    if (this.#loads === 0) this.#startedAt = performance.now();
    this.#loads += 1;
  }

  #ended(): void {
    this.#loads -= 1;
    const now = performance.now();
    if (this.#loads === 0) this.#restUntil = now + REST * (now - this.#startedAt);
  }

  /** What a broker says of changes may wait; what a person does may not. */
  #refreshRested(): void {
    const rest = this.#loads > 0 ? ASK_AGAIN_MS : this.#restUntil - performance.now();
    if (rest <= 0) this.refresh();
    else
      this.#waiting ??= setTimeout(() => {
        this.#waiting = undefined;
        this.#refreshRested();
      }, rest);
  }

  #count(key: string, running: readonly N[]): void {
    if (running.length > 0) this.#ticking.set(key, running);
    else this.#ticking.delete(key);
    this.#runTicker();
  }

  #runTicker(): void {
    if (this.#ticking.size > 0) this.#ticker ??= setInterval(() => { this.#tick(); }, TICK_MS);
  }

  #tick(): void {
    if (this.view.visible && this.#ticking.size > 0) {
      this.#changed.fire([...this.#ticking.values()].flat());
      return;
    }
    clearInterval(this.#ticker);
    this.#ticker = undefined;
  }
}
