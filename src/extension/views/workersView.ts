import type * as vscode from "vscode";
import type { Connections } from "../connections/connections.ts";
import type { Connection } from "../connections/connection.ts";
import { loadWorkers, workerInstances } from "../loaders/workers.ts";
import { LIVE_INTERVALS, type WorkerInfo } from "../../core/index.ts";
import { lostNote, type NoteNode, type WorkersNode } from "../models/nodes.ts";
import { loaded } from "../loaders/loaded.ts";
import { LiveTreeView } from "./treeView.ts";

export class WorkersView extends LiveTreeView<WorkersNode> {
  readonly #connections: Connections;
  #silence: NodeJS.Timeout | undefined;

  constructor(connections: Connections, log: vscode.LogOutputChannel) {
    super("queuescope.workers", connections, log);
    this.#connections = connections;
  }

  protected override async children(parent: WorkersNode | undefined): Promise<(WorkersNode | NoteNode)[]> {
    if (parent !== undefined) return parent.kind === "workerDefinition" ? workerInstances(parent) : [];
    const connections = await this.#connections.all();
    const nodes = await loaded(connections.map((connection) => this.#workersOf(connection)));
    this.#watchForSilence(nodes.flatMap((node) => (node.kind === "workerInstance" ? [node.worker] : node.running)));
    const lost = connections.find(({ state }) => state === "lost");
    return nodes.length === 0 && lost !== undefined ? [lostNote(lost)] : nodes;
  }

  override dispose(): void {
    clearTimeout(this.#silence);
    super.dispose();
  }

  async #workersOf(connection: Connection): Promise<WorkersNode[]> {
    return loadWorkers(connection, await this.#connections.workers(connection));
  }

  /** A worker that was killed changes nothing anywhere: look again when the next one would have been silent for too long. */
  #watchForSilence(workers: readonly WorkerInfo[]): void {
    clearTimeout(this.#silence);
    if (workers.length === 0) return;
    const next = Math.min(...workers.map(({ lastHeartbeatAt, interval }) => lastHeartbeatAt + LIVE_INTERVALS * interval));
    this.#silence = setTimeout(() => { this.refresh(); }, Math.max(next - Date.now(), 0) + 200);
  }
}
