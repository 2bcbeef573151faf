import * as vscode from "vscode";
import type { Connections } from "../connections/connections.ts";
import { CONTEXT_KEYS } from "../contexts.ts";
import type { Paging } from "../loaders/paging.ts";
import type { Connection } from "../connections/connection.ts";
import { countDead, loadQueuesChildren } from "../loaders/queues.ts";
import type { ConnectionNode, NoteNode, QueuesNode } from "../models/nodes.ts";
import type { PoppedMessages } from "../models/popped.ts";
import { LiveTreeView } from "./treeView.ts";

export class QueuesView extends LiveTreeView<QueuesNode> {
  readonly #connections: Connections;
  readonly #paging: Paging;
  readonly #popped: PoppedMessages;
  readonly #log: vscode.LogOutputChannel;
  readonly #partitionFilters = new Map<string, string>();
  #queueFilter = "";

  constructor(connections: Connections, paging: Paging, popped: PoppedMessages, log: vscode.LogOutputChannel) {
    super("queuescope.queues", connections, log);
    this.#connections = connections;
    this.#paging = paging;
    this.#popped = popped;
    this.#log = log;
  }

  get queueFilter(): string {
    return this.#queueFilter;
  }

  async filterQueues(filter: string): Promise<void> {
    this.#queueFilter = filter;
    this.view.description = filter === "" ? "" : vscode.l10n.t("filter: {0}", filter);
    await vscode.commands.executeCommand("setContext", CONTEXT_KEYS.queueFilter, filter !== "");
    this.refresh();
  }

  partitionFilter(list: string): string {
    return this.#partitionFilters.get(list) ?? "";
  }

  filterPartitions(list: string, filter: string): void {
    this.#partitionFilters.set(list, filter);
    this.#paging.reset(list);
    this.refresh();
  }

  /** Opens the leased messages of a queue, where what was just popped stands. */
  async revealLeased(connection: Connection, queue: string): Promise<void> {
    this.refresh();
    try {
      await this.view.reveal({ kind: "section", connection, queue, section: "leased", count: 1, filter: "" }, { expand: true, select: true, focus: false });
    } catch (error) {
      // The queue is not among the rows that are shown: beyond the first hundred, or filtered out.
      this.#log.debug("Not revealed:", error instanceof Error ? error.message : String(error));
    }
  }

  /** Only what `revealLeased` needs. */
  async getParent(node: QueuesNode | NoteNode): Promise<QueuesNode | undefined> {
    if (node.kind === "queue") return { kind: "connection", connection: node.connection };
    if (node.kind !== "section") return undefined;
    const broker = await node.connection.open();
    return { kind: "queue", connection: node.connection, queue: await broker.queues.get(node.queue), dead: await countDead(broker, node.queue) };
  }

  protected override children(parent: QueuesNode | undefined): Promise<QueuesNode[]> {
    if (parent === undefined) return this.#roots();
    return loadQueuesChildren(parent, { paging: this.#paging, popped: this.#popped, queueFilter: this.#queueFilter, partitionFilter: (list) => this.partitionFilter(list) });
  }

  /** With nothing but a folder that has no queues yet, the view's welcome takes their place. */
  async #roots(): Promise<ConnectionNode[]> {
    const connections = await this.#connections.all();
    await Promise.all(
      connections.map((connection) =>
        connection.shown().catch((error: unknown) => {
          this.#log.error(`${connection.label}:`, error instanceof Error ? error : String(error));
        }),
      ),
    );
    const absent = connections.every(({ state }) => state === "absent");
    await vscode.commands.executeCommand("setContext", CONTEXT_KEYS.state, absent ? "absent" : "ready");
    await vscode.commands.executeCommand("setContext", CONTEXT_KEYS.hasQueues, connections.some(({ state }) => state === "open"));
    await vscode.commands.executeCommand("setContext", CONTEXT_KEYS.hasNats, connections.some(({ broker }) => broker?.subjects != null));
    return absent && connections.length <= 1 ? [] : connections.map((connection) => ({ kind: "connection", connection }));
  }
}
