import * as vscode from "vscode";
import type { App } from "../app.ts";
import type { InspectorStart } from "../inspector/inspectors.ts";
import { asNode, pickQueue } from "./target.ts";
import type { CommandFamily } from "./types.ts";

export const inspectorCommands = {
  "queuescope.openInspector": (app, argument) => open(app, argument, vscode.ViewColumn.Active),
  "queuescope.openInspectorBeside": (app, argument) => open(app, argument, vscode.ViewColumn.Beside),
} satisfies Partial<CommandFamily>;

async function open(app: App, argument: unknown, column: vscode.ViewColumn): Promise<void> {
  const target = await pickQueue(app, argument, vscode.l10n.t("Open Inspector"));
  if (target !== undefined) await app.inspectors.open(target.connection, target.queue, column, startAt(argument));
}

/** The tab that is about the row the command was called on. */
function startAt(argument: unknown): InspectorStart {
  const node = asNode(argument);
  if (node?.kind === "deadLetter") return { tab: "dead-letters", id: node.deadLetter.id };
  if (node?.kind === "message") return { tab: "messages", id: node.message.id };
  return node?.kind === "group" ? { tab: "groups", id: node.group.name } : {};
}
