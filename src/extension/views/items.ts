import * as vscode from "vscode";
import { type AnyNode, type ConnectionNode, type MoreNode, nodeKey, type NoteNode } from "../models/nodes.ts";
import { rowContext } from "../contexts.ts";
import { errorText } from "../errors.ts";
import { PAGE_ROWS } from "../loaders/paging.ts";
import { deadLetterItem, deadQueueItem, messageItem } from "./messageItems.ts";
import { groupItem, partitionItem, queueItem, sectionItem } from "./queueItems.ts";
import { isWritable } from "./abilities.ts";
import { Tooltip } from "./tooltip.ts";
import { workerDefinitionItem, workerInstanceItem } from "./workerItems.ts";

/** How a row looks. */
export function treeItem(node: AnyNode): vscode.TreeItem {
  const item = plainItem(node);
  item.id = nodeKey(node);
  item.accessibilityInformation ??= { label: [item.label, item.description].filter((part): part is string => typeof part === "string" && part !== "").join(", ") };
  return item;
}

/** All that can be seen of a row: the same text means that it needn't be drawn again. */
export function rowLook(node: AnyNode): string {
  const { label, description, iconPath, contextValue, tooltip, collapsibleState, accessibilityInformation, resourceUri } = treeItem(node);
  return JSON.stringify([label, description, iconPath, contextValue, typeof tooltip === "string" ? tooltip : tooltip?.value, collapsibleState, accessibilityInformation, resourceUri?.toString()]);
}

function plainItem(node: AnyNode): vscode.TreeItem {
  switch (node.kind) {
    case "connection":
      return connectionItem(node);
    case "queue":
      return queueItem(node);
    case "section":
      return sectionItem(node);
    case "partition":
      return partitionItem(node);
    case "group":
      return groupItem(node);
    case "message":
      return messageItem(node);
    case "deadQueue":
      return deadQueueItem(node);
    case "deadLetter":
      return deadLetterItem(node);
    case "workerDefinition":
      return workerDefinitionItem(node);
    case "workerInstance":
      return workerInstanceItem(node);
    case "more":
      return moreItem(node);
    case "note":
      return noteItem(node);
  }
}

function connectionItem({ connection }: ConnectionNode): vscode.TreeItem {
  const { broker } = connection;
  const failed = connection.state === "failed";
  const item = new vscode.TreeItem(connection.label, vscode.TreeItemCollapsibleState.Expanded);
  item.contextValue = rowContext("connection", failed && "failed", !failed && isWritable(connection) && "writable");
  item.iconPath = failed ? new vscode.ThemeIcon("error", new vscode.ThemeColor("list.errorForeground")) : new vscode.ThemeIcon(broker?.capabilities.broker === "local" || broker === undefined ? "database" : "plug");
  if (failed) item.description = vscode.l10n.t("not connected");
  else if (!isWritable(connection)) item.description = vscode.l10n.t("read-only");
  else if (connection.state === "absent") item.description = vscode.l10n.t("no queues yet");
  const tooltip = new Tooltip(connection.label);
  if (broker !== undefined) tooltip.line(vscode.l10n.t("Broker"), broker.capabilities.version).line("URL", broker.url);
  if (failed) tooltip.text(errorText(connection.error));
  for (const limit of broker?.capabilities.limits ?? []) tooltip.text(limit);
  item.tooltip = tooltip.value;
  return item;
}

function moreItem(node: MoreNode): vscode.TreeItem {
  const item = new vscode.TreeItem(vscode.l10n.t("More…"));
  if (node.remaining !== undefined && node.remaining > 0) item.description = vscode.l10n.t("{0} more", node.remaining.toLocaleString());
  item.iconPath = new vscode.ThemeIcon("ellipsis");
  item.tooltip = vscode.l10n.t("Show the next {0}", PAGE_ROWS);
  item.command = { command: "queuescope.showMore", title: vscode.l10n.t("Show More"), arguments: [node] };
  return item;
}

function noteItem({ note, detail, connection }: NoteNode): vscode.TreeItem {
  switch (note) {
    case "noQueues": {
      const item = new vscode.TreeItem(vscode.l10n.t("No queues yet"));
      if (connection === undefined || !isWritable(connection)) return item;
      item.description = vscode.l10n.t("create the first");
      item.iconPath = new vscode.ThemeIcon("add");
      item.command = { command: "queuescope.createQueue", title: vscode.l10n.t("Create Queue…"), arguments: [{ kind: "connection", connection } satisfies ConnectionNode] };
      return item;
    }
    case "noMatch": {
      const item = new vscode.TreeItem(vscode.l10n.t("No name contains “{0}”", detail));
      item.iconPath = new vscode.ThemeIcon("info");
      return item;
    }
    case "failed": {
      const item = new vscode.TreeItem(detail);
      item.iconPath = new vscode.ThemeIcon("warning", new vscode.ThemeColor("list.warningForeground"));
      item.tooltip = detail;
      item.command = { command: "queuescope.openLog", title: vscode.l10n.t("Open Log") };
      return item;
    }
  }
}
