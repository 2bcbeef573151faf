import { setTimeout as pause } from "node:timers/promises";
import * as vscode from "vscode";
import type { Disposable } from "./disposable.ts";
import type { Connections } from "./connections/connections.ts";
import { loadDeadQueues } from "./loaders/deadLetters.ts";

/** Between two counts while a broker is busy pass at least this, and so many times what the last one took. */
const LEAST_PAUSE_MS = 1000;
const REST = 3;

/** The one status-bar item: how many dead letters wait. It is there once a view or command opened a connection. */
export class StatusBar implements vscode.Disposable {
  readonly #connections: Connections;
  readonly #log: vscode.LogOutputChannel;
  readonly #item: vscode.StatusBarItem;
  readonly #disposables: Disposable[];
  #updating = false;
  #stale = false;

  constructor(connections: Connections, log: vscode.LogOutputChannel) {
    this.#connections = connections;
    this.#log = log;
    this.#item = vscode.window.createStatusBarItem("queuescope.status", vscode.StatusBarAlignment.Left);
    this.#item.name = "Queuescope";
    this.#item.command = "queuescope.deadLetters.focus";
    const update = (): void => { void this.update(); };
    this.#disposables = [this.#item, connections.onDidChangeData(update), connections.onDidChangeList(update), connections.onDidChangeState(update)];
  }

  /** One at a time: what changes meanwhile is counted in one go afterwards. */
  async update(): Promise<void> {
    this.#stale = true;
    if (this.#updating) return;
    this.#updating = true;
    try {
      while (this.#stale) {
        this.#stale = false;
        const from = performance.now();
        await this.#show();
        await pause(Math.max(LEAST_PAUSE_MS, REST * (performance.now() - from)));
      }
    } catch (error) {
      this.#log.error("Counting dead letters", error instanceof Error ? error : String(error));
    } finally {
      this.#updating = false;
    }
  }

  dispose(): void {
    for (const disposable of this.#disposables) disposable.dispose();
  }

  async #show(): Promise<void> {
    const connections = await this.#connections.all();
    const failed = connections.filter(({ state, origin }) => state === "lost" || (state === "failed" && origin !== "localNats"));
    const open = connections.filter(({ state }) => state === "open");
    if (open.length === 0 && failed.length === 0) {
      this.#item.hide();
      return;
    }
    const queues = (await Promise.all(open.map((connection) => loadDeadQueues(connection)))).flat();
    const dead = queues.reduce((sum, { count }) => sum + count, 0);
    const parts = [
      open.length === 0 ? "" : dead === 0 ? vscode.l10n.t("no dead letters") : vscode.l10n.t("{0} dead", dead.toLocaleString()),
      failed.length === 0 ? "" : vscode.l10n.t("not connected: {0}", failed.map(({ label }) => label).join(", ")),
    ].filter((part) => part !== "");
    const where = queues.slice(0, 10).map(({ queue, count }) => `${queue}: ${count}`);
    this.#draw(failed.length === 0 ? "$(inbox)" : "$(error)", parts, where, open.length === 0);
  }

  #draw(icon: string, parts: readonly string[], where: readonly string[], failed: boolean): void {
    const tooltip = `Queuescope: ${[...parts, ...where].join(", ")}`;
    this.#item.text = `${icon} ${parts.join(", ")}`;
    this.#item.tooltip = tooltip;
    this.#item.accessibilityInformation = { label: tooltip };
    this.#item.backgroundColor = failed ? new vscode.ThemeColor("statusBarItem.errorBackground") : undefined;
    this.#item.show();
  }
}
