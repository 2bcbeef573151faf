import type * as vscode from "vscode";
import type { Connections } from "../connections/connections.ts";
import type { Disposable } from "../disposable.ts";
import type { Paging } from "../loaders/paging.ts";
import { type ArrivalNode, listKey, type RecordingNode, type TapNode, type TapsNode } from "../models/nodes.ts";
import { RunningRecording, type RunningTaps } from "../taps/taps.ts";
import { LiveTreeView } from "./treeView.ts";

/** Subjects that this window listens to, with what arrived on them last. */
export class TapsView extends LiveTreeView<TapsNode> {
  readonly #connections: Connections;
  readonly #taps: RunningTaps;
  readonly #paging: Paging;
  readonly #following: Disposable;

  constructor(connections: Connections, taps: RunningTaps, paging: Paging, log: vscode.LogOutputChannel) {
    super("queuescope.taps", connections, log);
    this.#connections = connections;
    this.#taps = taps;
    this.#paging = paging;
    this.#following = taps.onDidChange(() => { this.followRested(); });
  }

  override dispose(): void {
    this.#following.dispose();
    super.dispose();
  }

  protected override async children(parent: TapsNode | undefined): Promise<TapsNode[]> {
    if (parent?.kind === "tap") return this.#arrivals(parent);
    if (parent !== undefined || this.#taps.all.length === 0) return [];
    const amongOthers = (await this.#connections.all()).length > 1;
    return this.#taps.all.map((tap): TapNode | RecordingNode => {
      const { connection } = tap;
      return tap instanceof RunningRecording ? { kind: "recording", connection, recording: tap, amongOthers } : { kind: "tap", connection, tap, amongOthers };
    });
  }

  #arrivals(parent: TapNode): TapsNode[] {
    const { tap, connection } = parent;
    const list = listKey(parent);
    const { buffered } = tap.stats;
    if (buffered === 0) return [{ kind: "note", key: list, note: "noArrivals", detail: "" }];
    const rows = tap.arrivals(this.#paging.rows(list)).map((arrival): ArrivalNode => ({ kind: "arrival", connection, tap, arrival }));
    return buffered > rows.length ? [...rows, { kind: "more", list, remaining: buffered - rows.length }] : rows;
  }
}
