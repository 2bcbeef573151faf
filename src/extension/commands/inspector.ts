import * as vscode from "vscode";
import { asNode, pickQueue } from "./target.ts";
import type { CommandFamily } from "./types.ts";

export const inspectorCommands = {
  "queuescope.openInspector": async (app, argument) => {
    const target = await pickQueue(app, argument, vscode.l10n.t("Open Inspector"));
    if (target === undefined) return;
    const node = asNode(argument);
    if (node?.kind === "deadLetter") await app.inspectors.open(target.connection, target.queue, { tab: "dead-letters", id: node.deadLetter.id });
    else if (node?.kind === "message") await app.inspectors.open(target.connection, target.queue, { tab: "messages", id: node.message.id });
    else if (node?.kind === "group") await app.inspectors.open(target.connection, target.queue, { tab: "groups", id: node.group.name });
    else await app.inspectors.open(target.connection, target.queue);
  },
} satisfies Partial<CommandFamily>;
