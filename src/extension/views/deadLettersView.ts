import type * as vscode from "vscode";
import type { Connections } from "../connections/connections.ts";
import { loadDeadLetters, loadDeadQueues, shownDeadQueues } from "../loaders/deadLetters.ts";
import type { Paging } from "../loaders/paging.ts";
import { type DeadLettersNode, lostNote, type NoteNode } from "../models/nodes.ts";
import { loaded } from "../loaders/loaded.ts";
import { LiveTreeView } from "./treeView.ts";

export class DeadLettersView extends LiveTreeView<DeadLettersNode> {
  readonly #connections: Connections;
  readonly #paging: Paging;

  constructor(connections: Connections, paging: Paging, log: vscode.LogOutputChannel) {
    super("queuescope.deadLetters", connections, log);
    this.#connections = connections;
    this.#paging = paging;
  }

  protected override async children(parent: DeadLettersNode | undefined): Promise<(DeadLettersNode | NoteNode)[]> {
    if (parent?.kind === "deadQueue") return loadDeadLetters(parent, this.#paging);
    if (parent !== undefined) return [];
    const connections = await this.#connections.all();
    const nodes = await loaded(connections.map((connection) => loadDeadQueues(connection, connections.length > 1)));
    const lost = connections.find(({ state }) => state === "lost");
    return nodes.length === 0 && lost !== undefined ? [lostNote(lost)] : shownDeadQueues(nodes, this.#paging);
  }
}
