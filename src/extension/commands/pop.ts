import * as vscode from "vscode";
import { durationMs, type QueuescopeError, type Settlement } from "../../core/index.ts";
import type { App } from "../app.ts";
import type { MessageNode } from "../models/nodes.ts";
import type { Popped } from "../models/popped.ts";
import { ask, inform } from "./ask.ts";
import { nodesOf, pickQueue } from "./target.ts";
import type { CommandFamily } from "./types.ts";

export const popCommands = {
  "queuescope.popMessage": async (app, argument) => {
    const target = await pickQueue(app, argument, vscode.l10n.t("Pop Message"));
    if (target === undefined) return;
    const { connection, queue, group, partition } = target;
    const broker = await connection.open();
    const deliveries = await broker.messages.pop(queue, { ...(group === undefined ? {} : { group }), ...(partition === undefined ? {} : { partition }) });
    const [delivery] = deliveries;
    if (delivery === undefined) {
      void vscode.window.showInformationMessage(vscode.l10n.t("Nothing is ready in {0}.", queue));
      return;
    }
    await app.popped.add(connection.id, deliveries);
    app.connections.changed();
    await app.queuesView.revealLeased(connection, queue);
    await app.documents.show({ kind: "message", connection: connection.id, id: delivery.id, group: delivery.group });
    inform(vscode.l10n.t("Popped {0}: settle it below Leased, before its lease ends.", delivery.id));
  },

  "queuescope.ackMessage": (app, ...args) => settleEach(app, args, ({ receipt }) => ({ action: "ack", receipt })),

  "queuescope.nackMessage": async (app, ...args) => {
    if (held(args).length === 0) return;
    const message = await ask({ title: vscode.l10n.t("Reject and Retry"), prompt: vscode.l10n.t("What went wrong? Kept as the message's last error."), value: vscode.l10n.t("Rejected in the editor") });
    if (message === undefined) return;
    const delay = await ask({
      title: vscode.l10n.t("Reject and Retry"),
      prompt: vscode.l10n.t("Retry after; empty: as the queue's backoff says"),
      placeHolder: "30s",
      check: (text) => text.trim() === "" || durationMs(text, "delay", "s"),
    });
    if (delay === undefined) return;
    await settleEach(app, args, ({ receipt }) => ({ action: "nack", receipt, error: { message }, ...(delay.trim() === "" ? {} : { delay: durationMs(delay, "delay", "s") }) }));
  },

  "queuescope.releaseMessage": (app, ...args) => settleEach(app, args, ({ receipt }) => ({ action: "release", receipt })),

  "queuescope.deadMessage": async (app, ...args) => {
    if (held(args).length === 0) return;
    const message = await ask({ title: vscode.l10n.t("Move to Dead Letters"), prompt: vscode.l10n.t("Why? Kept as the dead letter's error."), value: vscode.l10n.t("Moved in the editor") });
    if (message !== undefined) await settleEach(app, args, ({ receipt }) => ({ action: "dead", receipt, error: { message } }));
  },

  "queuescope.renewLease": async (app, ...args) => {
    for (const [connection, nodes] of Map.groupBy(held(args), (node) => node.connection)) {
      const results = await (await connection.open()).messages.renew(nodes.map(({ popped }) => popped.receipt));
      for (const result of results) {
        if (!result.ok) throw result.error;
        await app.popped.renewed(result.receipt, result.leaseExpiresAt);
      }
    }
    app.connections.changed();
  },
} satisfies Partial<CommandFamily>;

type HeldNode = MessageNode & { readonly popped: Popped };

function held(args: readonly unknown[]): HeldNode[] {
  return nodesOf("message", args).filter((node): node is HeldNode => node.popped !== undefined);
}

async function settleEach(app: App, args: readonly unknown[], settlement: (popped: Popped) => Settlement): Promise<void> {
  const done: string[] = [];
  const failed: QueuescopeError[] = [];
  for (const [connection, nodes] of Map.groupBy(held(args), (node) => node.connection)) {
    const results = await (await connection.open()).messages.settle(nodes.map(({ popped }) => settlement(popped)));
    for (const result of results) {
      await app.popped.remove(result.receipt);
      if (result.ok) done.push(vscode.l10n.t("{0} {1}", result.messageId, result.outcome));
      else failed.push(result.error);
    }
  }
  app.connections.changed();
  if (done.length > 0) inform(done.join(", "));
  const [first] = failed;
  if (first !== undefined) throw first;
}
